//! What an image means: names for its indices, and the lookups of the XDP program in userspace.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use abi::image::{self, PortKey};
use desired::{MacAddress, Route, VrfName};
use ipnetwork::IpNetwork;

use super::{
    next_hops::NextHops,
    prefixes::Prefixes,
    tunnels::{Tunnels, underlay_of},
};
use crate::fastpath::{
    BoundPort,
    neighbours::{KernelLink, Neighbour, Neighbours, NextHop, Resolver},
};

/// One image as plain data, with what is needed to explain it.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    pub(super) generation: u64,
    pub(super) bound: Vec<BoundPort>,
    /// Place in `bound` by slot, and slot by what arrives.
    pub(super) by_slot: HashMap<u32, usize>,
    pub(super) by_key: HashMap<PortKey, u32>,
    pub(super) port_slots: Vec<image::PortSlot>,
    pub(super) ports: Vec<image::Port>,
    pub(super) vnets: Vec<image::Vnet>,
    pub(super) vnet_names: Vec<CompiledVnet>,
    pub(super) adjacencies: Vec<image::Adjacency>,
    pub(super) adjacency_names: Vec<AdjacencyName>,
    pub(super) next_hops: NextHops,
    pub(super) groups: Vec<image::Group>,
    pub(super) tunnels: Tunnels,
    pub(super) prefixes: Prefixes,
    pub(super) vrfs: BTreeMap<VrfName, Table>,
}

/// A VNet of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledVnet {
    /// Name of the VNet.
    pub name: String,
    /// Slot of the fabric port it is on.
    pub port: u32,
    /// Name of the VRF its traffic is routed in.
    pub vrf: VrfName,
    /// Root nodes of that VRF.
    pub roots: Roots,
    /// The IPv4 address the VNet knows this MSEE by.
    pub address: Ipv4Addr,
    /// The IPv6 address, when it has one.
    pub address_ipv6: Option<Ipv6Addr>,
}

/// Root nodes of a pair of tables, one for each IP version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roots {
    /// Of the IPv4 table.
    pub ipv4: u32,
    /// Of the IPv6 table.
    pub ipv6: u32,
}

impl Roots {
    fn of(self, address: IpAddr) -> u32 {
        if address.is_ipv4() { self.ipv4 } else { self.ipv6 }
    }
}

/// The route behind a lookup, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteOf<'a> {
    /// The matching prefix.
    pub prefix: IpNetwork,
    /// Its next hop, and why.
    pub route: &'a Route,
}

/// How an adjacency reads.
#[derive(Clone, Debug, Default)]
pub(super) struct AdjacencyName {
    pub(super) text: String,
    pub(super) instance: Option<Ipv4Addr>,
}

/// A VRF, compiled and as it was desired.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) roots: Roots,
    pub(super) routes: BTreeMap<IpNetwork, Route>,
}

impl Compiled {
    /// The generation it is published as; 0 when nothing is.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// All ports, by slot.
    pub fn bound_ports(&self) -> &[BoundPort] {
        &self.bound
    }

    /// The port in a slot.
    pub fn bound_port(&self, slot: u32) -> Option<&BoundPort> {
        self.bound.get(*self.by_slot.get(&slot)?)
    }

    /// The slot of the port that a frame with these tags arrives by.
    pub fn slot(&self, key: PortKey) -> Option<u32> {
        self.by_key.get(&key).copied()
    }

    /// The port in a slot, as packets see it.
    pub fn port(&self, slot: u32) -> Option<&image::Port> {
        self.ports.get(slot as usize).filter(|port| port.kind != image::PORT_ABSENT)
    }

    /// An adjacency by index, as packets see it; `None` for a group.
    pub fn adjacency(&self, index: u32) -> Option<&image::Adjacency> {
        self.adjacencies.get(index as usize)
    }

    /// The adjacency that a leaf leads a packet with this flow hash to: a member where the leaf is a
    /// group's, else its own.
    pub fn member(&self, leaf: u32, hash: u32) -> Option<u32> {
        if leaf & image::GROUP == 0 {
            return Some(leaf);
        }
        let places = self.groups.get((leaf & !image::GROUP) as usize)?;
        places.get(hash as usize % places.len()).map(|index| u32::from(*index))
    }

    /// How an adjacency reads in a trace: `gateway ERGW1 (conn1)`, `VM hub-vm (FastPath, conn1)`,
    /// `customer edge 172.16.1.1 (CIRCUIT_EQUINIX)`; a group has the name its members have. Empty for
    /// an index outside the image.
    pub fn adjacency_name(&self, index: u32) -> &str {
        let index = self.member(index, 0).unwrap_or(u32::MAX);
        self.adjacency_names.get(index as usize).map_or("", |name| &name.text)
    }

    /// The gateway instance behind an adjacency.
    pub fn adjacency_instance(&self, index: u32) -> Option<Ipv4Addr> {
        self.adjacency_names.get(index as usize)?.instance
    }

    /// The station behind an adjacency; none for an index outside the image, or that leads nowhere.
    pub fn next_hop(&self, index: u32) -> Option<&NextHop> {
        self.next_hops.get(index)
    }

    /// A tunnel by index, as packets see it; none for 0, which stands for none.
    pub fn tunnel(&self, index: u16) -> Option<&image::Tunnel> {
        self.tunnels.get(index)
    }

    /// The host at the far end of a tunnel.
    pub fn tunnel_host(&self, index: u16) -> Option<&NextHop> {
        self.tunnels.host(index)
    }

    /// Index of the tunnel that a next hop is behind; 0 for one on a fabric itself.
    pub fn tunnel_of(&self, neighbour: &Neighbour) -> u16 {
        self.tunnels.of(neighbour)
    }

    /// The underlay port that what arrives with `key` in a tunnel travels on.
    pub fn underlay(&self, key: PortKey) -> Option<&image::Port> {
        let port = self.port(self.slot(underlay_of(key))?)?;
        Some(port).filter(|port| port.kind == image::PORT_UNDERLAY)
    }

    /// Who finds out the MAC address of a neighbour that is a next hop; `None` for any other station.
    /// One that some routes declare and others do not is to be found.
    pub fn resolver(&self, neighbour: &Neighbour) -> Option<Resolver> {
        let NextHops { declared, undeclared, .. } = &self.next_hops;
        let is_declared = declared.contains_key(neighbour).then_some(Resolver::Declared);
        undeclared.get(neighbour).copied().or(is_declared)
    }

    /// Whether a neighbour cannot be at `mac`, because the desired state has it elsewhere.
    pub fn contradicts(&self, neighbour: &Neighbour, mac: MacAddress) -> bool {
        self.next_hops.declared.get(neighbour).is_some_and(|declared| *declared != mac)
    }

    /// The neighbours whose MAC addresses the desired state has.
    pub fn declared(&self) -> impl Iterator<Item = (&Neighbour, &MacAddress)> {
        self.next_hops.declared.iter()
    }

    /// The links whose customer edges the kernel is asked for.
    pub fn kernel_links(&self) -> Vec<KernelLink> {
        let mut links: BTreeMap<u32, KernelLink> = BTreeMap::new();
        let undeclared = self.next_hops.undeclared.iter();
        for (neighbour, _) in undeclared.filter(|(_, resolver)| **resolver == Resolver::Kernel) {
            let port = neighbour.port();
            let cpu = self.slot(port).and_then(|slot| self.port(slot)).map(|port| port.peer);
            let Some(far) = cpu.and_then(|cpu| self.bound_port(cpu)) else { continue };
            let link = || KernelLink { port, far: far.ifindex, peers: Vec::new() };
            links.entry(far.ifindex).or_insert_with(link).peers.push(neighbour.address);
        }
        links.into_values().collect()
    }

    /// The same image with what is known of neighbours now, for the next generation.
    pub(in crate::fastpath) fn relearned(&self, learned: &Neighbours) -> Self {
        let mut compiled = Self { generation: self.generation + 1, ..self.clone() };
        compiled.next_hops.resolve(&mut compiled.adjacencies, learned);
        compiled.tunnels.resolve(&mut compiled.adjacencies, &compiled.next_hops, learned);
        compiled
    }

    /// What this image has that was learned, and not declared.
    pub fn learned(&self) -> Neighbours {
        let stations = self.next_hops.learned(&self.adjacencies);
        stations
            .iter()
            .map(|(station, mac)| (*station, *mac))
            .chain(self.tunnels.learned())
            .collect()
    }

    /// Whether all next hops are those of `other`, MAC addresses included.
    pub(in crate::fastpath) fn has_adjacencies_of(&self, other: &Self) -> bool {
        self.adjacencies == other.adjacencies && self.tunnels.entries() == other.tunnels.entries()
    }

    /// A VNet by index.
    pub fn vnet(&self, index: u32) -> Option<&CompiledVnet> {
        // Index 0 means "none" in punt metadata, so the first VNet is 1.
        self.vnet_names.get((index as usize).checked_sub(1)?)
    }

    /// Root nodes of a VRF.
    pub fn vrf_roots(&self, vrf: &str) -> Option<Roots> {
        self.vrfs.get(vrf).map(|table| table.roots)
    }

    /// Root nodes of the VRF of a circuit port.
    pub fn port_roots(port: &image::Port) -> Roots {
        Roots { ipv4: port.root_ipv4, ipv6: port.root_ipv6 }
    }

    /// Index of the VNet that a source address belongs to on a fabric port.
    pub fn source_vnet(&self, fabric_slot: u32, source: IpAddr) -> Option<u32> {
        let port = self.port(fabric_slot).filter(|port| port.kind == image::PORT_FABRIC)?;
        self.prefixes.lookup(Self::port_roots(port).of(source), source)
    }

    /// The leaf behind the longest match in a VRF: the index of an adjacency, or of a group with
    /// [`image::GROUP`]; see [`Compiled::member`].
    pub fn lookup(&self, roots: Roots, destination: IpAddr) -> Option<u32> {
        self.prefixes.lookup(roots.of(destination), destination)
    }

    /// The route behind [`Compiled::lookup`]. Walks all routes of the VRF: for people, not packets.
    pub fn route_of(&self, vrf: &str, destination: IpAddr) -> Option<RouteOf<'_>> {
        let routes = self.vrfs.get(vrf)?.routes.iter();
        let matching = routes.filter(|(prefix, _)| prefix.contains(destination));
        let (prefix, route) = matching.max_by_key(|(prefix, _)| prefix.prefix())?;
        Some(RouteOf { prefix: *prefix, route })
    }
}
