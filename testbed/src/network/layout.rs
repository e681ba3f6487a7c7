//! Which veth pairs, bridges and VXLAN devices a plan needs, and where each end goes. No system call here.

use std::{collections::BTreeSet, net::Ipv4Addr};

use desired::MacAddress;

use crate::topology::plan::{End, FabricHost, Interface, MTU, Node, NodeKind, Plan, Remote};

use super::sysctl::Role;

/// Everything to be made.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Namespaces and what they are for.
    pub(super) namespaces: Vec<(String, Role)>,
    /// Bridges.
    pub(super) bridges: Vec<Bridge>,
    /// Pairs.
    pub(super) veths: Vec<[VethEnd; 2]>,
    /// VXLAN devices.
    pub(super) tunnels: Vec<Tunnel>,
    /// Static forwarding entries of the bridges.
    pub(super) stations: Vec<Station>,
}

/// A bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bridge {
    /// Namespace it is in.
    pub(super) namespace: String,
    /// Its name there.
    pub(super) name: String,
    /// Longest packet in bytes.
    pub(super) mtu: u32,
}

/// A VXLAN device, a port of its host's bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tunnel {
    /// Namespace it is in.
    pub(super) namespace: String,
    /// Its name there.
    pub(super) name: String,
    /// Network identifier.
    pub(super) vni: u32,
    /// The host's own tunnel endpoint.
    pub(super) local: Ipv4Addr,
    /// Longest packet in bytes, without the tunnel's headers.
    pub(super) mtu: u32,
    /// The stations behind it.
    pub(super) remotes: Vec<Remote>,
}

/// One end of a veth pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VethEnd {
    /// Namespace it is in.
    pub(super) namespace: String,
    /// Its name there.
    pub(super) name: String,
    /// Its MAC address; `None` leaves the choice to the kernel.
    pub(super) mac: Option<MacAddress>,
    /// Longest packet in bytes, the same at both ends: a veth refuses what its peer could not take.
    pub(super) mtu: u32,
    /// Bridge it is a port of.
    pub(super) bridge: Option<String>,
    /// Whether the kernel's ARP has it: not on ports that belong to a dataplane.
    pub(super) arp: bool,
}

/// A MAC address behind a bridge port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Station {
    /// Namespace of the bridge.
    pub(super) namespace: String,
    /// The bridge's port.
    pub(super) port: String,
    /// The address.
    pub(super) mac: MacAddress,
}

/// Lays out a plan.
pub(super) fn layout(plan: &Plan) -> Layout {
    let fabric = plan.fabric_namespace();
    let mut layout = Layout::default();
    for node in &plan.nodes {
        layout.namespaces.push((node.namespace.clone(), role(node)));
        layout.veths.extend(cpu_veths(node));
    }
    layout.namespaces.push((fabric.clone(), Role::Plain));

    let wire_end = |name: String, mtu| VethEnd {
        namespace: fabric.clone(),
        name,
        mac: None,
        mtu,
        bridge: None,
        arp: true,
    };
    let mut wires = 0..;
    let mut next_wire = || wires.next().unwrap_or_default();
    let mut plugged = BTreeSet::new();
    for link in &plan.links {
        let (Some(a), Some(b)) = (node_end(plan, &link.a), node_end(plan, &link.b)) else {
            continue;
        };
        if link.wire.is_some() {
            let number: usize = next_wire();
            let (a_mtu, b_mtu) = (a.mtu, b.mtu);
            layout.veths.push([a, wire_end(format!("wire{number}a"), a_mtu)]);
            // Circuits on one port of an MSEE share the wires' end of it.
            if plugged.insert(&link.b) {
                layout.veths.push([b, wire_end(format!("wire{number}b"), b_mtu)]);
            }
        } else {
            layout.veths.push([a, b]);
        }
    }
    let mut port_number = 0;
    for planned in &plan.fabrics {
        layout.bridges.push(Bridge {
            namespace: fabric.clone(),
            name: planned.bridge.clone(),
            mtu: planned
                .ports
                .iter()
                .find_map(|port| plan.interface(&port.end))
                .map_or(MTU, |it| it.mtu),
        });
        for port in &planned.ports {
            let Some(node) = node_end(plan, &port.end) else { continue };
            let mtu = node.mtu;
            let bridge_port = |name: &str| VethEnd {
                bridge: Some(planned.bridge.clone()),
                ..wire_end(name.to_owned(), mtu)
            };
            let name = if port.wire.is_some() {
                let number = next_wire();
                let name = format!("wire{number}p");
                layout.veths.push([node, wire_end(format!("wire{number}a"), mtu)]);
                layout.veths.push([wire_end(format!("wire{number}b"), mtu), bridge_port(&name)]);
                name
            } else {
                let name = format!("port{port_number}");
                layout.veths.push([node, bridge_port(&name)]);
                name
            };
            port_number += 1;
            let macs = plan.interface(&port.end).into_iter().flat_map(Interface::macs);
            let namespace = fabric.clone();
            layout.stations.extend(macs.map(|mac| Station {
                namespace: namespace.clone(),
                port: name.clone(),
                mac,
            }));
        }
        for host in planned.underlay.iter().flat_map(|underlay| &underlay.hosts) {
            add_host(plan, host, &mut layout);
        }
    }
    layout
}

/// Name of a host's bridge.
pub(super) const HOST_BRIDGE: &str = "br0";
/// The host's end of the pair to its VM or gateway.
const GUEST_PORT: &str = "guest0";

/// The inside of a host: its guest and its VXLAN devices on one bridge.
fn add_host(plan: &Plan, host: &FabricHost, layout: &mut Layout) {
    let (Some(node), Some(guest)) = (plan.node(&host.node), node_end(plan, &host.guest)) else {
        return;
    };
    let namespace = &node.namespace;
    layout.bridges.push(Bridge {
        namespace: namespace.clone(),
        name: HOST_BRIDGE.to_owned(),
        mtu: guest.mtu,
    });
    let port = VethEnd {
        namespace: namespace.clone(),
        name: GUEST_PORT.to_owned(),
        mac: None,
        mtu: guest.mtu,
        bridge: Some(HOST_BRIDGE.to_owned()),
        arp: true,
    };
    let mtu = guest.mtu;
    layout.veths.push([guest, port]);
    let mut station = |port: &str, mac| {
        let (namespace, port) = (namespace.clone(), port.to_owned());
        layout.stations.push(Station { namespace, port, mac });
    };
    for mac in plan.interface(&host.guest).into_iter().flat_map(Interface::macs) {
        station(GUEST_PORT, mac);
    }
    for device in &host.devices {
        let name = device.name();
        for remote in &device.remotes {
            station(&name, remote.mac);
        }
        layout.tunnels.push(Tunnel {
            namespace: namespace.clone(),
            name,
            vni: device.vni,
            local: host.address,
            mtu,
            remotes: device.remotes.clone(),
        });
    }
}

fn role(node: &Node) -> Role {
    match node.kind {
        NodeKind::Onprem => Role::CustomerEdge,
        NodeKind::Msee { .. } => Role::Msee,
        NodeKind::Host
        | NodeKind::Gateway { .. }
        | NodeKind::Vm { .. }
        | NodeKind::FabricHost { .. } => Role::Plain,
    }
}

/// A node's end of a link or fabric port.
fn node_end(plan: &Plan, end: &End) -> Option<VethEnd> {
    let node = plan.node(&end.node)?;
    let interface = plan.interface(end)?;
    Some(VethEnd {
        namespace: node.namespace.clone(),
        name: interface.name.clone(),
        mac: Some(interface.mac),
        mtu: interface.mtu,
        bridge: None,
        arp: !interface.addresses.is_empty(),
    })
}

/// The pairs between an MSEE's kernel and its router.
fn cpu_veths(node: &Node) -> impl Iterator<Item = [VethEnd; 2]> {
    let end = |name: &str, mtu, mac, arp| VethEnd {
        namespace: node.namespace.clone(),
        name: name.to_owned(),
        mac,
        mtu,
        bridge: None,
        arp,
    };
    node.interfaces.iter().flat_map(move |interface| {
        interface.cpus.iter().map(move |cpu| {
            [
                end(&cpu.name, cpu.mtu, Some(interface.mac), true),
                end(&cpu.far, cpu.mtu, None, false),
            ]
        })
    })
}

#[cfg(test)]
mod tests;
