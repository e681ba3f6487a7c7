//! What the control plane must be told about each MSEE's plumbing.

use std::collections::BTreeMap;

use desired::MacAddress;
use ipnetwork::{IpNetwork, Ipv4Network};

use super::{
    file::Topology,
    plan::{End, MseePath, NodeKind, Plan},
};

/// An MSEE and its ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// Node name.
    pub name: String,
    /// Which path of the circuits it serves.
    pub path: MseePath,
    /// Ports towards customer edges.
    pub circuit_ports: Vec<RouterCircuitPort>,
    /// Ports on region fabrics.
    pub fabric_ports: Vec<RouterFabricPort>,
}

/// A port of an MSEE towards a customer edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterCircuitPort {
    /// Interface name.
    pub interface: String,
    /// Far end of the link's `cpu` veth.
    pub cpu: String,
    /// Name of the circuit.
    pub circuit: String,
    /// The customer edge's MAC address.
    pub peer_mac: MacAddress,
    /// What the customer edge announces; static until it speaks BGP.
    pub static_routes: Vec<IpNetwork>,
}

/// A port of an MSEE on a region fabric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterFabricPort {
    /// Interface name.
    pub interface: String,
    /// Names of the VNets on the fabric.
    pub vnets: Vec<String>,
    /// Its tunnel endpoint, when the fabric's frames travel in VXLAN.
    pub vxlan: Option<RouterVxlan>,
}

/// An MSEE's end of a VXLAN fabric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterVxlan {
    /// Its tunnel endpoint and the underlay's prefix.
    pub address: Ipv4Network,
    /// The network identifier of each VNet.
    pub vnis: BTreeMap<String, u32>,
}

/// The MSEEs of a lab in the order of the file. `plan` is the plan of `topology`.
pub fn routers(topology: &Topology, plan: &Plan) -> Vec<Router> {
    let mut routers = Vec::new();
    for node in &plan.nodes {
        let NodeKind::Msee { path } = node.kind else { continue };
        let circuit_ports = plan.links.iter().filter(|link| link.b.node == node.name);
        let circuit_ports = circuit_ports.filter_map(|link| {
            let circuit = link.circuit.clone()?;
            let cpu = plan.interface(&link.b)?.cpu(&circuit)?;
            Some(RouterCircuitPort {
                interface: link.b.interface.clone(),
                cpu: cpu.far.clone(),
                circuit,
                peer_mac: cpu.peers.first()?.mac,
                static_routes: announced(topology, &link.a),
            })
        });
        let fabric_ports = plan.fabrics.iter().filter_map(|fabric| {
            let port = fabric.ports.iter().find(|port| port.end.node == node.name)?;
            let interface = port.end.interface.clone();
            let vxlan = fabric.underlay.as_ref().and_then(|underlay| {
                let own = *underlay.msees.get(&node.name)?;
                let address = Ipv4Network::new(own, underlay.prefix.prefix()).ok()?;
                Some(RouterVxlan { address, vnis: underlay.vnis.clone() })
            });
            Some(RouterFabricPort { interface, vnets: fabric.vnets.clone(), vxlan })
        });
        routers.push(Router {
            name: node.name.clone(),
            path,
            circuit_ports: circuit_ports.collect(),
            fabric_ports: fabric_ports.collect(),
        });
    }
    routers
}

fn announced(topology: &Topology, customer: &End) -> Vec<IpNetwork> {
    let node = topology.topology.nodes.find(&customer.node);
    let announce = node.map(|node| node.announce.as_slice()).unwrap_or_default();
    announce.iter().map(|prefix| prefix.value.0).collect()
}
