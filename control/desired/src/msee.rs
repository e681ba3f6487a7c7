//! What one MSEE forwards.

use std::{collections::BTreeMap, net::Ipv4Addr};

use ipnetwork::Ipv4Network;
use serde::{Deserialize, Serialize};

use crate::MacAddress;

/// Name of a VRF inside one [`MseeState`]: the circuits it merges, joined by `+`.
pub type VrfName = String;

/// The complete state of one MSEE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MseeState {
    /// Ports towards customer edges, by interface name.
    pub circuit_ports: BTreeMap<String, CircuitPort>,
    /// Ports on region fabrics, by interface name.
    pub fabric_ports: BTreeMap<String, FabricPort>,
    /// Routing tables the ports refer to.
    pub vrfs: BTreeMap<VrfName, Vrf>,
}

/// One link of a circuit, at the MSEE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircuitPort {
    /// Name of the circuit.
    pub circuit: String,
    /// Table for what the customer sends.
    pub vrf: VrfName,
    /// The MSEE's address and the link's prefix: second usable address of the /30.
    pub address: Ipv4Network,
    /// The customer edge's address: first usable address of the /30.
    pub peer: Ipv4Addr,
    /// The customer edge's MAC address.
    pub peer_mac: MacAddress,
}

/// A region fabric, at the MSEE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FabricPort {
    /// The VNets on this fabric that a connection reaches, by name. A packet from any other source
    /// is dropped.
    pub vnets: BTreeMap<String, FabricVnet>,
}

/// A VNet as an MSEE knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FabricVnet {
    /// Address spaces: a packet from one of them belongs to the VNet.
    pub prefixes: Vec<Ipv4Network>,
    /// Table for what the VNet sends.
    pub vrf: VrfName,
    /// The address the VNet knows this MSEE by: `.4` (primary) or `.5` (secondary) of the
    /// GatewaySubnet of the VNet, or of the hub whose gateway the VNet uses.
    pub address: Ipv4Addr,
}

/// One routing table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vrf {
    /// Longest match wins.
    pub routes: BTreeMap<Ipv4Network, Route>,
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
        /// Interface name, a key of [`MseeState::circuit_ports`].
        port: String,
    },
    /// FastPath: straight to the VM.
    Direct {
        /// Interface name, a key of [`MseeState::fabric_ports`].
        port: String,
        /// The VM's MAC address.
        mac: MacAddress,
        /// Name of the VM (its network interface).
        vm: String,
        /// Name of the connection whose FastPath admitted the address.
        connection: String,
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
    /// MAC address of the instance on the fabric.
    pub mac: MacAddress,
}
