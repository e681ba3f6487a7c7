//! Questions about a plan: wires and their interfaces, nodes, who has an address.

use std::net::IpAddr;

use desired::{MacAddress, Tags};
use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};

use super::{CpuVeth, End, Impairment, Interface, Node, NodeKind, Plan};

/// A wire of the fabric namespace: frames that enter `a` leave by `b` after the impairment, and the
/// other way round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// `<node>-<node>` for a link, `<msee>-<bridge>` for a fabric port; unique in the lab.
    pub name: String,
    /// Interface towards `a_end`: `wire0a`.
    pub a: String,
    /// Interface towards `b_end`, or the bridge: `wire0b`. Circuits on one port of an MSEE share it.
    pub b: String,
    /// The node behind `a`.
    pub a_end: End,
    /// The node behind `b`; `None` when it is a fabric's bridge.
    pub b_end: Option<End>,
    /// Tags of its frames at `b`.
    pub tags: Tags,
    /// What it does to frames when the lab starts.
    pub impairment: Impairment,
}

impl Plan {
    /// Namespace of the bridges and wires.
    pub fn fabric_namespace(&self) -> String {
        format!("{}-fabric", self.lab)
    }

    /// The node of that name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The interface of a node.
    pub fn interface(&self, end: &End) -> Option<&Interface> {
        self.node(&end.node)?.interfaces.iter().find(|port| port.name == end.interface)
    }

    /// The nodes that are VMs.
    pub fn vms(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Vm { .. }))
    }

    /// The node that answers from `address`: an interface's own, an MSEE's towards the customer
    /// edge, or the one by which a VNet knows an MSEE (`.4`, `.5`). The first of the file, where two
    /// customers have the same.
    pub fn node_with_address(&self, address: IpAddr) -> Option<&Node> {
        self.nodes_with_address(address).into_iter().next().or_else(|| {
            let ports = self.nodes.iter().flat_map(|node| &node.interfaces);
            let mut neighbours = ports.flat_map(|port| &port.neighbours);
            self.node_with_mac(neighbours.find(|neighbour| neighbour.address == address)?.mac)
        })
    }

    /// Every node that has `address` on an interface.
    pub fn nodes_with_address(&self, address: IpAddr) -> Vec<&Node> {
        let has = |node: &&Node| {
            node.interfaces
                .iter()
                .any(|port| port.all_addresses().any(|network| network.ip() == address))
        };
        self.nodes.iter().filter(has).collect()
    }

    /// The node with an interface of that MAC address.
    pub fn node_with_mac(&self, mac: MacAddress) -> Option<&Node> {
        self.nodes.iter().find(|node| {
            node.interfaces.iter().any(|port| port.macs().any(|candidate| candidate == mac))
        })
    }

    /// The wires, links first, then fabric ports; number `i` has the interfaces `wire{i}a` and, unless
    /// it shares the second one of an earlier wire, `wire{i}b` in the fabric namespace.
    pub fn wires(&self) -> Vec<Wire> {
        let links = self.links.iter().filter_map(|link| {
            let far = link.b.node.clone();
            Some((link.a.clone(), Some(link.b.clone()), far, link.tags, link.wire?))
        });
        let ports = self.fabrics.iter().flat_map(|fabric| {
            fabric.ports.iter().filter_map(|port| {
                Some((port.end.clone(), None, fabric.bridge.clone(), Tags::Untagged, port.wire?))
            })
        });
        let mut wires: Vec<Wire> = Vec::new();
        for (index, (a_end, b_end, far, tags, impairment)) in links.chain(ports).enumerate() {
            let short = format!("{}-{far}", a_end.node);
            // Two links between the same nodes: only the interface tells them apart.
            let taken = wires.iter().any(|wire| wire.name == short);
            let name = if taken { format!("{short}-{}", a_end.interface) } else { short };
            let shared = wires.iter().find(|wire| b_end.is_some() && wire.b_end == b_end);
            let b = shared.map_or_else(|| format!("wire{index}b"), |wire| wire.b.clone());
            let a = format!("wire{index}a");
            wires.push(Wire { name, a, b, a_end, b_end, tags, impairment });
        }
        wires
    }
}

impl Interface {
    /// The `cpu` veth of a circuit's link.
    pub fn cpu(&self, circuit: &str) -> Option<&CpuVeth> {
        self.cpus.iter().find(|cpu| cpu.circuit == circuit)
    }

    /// The addresses that a kernel holds on it or, for an MSEE, on its `cpu` veths.
    pub fn all_addresses(&self) -> impl Iterator<Item = IpNetwork> {
        let cpus = self.cpus.iter().flat_map(|cpu| &cpu.addresses);
        self.addresses.iter().chain(cpus).copied()
    }

    /// All MAC addresses that must reach it: its own, then those of further gateway instances.
    pub fn macs(&self) -> impl Iterator<Item = MacAddress> {
        std::iter::once(self.mac).chain(self.extra_macs.iter().copied())
    }
}
