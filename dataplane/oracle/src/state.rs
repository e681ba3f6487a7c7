//! The desired state, bound to ports and laid out for looking things up.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, Ipv6Addr},
};

use abi::verdict::Verdict;
use desired::{MacAddress, Tags};

pub use self::error::StateError;
use crate::{judgement::Sending, link::Key, prefixes::Prefixes};

mod binding;
mod error;

/// Where a frame can come in.
#[derive(Clone, Debug)]
pub(crate) enum Ingress {
    /// From the MSEE's kernel; all of it leaves by one circuit port.
    Cpu(Egress),
    /// From a station on the wire.
    Wire {
        /// The MAC address the stations send to.
        mac: MacAddress,
        side: Side,
    },
    /// From a station on the underlay of a fabric.
    Underlay(Underlay),
}

/// The underlay of a fabric, whose frames travel in VXLAN.
#[derive(Clone, Debug)]
pub(crate) struct Underlay {
    /// The MAC address of the MSEE, outside of tunnels and in them.
    pub(crate) mac: MacAddress,
    /// The address of its tunnel endpoint.
    pub(crate) endpoint: Ipv4Addr,
    /// Those of the others.
    pub(crate) hosts: BTreeSet<Ipv4Addr>,
    /// By network identifier, what its VNets see.
    pub(crate) networks: BTreeMap<u32, Side>,
}

/// The two sides of an MSEE.
#[derive(Clone, Debug)]
pub(crate) enum Side {
    Circuit {
        /// Name of the circuit's port.
        link: String,
        /// The way to the MSEE's kernel.
        cpu: Option<Egress>,
        view: View,
        validates_source: bool,
        /// Whether the circuit has a bandwidth.
        is_policed: bool,
    },
    /// What the VNets see, by the prefixes of theirs.
    Fabric(Prefixes<View>),
}

/// What a sender sees of the MSEE: an address of its own, and a table.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) address: Ipv4Addr,
    pub(crate) address_ipv6: Option<Ipv6Addr>,
    pub(crate) vrf: String,
}

/// Where a frame can leave.
#[derive(Clone, Debug)]
pub(crate) struct Egress {
    pub(crate) port: String,
    pub(crate) ifindex: u32,
    pub(crate) mac: MacAddress,
    pub(crate) mtu: u32,
    pub(crate) tags: Tags,
}

/// An adjacency.
#[derive(Clone, Debug)]
pub(crate) struct NextHop {
    /// What forwarding to it is called.
    pub(crate) verdict: Verdict,
    pub(crate) egress: Egress,
    /// Name of the circuit's port, when the circuit has a bandwidth.
    pub(crate) policed: Option<String>,
    /// The stations it may be sent to, one or an instance of a gateway each.
    pub(crate) stations: Vec<Station>,
}

/// A station.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Station {
    /// Its MAC address, where it is known.
    pub(crate) mac: Option<MacAddress>,
    /// Where it is, when it is not on the link itself.
    pub(crate) tunnel: Option<Tunnel>,
}

/// The way to a host of a fabric.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tunnel {
    pub(crate) endpoint: Ipv4Addr,
    pub(crate) host: Ipv4Addr,
    /// The host's MAC address, where it is known.
    pub(crate) mac: Option<MacAddress>,
    pub(crate) vni: u32,
}

/// The whole of it.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) ingresses: BTreeMap<(u32, Key), Ingress>,
    pub(crate) tables: BTreeMap<String, Prefixes<NextHop>>,
}

impl Egress {
    pub(crate) fn send(&self, bytes: Vec<u8>) -> Sending {
        Sending { port: self.port.clone(), ifindex: self.ifindex, bytes }
    }
}

#[cfg(test)]
mod tests;
