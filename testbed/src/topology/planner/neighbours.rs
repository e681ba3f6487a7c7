//! Permanent neighbours: with ARP the first probe would show twice the delay, and on a fabric
//! nothing would answer for an MSEE's in-VNet address before its router runs.

use std::{collections::BTreeMap, net::IpAddr};

use desired::MacAddress;
use ipnetwork::IpNetwork;

use super::{
    super::{
        addressing::{GatewaySubnet, GatewaySubnet6},
        plan::{End, Fabric},
    },
    CircuitLink, MseePath, Neighbour, Node, NodeKind, ResolvedLink, Topology, VnetGroup,
};

/// Fills in the neighbours of every interface.
pub(super) fn fill(
    topology: &Topology,
    links: &[ResolvedLink<'_>],
    groups: &[VnetGroup<'_>],
    fabrics: &[Fabric],
    nodes: &mut [Node],
) {
    let macs = macs(nodes);
    let mac = |end: &End| macs.get(end).copied().unwrap_or(MacAddress([0; 6]));
    for link in links {
        match link {
            ResolvedLink::Host(link) => {
                let ipv6 = link.ipv6.map(|ends| ends.map(|end| end.ip().into()));
                let ipv4 = [link.customer_address, link.host_address].map(|end| end.ip().into());
                for [customer, host] in std::iter::once(ipv4).chain(ipv6) {
                    let customer = Neighbour { address: customer, mac: mac(&link.customer) };
                    add(nodes, &link.host, customer);
                    let host = Neighbour { address: host, mac: mac(&link.host) };
                    add(nodes, &link.customer, host);
                }
            }
            ResolvedLink::Circuit(link) => {
                let ipv4: [IpAddr; 2] =
                    [link.addresses.customer().into(), link.addresses.msee().into()];
                let ipv6 = link.ipv6.map(|ipv6| [ipv6.customer().into(), ipv6.msee().into()]);
                for [customer, msee] in std::iter::once(ipv4).chain(ipv6) {
                    let msee = Neighbour { address: msee, mac: mac(&link.msee) };
                    add(nodes, &link.customer, msee);
                    let customer = Neighbour { address: customer, mac: mac(&link.customer) };
                    add_behind_cpu(nodes, link, customer);
                }
            }
        }
    }
    for group in groups {
        let on = |fabric: &&Fabric| fabric.vnets.iter().any(|vnet| group.contains(vnet));
        if let Some(fabric) = fabrics.iter().find(on) {
            in_group(topology, group, fabric, nodes);
        }
    }
}

/// Each VM knows the other VMs of its own and peered VNets, and the MSEEs by their addresses in the
/// GatewaySubnets, those of its own VNet first.
fn in_group(topology: &Topology, group: &VnetGroup<'_>, fabric: &Fabric, nodes: &mut [Node]) {
    let macs = macs(nodes);
    let mut vms = Vec::new();
    let mut msees = Vec::new();
    for port in &fabric.ports {
        let Some(node) = nodes.iter().find(|node| node.name == port.end.node) else { continue };
        if let (NodeKind::Msee { path }, Some(&mac)) = (&node.kind, macs.get(&port.end)) {
            msees.push((*path, mac));
        }
    }
    for node in nodes.iter() {
        let (NodeKind::Vm { vnet }, Some(eth1)) = (&node.kind, node.interfaces.first()) else {
            continue;
        };
        if group.contains(vnet) {
            let own = |network: &IpNetwork| Neighbour { address: network.ip(), mac: eth1.mac };
            let own: Vec<_> = eth1.addresses.iter().map(own).collect();
            let end = End { node: node.name.clone(), interface: eth1.name.clone() };
            vms.push((end, vnet.clone(), own));
        }
    }
    for (end, vnet, _) in &vms {
        let others = vms.iter().filter(|(other, ..)| other != end);
        for neighbour in others.flat_map(|(.., own)| own) {
            add(nodes, end, *neighbour);
        }
        let own_first = group.vnets().filter(|name| name == vnet);
        let own_first = own_first.chain(group.vnets().filter(|name| name != vnet));
        for name in own_first {
            for (path, mac) in &msees {
                for address in msee_addresses(topology, name, *path) {
                    add(nodes, end, Neighbour { address, mac: *mac });
                }
            }
        }
    }
}

/// The addresses by which a VNet knows an MSEE.
fn msee_addresses(topology: &Topology, vnet: &str, path: MseePath) -> Vec<IpAddr> {
    let Some(vnet) = topology.expressroute.vnets.find(vnet) else { return Vec::new() };
    let ipv4 = vnet.gateway_subnet.as_ref().map(|it| GatewaySubnet(it.value.0).msee(path).into());
    let ipv6 = vnet.gateway_subnet6.as_ref().map(|it| GatewaySubnet6(it.value.0).msee(path).into());
    [ipv4, ipv6].into_iter().flatten().collect()
}

/// Adds the customer edge to what an MSEE's kernel knows on the link's `cpu` veth.
fn add_behind_cpu(nodes: &mut [Node], link: &CircuitLink<'_>, customer: Neighbour) {
    let msees = nodes.iter_mut().filter(|node| node.name == link.msee.node);
    let ports = msees.flat_map(|node| &mut node.interfaces);
    let ports = ports.filter(|port| port.name == link.msee.interface);
    let mut cpus = ports.flat_map(|port| &mut port.cpus);
    if let Some(cpu) = cpus.find(|cpu| cpu.circuit == link.circuit.value) {
        cpu.peers.push(customer);
    }
}

fn macs(nodes: &[Node]) -> BTreeMap<End, MacAddress> {
    let ports = nodes.iter().flat_map(|node| node.interfaces.iter().map(move |port| (node, port)));
    ports
        .map(|(node, port)| {
            (End { node: node.name.clone(), interface: port.name.clone() }, port.mac)
        })
        .collect()
}

/// Adds a neighbour of a family that the interface has itself.
fn add(nodes: &mut [Node], end: &End, neighbour: Neighbour) {
    let ports = nodes.iter_mut().filter(|node| node.name == end.node);
    let port = ports.flat_map(|node| &mut node.interfaces).find(|port| port.name == end.interface);
    let Some(port) = port else { return };
    let of_family = |own: &IpNetwork| own.is_ipv4() == neighbour.address.is_ipv4();
    if port.addresses.iter().any(of_family) {
        port.neighbours.push(neighbour);
    }
}
