//! From a checked file to a plan: names, numbers and addresses.
//!
//! A MAC address is made of the node's place in the file and the interface's place in the node, not
//! of the lab's name: two labs of one file have equal addresses, in namespaces of their own.

mod fabric;
mod neighbours;
mod underlay;

use std::{
    cmp::Reverse,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use desired::{MacAddress, Tags};
use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};

use super::{
    check::{CircuitLink, HostLink, ResolvedLink, check},
    file::{Ecmp, FabricKind, Kind, Topology},
    mistake::PlanError,
    plan::{
        CpuVeth, EcmpPin, End, Impairment, Interface, Link, MTU, MseePath, Neighbour, Node,
        NodeKind, Plan, StaticRoute, VXLAN_OVERHEAD,
    },
};
use fabric::VnetGroup;
pub(super) use underlay::host_name;

/// Decides everything about a lab. The same file gives the same plan.
pub fn plan(topology: &Topology) -> Result<Plan, PlanError> {
    let links = check(topology)?;
    let groups = fabric::groups(topology);
    let segments = fabric::segments(topology, &groups);
    let mut nodes = nodes(topology, &links, &groups, &segments);
    let mut fabrics = fabric::fabrics(topology, &segments, &nodes);
    neighbours::fill(topology, &links, &groups, &fabrics, &mut nodes);
    if topology.expressroute.fabric == FabricKind::Vxlan {
        underlay::fill(topology, &groups, &mut fabrics, &mut nodes);
    }
    Ok(Plan {
        lab: topology.name.value.clone(),
        ecmp_pins: ecmp_pins(topology, &groups),
        links: links.iter().map(|link| planned_link(topology, link)).collect(),
        fabrics,
        nodes,
    })
}

/// Every node with interfaces and MAC addresses: those of the file, then VMs, then gateways, then the
/// hosts of a VXLAN fabric.
fn nodes(
    topology: &Topology,
    links: &[ResolvedLink<'_>],
    groups: &[VnetGroup<'_>],
    segments: &[VnetGroup<'_>],
) -> Vec<Node> {
    let mut nodes = Vec::new();
    for (name, spec) in topology.topology.nodes.iter() {
        let kind = match (spec.kind.value, &spec.path) {
            (Kind::Msee, Some(path)) => NodeKind::Msee { path: path.value },
            (Kind::Host, _) => NodeKind::Host,
            _ => NodeKind::Onprem,
        };
        let mut interfaces = linked_interfaces(name, links);
        if spec.kind.value == Kind::Msee {
            add_fabrics(&mut interfaces, topology, segments);
        }
        nodes.push((name.to_string(), kind, interfaces, routes(name, topology, links)));
    }
    let vnets = &topology.expressroute.vnets;
    for (vnet, spec) in vnets.iter() {
        for (vm, address) in spec.vms.iter() {
            let kind = NodeKind::Vm { vnet: vnet.value.clone() };
            let on_link = groups
                .iter()
                .find(|group| group.contains(vnet))
                .map(|group| group.prefixes(topology))
                .unwrap_or_default();
            // Without an address of its own a VM has no IPv6 at all.
            let ipv6 = address.ipv6.is_some();
            let on_link = on_link.into_iter().filter(|prefix| ipv6 || prefix.is_ipv4()).collect();
            let addresses = address.all().map(IpNetwork::from).collect();
            let mtu = fabric::region_mtu(topology, vnet);
            let eth1 = Interface { addresses, on_link, ..interface("eth1", mtu) };
            nodes.push((vm.to_string(), kind, vec![eth1], Vec::new()));
        }
    }
    for (vnet, spec) in vnets.iter() {
        if let Some(gateway) = &spec.gateway {
            let kind = NodeKind::Gateway { vnet: vnet.value.clone() };
            let eth1 = interface("eth1", fabric::region_mtu(topology, vnet));
            nodes.push((gateway.name.to_string(), kind, vec![eth1], Vec::new()));
        }
    }
    if topology.expressroute.fabric == FabricKind::Vxlan {
        let is_guest =
            |kind: &NodeKind| matches!(kind, NodeKind::Vm { .. } | NodeKind::Gateway { .. });
        let guests = nodes.iter().filter(|(_, kind, ..)| is_guest(kind));
        let host = |guest: &String, ports: &[Interface]| {
            let kind = NodeKind::FabricHost { guest: guest.clone() };
            let mtu = ports.first().map_or(MTU, |port| port.mtu) + VXLAN_OVERHEAD;
            (underlay::host_name(guest), kind, vec![interface("eth1", mtu)], Vec::new())
        };
        let hosts: Vec<_> = guests.map(|(guest, _, ports, _)| host(guest, ports)).collect();
        nodes.extend(hosts);
    }
    let numbered = nodes.into_iter().enumerate();
    numbered
        .map(|(index, (name, kind, mut interfaces, routes))| {
            number_interfaces(index, &kind, &mut interfaces);
            let namespace = format!("{}-{name}", topology.name);
            Node { name, namespace, kind, interfaces, routes }
        })
        .collect()
}

/// The interfaces of a node of the file that links are on, in order of their names.
fn linked_interfaces(name: &str, links: &[ResolvedLink<'_>]) -> Vec<Interface> {
    let mut interfaces = Vec::new();
    for link in links {
        match link {
            ResolvedLink::Host(link) => {
                let [customer, host] = link.ipv6.map_or([None; 2], |ends| ends.map(Some));
                if link.host.node == name {
                    let addresses = both(link.host_address, host);
                    interfaces
                        .push(Interface { addresses, ..interface(&link.host.interface, link.mtu) });
                } else if link.customer.node == name {
                    let addresses = both(link.customer_address, customer);
                    interfaces.push(Interface {
                        addresses,
                        ..interface(&link.customer.interface, link.mtu)
                    });
                }
            }
            ResolvedLink::Circuit(link) => {
                if link.customer.node == name {
                    let ipv6 = link.ipv6.map(|ipv6| slash126(ipv6.customer()));
                    let addresses = both(slash30(link.addresses.customer()), ipv6);
                    interfaces.push(Interface {
                        addresses,
                        ..interface(&link.customer.interface, link.mtu)
                    });
                } else if link.msee.node == name {
                    add_circuit(&mut interfaces, link);
                }
            }
        }
    }
    // eth2 before eth10: a longer name is a higher number.
    interfaces.sort_by(|a, b| (a.name.len(), &a.name).cmp(&(b.name.len(), &b.name)));
    interfaces
}

/// Adds an MSEE's fabric ports, on the next free `ethN`.
fn add_fabrics(interfaces: &mut Vec<Interface>, topology: &Topology, segments: &[VnetGroup<'_>]) {
    let number = |interface: &Interface| interface.name.strip_prefix("eth")?.parse().ok();
    let last: usize = interfaces.iter().filter_map(number).max().unwrap_or_default();
    let ports = segments.iter().zip(last + 1..).map(|(segment, number)| {
        interface(&format!("eth{number}"), fabric::underlay_mtu(topology, segment))
    });
    interfaces.extend(ports);
}

/// Adds a circuit's link to an MSEE's interface, which other circuits may be on already.
fn add_circuit(interfaces: &mut Vec<Interface>, link: &CircuitLink<'_>) {
    let name = &link.msee.interface;
    let place = interfaces.iter().position(|port| port.name == *name).unwrap_or_else(|| {
        interfaces.push(interface(name, link.mtu));
        interfaces.len() - 1
    });
    let Some(port) = interfaces.get_mut(place) else { return };
    port.mtu = port.mtu.max(link.mtu + link.tags.length());
    let number = name.trim_start_matches("eth");
    let number = match link.tags {
        Tags::Untagged => number.to_owned(),
        // By its place: with interface and tags in full it could be longer than a name may be.
        Tags::Dot1q { .. } | Tags::Qinq { .. } => format!("{number}-{}", port.cpus.len() + 1),
    };
    port.cpus.push(CpuVeth {
        circuit: link.circuit.value.clone(),
        name: format!("cpu{number}"),
        far: format!("xcpu{number}"),
        mtu: link.mtu,
        addresses: both(
            slash30(link.addresses.msee()),
            link.ipv6.map(|ipv6| slash126(ipv6.msee())),
        ),
        // Filled in when every node has its MAC addresses.
        peers: Vec::new(),
    });
}

/// Gives each interface its MAC address: `02:65:` node, interface; a gateway's port gets one for
/// each instance.
fn number_interfaces(node: usize, kind: &NodeKind, interfaces: &mut [Interface]) {
    let [.., node_high, node_low] = (node + 1).to_be_bytes();
    let mac = |place: usize| {
        let [.., high, low] = (place + 1).to_be_bytes();
        MacAddress([0x02, 0x65, node_high, node_low, high, low])
    };
    for (place, interface) in interfaces.iter_mut().enumerate() {
        interface.mac = mac(place);
        if matches!(kind, NodeKind::Gateway { .. }) {
            interface.extra_macs = vec![mac(place + 1)];
        }
    }
}

/// A customer edge reaches every VNet over both paths, a host everything through its customer edge.
fn routes(node: &str, topology: &Topology, links: &[ResolvedLink<'_>]) -> Vec<StaticRoute> {
    let mut routes = Vec::new();
    for link in links {
        match link {
            ResolvedLink::Host(HostLink { host, customer_address, ipv6, .. })
                if host.node == node =>
            {
                let gateways = both(*customer_address, ipv6.map(|[customer, _]| customer));
                routes.extend(gateways.iter().map(|gateway| everything(gateway.ip())));
            }
            ResolvedLink::Circuit(link) if link.customer.node == node => {
                for (_, vnet) in topology.expressroute.vnets.iter() {
                    let ipv4 = (vnet.cidr.value.into(), link.addresses.msee().into());
                    let ipv6 = vnet.cidr6.as_ref().zip(link.ipv6);
                    let ipv6 = ipv6.map(|(cidr6, it)| (cidr6.value.into(), it.msee().into()));
                    for (prefix, gateway) in std::iter::once(ipv4).chain(ipv6) {
                        let route = StaticRoute { prefix, gateway, metric: metric(link) };
                        // Another customer's VNet may have the same prefix.
                        if !routes.contains(&route) {
                            routes.push(route);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    routes.sort_by_key(|route| (route.metric, Reverse(route.prefix)));
    routes
}

/// The default route of the next hop's family.
fn everything(gateway: IpAddr) -> StaticRoute {
    let all: IpAddr = match gateway {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // No prefix is shorter than this, so it cannot fail.
    let prefix = IpNetwork::new(all, 0).unwrap_or(all.into());
    StaticRoute { prefix, gateway, metric: 0 }
}

/// 10 for a primary path, 20 for a secondary; further circuits come after the first one's two.
fn metric(link: &CircuitLink<'_>) -> u32 {
    let place = match link.path {
        MseePath::Primary => 1,
        MseePath::Secondary => 2,
    };
    10 * (2 * link.circuit_index as u32 + place)
}

fn planned_link(topology: &Topology, link: &ResolvedLink<'_>) -> Link {
    let wires = topology.expressroute.wires;
    match link {
        ResolvedLink::Host(HostLink { ends: [a, b], delay, .. }) => Link {
            a: a.clone(),
            b: b.clone(),
            circuit: None,
            tags: Tags::Untagged,
            wire: delay.filter(|_| wires).map(|delay| Impairment { delay }),
        },
        ResolvedLink::Circuit(link) => Link {
            a: link.customer.clone(),
            b: link.msee.clone(),
            circuit: Some(link.circuit.value.clone()),
            tags: link.tags,
            // Without a declared delay there is a wire all the same, for impairments set later.
            wire: wires.then(|| Impairment { delay: link.delay.unwrap_or_default() }),
        },
    }
}

/// From each VM, the VMs of other fabrics in the order of the file, by primary and secondary in
/// turn.
fn ecmp_pins(topology: &Topology, groups: &[VnetGroup<'_>]) -> Vec<EcmpPin> {
    if topology.expressroute.ecmp == Ecmp::Flow {
        return Vec::new();
    }
    let vnets = &topology.expressroute.vnets;
    let mut pins = Vec::new();
    for group in groups {
        if !group.has_gateway_subnet(topology) {
            continue;
        }
        let others = vnets.iter().filter(|(vnet, _)| !group.contains(vnet));
        let own = group.prefixes(topology);
        // An address that another customer has too is on-link here: no route leads there.
        let mut addresses: Vec<Ipv4Addr> = Vec::new();
        for address in others.flat_map(|(_, vnet)| vnet.vms.iter().map(|(_, vm)| vm.ipv4)) {
            let on_link = own.iter().any(|prefix| prefix.contains(address.into()));
            if !on_link && !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        for vm in group.vms(topology) {
            let paths = [MseePath::Primary, MseePath::Secondary].into_iter().cycle();
            pins.extend(addresses.iter().zip(paths).map(|(&destination, path)| EcmpPin {
                vm: vm.to_owned(),
                destination,
                path,
            }));
        }
    }
    pins
}

fn both(ipv4: Ipv4Network, ipv6: Option<Ipv6Network>) -> Vec<IpNetwork> {
    std::iter::once(ipv4.into()).chain(ipv6.map(IpNetwork::from)).collect()
}

fn slash126(address: Ipv6Addr) -> Ipv6Network {
    Ipv6Network::new(address, 126).unwrap_or_else(|_| Ipv6Network::from(address))
}

fn slash30(address: Ipv4Addr) -> Ipv4Network {
    Ipv4Network::new(address, 30).unwrap_or_else(|_| Ipv4Network::from(address))
}

fn interface(name: &str, mtu: u32) -> Interface {
    Interface {
        name: name.to_owned(),
        mtu,
        mac: MacAddress([0; 6]),
        extra_macs: Vec::new(),
        addresses: Vec::new(),
        on_link: Vec::new(),
        neighbours: Vec::new(),
        cpus: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
