//! Permanent neighbours: with ARP the first probe would show twice the delay, and on a fabric
//! nothing would answer for an MSEE's in-VNet address before its router runs.

use std::collections::BTreeMap;

use desired::MacAddress;

use super::{
    super::plan::{End, Fabric},
    GatewaySubnet, Neighbour, Node, NodeKind, ResolvedLink, Topology,
};

/// Fills in the neighbours of every interface.
pub(super) fn fill(
    topology: &Topology,
    links: &[ResolvedLink<'_>],
    fabrics: &[Fabric],
    nodes: &mut [Node],
) {
    let macs = macs(nodes);
    let mac = |end: &End| macs.get(end).copied().unwrap_or(MacAddress([0; 6]));
    for link in links {
        match link {
            ResolvedLink::Host(link) => {
                let customer =
                    Neighbour { address: link.customer_address.ip(), mac: mac(&link.customer) };
                let host = Neighbour { address: link.host_address.ip(), mac: mac(&link.host) };
                add(nodes, &link.host, customer);
                add(nodes, &link.customer, host);
            }
            ResolvedLink::Circuit(link) => {
                let msee = Neighbour { address: link.addresses.msee(), mac: mac(&link.msee) };
                add(nodes, &link.customer, msee);
                let port = nodes
                    .iter_mut()
                    .filter(|node| node.name == link.msee.node)
                    .flat_map(|node| &mut node.interfaces)
                    .find(|port| port.name == link.msee.interface);
                let cpus = port.into_iter().flat_map(|port| &mut port.cpus);
                for cpu in cpus.filter(|cpu| cpu.circuit == link.circuit.value) {
                    cpu.peer.mac = mac(&link.customer);
                }
            }
        }
    }
    for fabric in fabrics {
        on_fabric(topology, fabric, nodes);
    }
}

/// Each VM knows the other VMs, and the MSEEs by their addresses in the GatewaySubnets, those of
/// its own VNet first.
fn on_fabric(topology: &Topology, fabric: &Fabric, nodes: &mut [Node]) {
    let macs = macs(nodes);
    let mut vms = Vec::new();
    let mut msees = Vec::new();
    for port in &fabric.ports {
        let Some(node) = nodes.iter().find(|node| node.name == port.end.node) else { continue };
        let Some(&mac) = macs.get(&port.end) else { continue };
        match &node.kind {
            NodeKind::Msee { path } => msees.push((*path, mac)),
            NodeKind::Vm { vnet } => {
                let address = node.interfaces.first().and_then(|eth1| eth1.addresses.first());
                let neighbour = address.map(|network| Neighbour { address: network.ip(), mac });
                vms.push((port.end.clone(), vnet.clone(), neighbour));
            }
            NodeKind::Onprem | NodeKind::Host | NodeKind::Gateway { .. } => {}
        }
    }
    for (end, vnet, _) in &vms {
        let others = vms.iter().filter(|(other, ..)| other != end);
        for neighbour in others.filter_map(|(.., neighbour)| *neighbour) {
            add(nodes, end, neighbour);
        }
        let own_first = fabric.vnets.iter().filter(|name| *name == vnet);
        let own_first = own_first.chain(fabric.vnets.iter().filter(|name| *name != vnet));
        for subnet in own_first.filter_map(|name| gateway_subnet(topology, name)) {
            for (path, mac) in &msees {
                add(nodes, end, Neighbour { address: subnet.msee(*path), mac: *mac });
            }
        }
    }
}

fn gateway_subnet(topology: &Topology, vnet: &str) -> Option<GatewaySubnet> {
    let subnet = topology.expressroute.vnets.find(vnet)?.gateway_subnet.as_ref()?;
    Some(GatewaySubnet(subnet.value.0))
}

fn macs(nodes: &[Node]) -> BTreeMap<End, MacAddress> {
    let ports = nodes.iter().flat_map(|node| node.interfaces.iter().map(move |port| (node, port)));
    ports
        .map(|(node, port)| {
            (End { node: node.name.clone(), interface: port.name.clone() }, port.mac)
        })
        .collect()
}

fn add(nodes: &mut [Node], end: &End, neighbour: Neighbour) {
    let ports = nodes.iter_mut().filter(|node| node.name == end.node);
    let port = ports.flat_map(|node| &mut node.interfaces).find(|port| port.name == end.interface);
    if let Some(port) = port {
        port.neighbours.push(neighbour);
    }
}
