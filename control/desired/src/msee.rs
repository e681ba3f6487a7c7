//! What one MSEE forwards.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};
use serde::{Deserialize, Serialize};

use crate::{MacAddress, Tags};

/// Name of a VRF inside one [`MseeState`]: the circuits it merges, joined by `+`.
pub type VrfName = String;

/// The complete state of one MSEE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MseeState {
    /// Links to customer edges, by name: the interface, and its tags where it has any (`eth1`,
    /// `eth1.100`, `eth1.20.100`).
    pub circuit_ports: BTreeMap<String, CircuitPort>,
    /// Ports on region fabrics, by interface name. They are untagged.
    pub fabric_ports: BTreeMap<String, FabricPort>,
    /// Routing tables the ports refer to.
    pub vrfs: BTreeMap<VrfName, Vrf>,
}

/// One link of a circuit, at the MSEE.
///
/// Many links share an interface, told apart by their tags; two of them may have the same addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircuitPort {
    /// Name of the circuit.
    pub circuit: String,
    /// Table for what the customer sends.
    pub vrf: VrfName,
    /// The interface the link is on.
    pub interface: String,
    /// The VLAN tags its frames carry.
    #[serde(default)]
    pub tags: Tags,
    /// Interface of the far end of the link's `cpu` veth, whose near end holds the MSEE's addresses in
    /// its kernel. Without one, what is for the MSEE itself is lost, but for echo requests.
    pub cpu: Option<String>,
    /// The MSEE's address and the link's prefix: second usable address of the /30.
    pub address: Ipv4Network,
    /// The customer edge's address: first usable address of the /30.
    pub peer: Ipv4Addr,
    /// The customer edge's MAC address; without one it is asked for.
    pub peer_mac: Option<MacAddress>,
    /// The link's IPv6 addresses, when the peering has IPv6.
    pub ipv6: Option<Ipv6Link>,
    /// The circuit's bandwidth in bits per second, policed on this link in each direction; without one
    /// nothing is.
    #[serde(default)]
    pub bandwidth: Option<u64>,
    /// Whether the source of what the customer sends must be in a prefix that it announced on this
    /// link (RFC 3704).
    #[serde(default)]
    pub validate_source: bool,
}

/// The IPv6 side of a circuit's link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ipv6Link {
    /// The MSEE's address and the link's prefix: second usable address of the /126.
    pub address: Ipv6Network,
    /// The customer edge's address: first usable address of the /126.
    pub peer: Ipv6Addr,
}

/// A region fabric, at the MSEE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FabricPort {
    /// The VNets on this fabric that a connection reaches, by name. A packet from any other source
    /// is dropped.
    pub vnets: BTreeMap<String, FabricVnet>,
    /// The underlay, when the fabric's frames travel in VXLAN; without one they travel as they are.
    #[serde(default)]
    pub vxlan: Option<Underlay>,
}

/// The MSEE's end of a fabric whose frames travel in VXLAN (RFC 7348).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Underlay {
    /// The MSEE's tunnel endpoint on this interface, and the underlay's prefix.
    pub address: Ipv4Network,
    /// The hosts of the fabric, by name. Nothing is decapsulated from any other.
    pub hosts: BTreeMap<String, UnderlayHost>,
}

/// A tunnel endpoint: a host of the fabric, as the underlay knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnderlayHost {
    /// The endpoint's address.
    pub address: Ipv4Addr,
    /// Its MAC address; without one it is asked for.
    pub mac: Option<MacAddress>,
}

/// A VNet as an MSEE knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FabricVnet {
    /// Address spaces: a packet from one of them belongs to the VNet.
    pub prefixes: Vec<IpNetwork>,
    /// Table for what the VNet sends.
    pub vrf: VrfName,
    /// The address the VNet knows this MSEE by: `.4` (primary) or `.5` (secondary) of the
    /// GatewaySubnet of the VNet, or of the hub whose gateway the VNet uses.
    pub address: Ipv4Addr,
    /// The same of the GatewaySubnet's IPv6 prefix, when it has one.
    pub address_ipv6: Option<Ipv6Addr>,
    /// The VXLAN network identifier of its frames, from 1 to 2^24 - 1: there exactly when the port has
    /// [`FabricPort::vxlan`].
    #[serde(default)]
    pub vni: Option<u32>,
}

/// One routing table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vrf {
    /// Longest match wins.
    pub routes: BTreeMap<IpNetwork, Route>,
}

/// Where packets to a prefix go, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The next hop.
    pub adjacency: Adjacency,
    /// The rule that decided, as a sentence fragment for traces ("spoke prefix: not in FastPath").
    pub why: String,
}

/// A next hop of an MSEE.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Adjacency {
    /// Out of the circuit's port, to the customer edge.
    Ce {
        /// A key of [`MseeState::circuit_ports`].
        port: String,
    },
    /// FastPath: straight to the VM.
    Direct {
        /// Interface name, a key of [`MseeState::fabric_ports`].
        port: String,
        /// The VM's address.
        address: IpAddr,
        /// The VM's MAC address; without one it is asked for.
        mac: Option<MacAddress>,
        /// Name of the VM (its network interface).
        vm: String,
        /// Name of the connection whose FastPath admitted the address.
        connection: String,
        /// The VM's host, exactly when the port has [`FabricPort::vxlan`].
        #[serde(default)]
        tunnel: Option<Tunnel>,
    },
    /// Through the ExpressRoute gateway.
    Gateway {
        /// Interface name, a key of [`MseeState::fabric_ports`].
        port: String,
        /// Name of the gateway.
        gateway: String,
        /// Name of the connection.
        connection: String,
        /// The instances in service, at least one; a flow hash picks.
        instances: Vec<GatewayNextHop>,
    },
}

/// One gateway instance as a next hop.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayNextHop {
    /// `.12` or `.13` of the GatewaySubnet.
    pub address: Ipv4Addr,
    /// MAC address of the instance on the fabric; without one it is asked for.
    pub mac: Option<MacAddress>,
    /// The instance's host, exactly when the port has [`FabricPort::vxlan`].
    #[serde(default)]
    pub tunnel: Option<Tunnel>,
}

/// Where a next hop is behind a tunnel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tunnel {
    /// A key of [`Underlay::hosts`].
    pub host: String,
    /// The VXLAN network identifier of its VNet.
    pub vni: u32,
}
