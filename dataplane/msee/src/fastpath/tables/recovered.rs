//! An image read back from the tables of a former process.
//!
//! It is all that a punted packet needs: ports, VNets, routes, next hops and the MAC addresses that were
//! learned of them are in the tables themselves, so a process that adopts them can answer, and go on
//! asking for neighbours, before it is told a state. What the tables do not hold are names, which only
//! people need: of ports, circuits, VNets and virtual machines.
//!
//! Nothing else is recorded beside the tables. A record would be written before an image is
//! published or after it, and whoever is killed between the two leaves one that is not true.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use abi::image::{
    self, ADJACENCY_CE, ADJACENCY_DIRECT, ADJACENCY_GATEWAY, PORT_ABSENT, PORT_CIRCUIT, PORT_CPU,
    PORT_UNDERLAY, PortKey, UNTAGGED,
};
use desired::{MacAddress, ServiceEthertype, Tags, VrfName};
use nix::net::if_::if_indextoname;

use super::{
    compiled::{AdjacencyName, Compiled, CompiledVnet, Roots},
    mapped::{Bank, Image},
    next_hops::NextHops,
    prefixes::Prefixes,
    tunnels::Tunnels,
};
use crate::fastpath::{BoundPort, PortKind, ports::interface};

impl Compiled {
    /// The image in force, without names; the empty one when there is none.
    pub(in crate::fastpath) fn recover(image: &Image) -> Self {
        if image.generation() == 0 { Self::default() } else { Self::read(image.bank()) }
    }

    fn read(bank: Bank) -> Self {
        let Bank {
            generation,
            port_slots,
            ports,
            vnets,
            adjacencies,
            next_hops,
            groups,
            tunnels,
            nodes,
        } = bank;
        let bound: Vec<BoundPort> = {
            let port = |slot: u32| ports.get(slot as usize).filter(|it| it.kind != PORT_ABSENT);
            let used = port_slots.iter().filter(|place| place.slot != 0);
            let mut bound: Vec<_> = used
                .filter_map(|place| Some(bound_port(place.slot, place.key, port(place.slot)?)))
                .collect();
            bound.sort_by_key(|port| port.slot);
            bound
        };
        let prefixes = Prefixes::from_nodes(nodes);
        let mut recovered = Self {
            generation,
            by_slot: bound.iter().enumerate().map(|(place, port)| (port.slot, place)).collect(),
            by_key: bound.iter().map(|port| (port.key(), port.slot)).collect(),
            adjacency_names: adjacencies.iter().map(name).collect(),
            bound,
            port_slots,
            ports,
            vnets,
            adjacencies,
            groups,
            prefixes,
            ..Self::default()
        };
        recovered.next_hops = NextHops::recover(&next_hops, &recovered.adjacencies, |slot| {
            recovered.bound_port(slot).map(BoundPort::key)
        });
        let adjacencies = &recovered.adjacencies;
        recovered.tunnels =
            Tunnels::recover(&tunnels, adjacencies, &mut recovered.next_hops, |slot| {
                let port = recovered.by_slot.get(&slot).and_then(|at| recovered.bound.get(*at));
                port.map(BoundPort::key)
            });
        recovered.vnet_names = recovered.recover_vnets();
        recovered
    }

    /// The VNets that a fabric port's table of sources leads to, from index 1 on.
    fn recover_vnets(&self) -> Vec<CompiledVnet> {
        let mut port_of: BTreeMap<u32, u32> = BTreeMap::new();
        for fabric in self.bound.iter().filter(|port| port.is_fabric()) {
            let Some(port) = self.port(fabric.slot) else { continue };
            for root in [port.root_ipv4, port.root_ipv6] {
                let leaves = self.prefixes.leaves(root);
                port_of.extend(leaves.into_iter().map(|vnet| (vnet, fabric.slot)));
            }
        }
        let last = port_of.last_key_value().map_or(0, |(index, _)| *index);
        let vnets = self.vnets.iter().zip(0..=last).skip(1);
        // A VNet that no source leads to has no prefix, and nothing is from it.
        vnets.map(|(vnet, index)| named(vnet, port_of.get(&index).copied())).collect()
    }
}

fn named(vnet: &image::Vnet, port: Option<u32>) -> CompiledVnet {
    let address_ipv6 = Ipv6Addr::from(vnet.address_ipv6);
    CompiledVnet {
        name: "(not named yet)".to_owned(),
        port: port.unwrap_or_default(),
        vrf: VrfName::default(),
        roots: Roots { ipv4: vnet.root_ipv4, ipv6: vnet.root_ipv6 },
        address: Ipv4Addr::from(vnet.address_ipv4),
        address_ipv6: (!address_ipv6.is_unspecified()).then_some(address_ipv6),
    }
}

/// A port by what arrives for it. When its interface is gone it has no name and no MTU, and holds its
/// slot: packets on their way may still name that.
fn bound_port(slot: u32, key: PortKey, port: &image::Port) -> BoundPort {
    let interface = if_indextoname(key.ifindex).ok().and_then(|name| name.into_string().ok());
    let interface = interface.unwrap_or_default();
    let mtu = interface::find(&interface).ok().flatten().map_or(0, |found| found.mtu);
    BoundPort {
        slot,
        name: interface.clone(),
        interface,
        ifindex: key.ifindex,
        tags: tags(key, port),
        mac: MacAddress(port.mac),
        mtu,
        kind: match (port.kind, key.vni()) {
            (PORT_CIRCUIT, _) => PortKind::Circuit,
            (PORT_CPU, _) => PortKind::Cpu,
            (PORT_UNDERLAY, _) => PortKind::Underlay,
            (_, Some(vni)) => PortKind::Vxlan { vni },
            (_, None) => PortKind::Fabric,
        },
    }
}

fn tags(key: PortKey, port: &image::Port) -> Tags {
    match (key.outer, key.inner) {
        (UNTAGGED, UNTAGGED) => Tags::Untagged,
        _ if key.vni().is_some() => Tags::Untagged,
        (UNTAGGED, vlan) => Tags::Dot1q { vlan },
        (service, customer) => {
            let [high, low, ..] = port.tags;
            let is_dot1q = u16::from_be_bytes([high, low]) == ServiceEthertype::Dot1q.number();
            let ethertype =
                if is_dot1q { ServiceEthertype::Dot1q } else { ServiceEthertype::Dot1ad };
            Tags::Qinq { service, customer, ethertype }
        }
    }
}

/// How a next hop reads that has no name yet.
fn name(adjacency: &image::Adjacency) -> AdjacencyName {
    let mac = MacAddress(adjacency.header.first_chunk().copied().unwrap_or_default());
    let text = match adjacency.kind {
        ADJACENCY_CE => format!("customer edge {mac}"),
        ADJACENCY_DIRECT => format!("VM {mac}"),
        ADJACENCY_GATEWAY => format!("gateway instance {mac}"),
        _ => String::new(),
    };
    AdjacencyName { text, instance: None }
}
