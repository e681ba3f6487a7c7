//! What an image means: names for its indices, and the lookups of the XDP program in userspace.

use std::{collections::BTreeMap, net::Ipv4Addr};

use abi::image;
use desired::{Route, VrfName};
use ipnetwork::Ipv4Network;

use super::prefixes::Prefixes;
use crate::fastpath::BoundPort;

/// One image as plain data, with what is needed to explain it.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    pub(super) generation: u64,
    pub(super) bound: Vec<BoundPort>,
    pub(super) port_slots: Vec<image::PortSlot>,
    pub(super) ports: Vec<image::Port>,
    pub(super) vnets: Vec<image::Vnet>,
    pub(super) vnet_names: Vec<CompiledVnet>,
    pub(super) adjacencies: Vec<image::Adjacency>,
    pub(super) adjacency_names: Vec<AdjacencyName>,
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
    /// Root node of that VRF.
    pub root: u32,
    /// The address the VNet knows this MSEE by.
    pub address: Ipv4Addr,
}

/// The route behind a lookup, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteOf<'a> {
    /// The matching prefix.
    pub prefix: Ipv4Network,
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
    pub(super) root: u32,
    pub(super) routes: BTreeMap<Ipv4Network, Route>,
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

    /// The interface in a slot.
    pub fn bound_port(&self, slot: u32) -> Option<&BoundPort> {
        self.bound.iter().find(|port| port.slot == slot)
    }

    /// The port in a slot, as packets see it.
    pub fn port(&self, slot: u32) -> Option<&image::Port> {
        self.ports.get(slot as usize).filter(|port| port.kind != image::PORT_ABSENT)
    }

    /// An adjacency by index, as packets see it.
    pub fn adjacency(&self, index: u32) -> Option<&image::Adjacency> {
        self.adjacencies.get(index as usize)
    }

    /// How an adjacency reads in a trace: `gateway ERGW1 (conn1)`, `VM hub-vm (FastPath, conn1)`,
    /// `customer edge 172.16.1.1 (CIRCUIT_EQUINIX)`. Empty for an index outside the image.
    pub fn adjacency_name(&self, index: u32) -> &str {
        self.adjacency_names.get(index as usize).map_or("", |name| &name.text)
    }

    /// The gateway instance behind an adjacency.
    pub fn adjacency_instance(&self, index: u32) -> Option<Ipv4Addr> {
        self.adjacency_names.get(index as usize)?.instance
    }

    /// A VNet by index.
    pub fn vnet(&self, index: u32) -> Option<&CompiledVnet> {
        // Index 0 means "none" in punt metadata, so the first VNet is 1.
        self.vnet_names.get((index as usize).checked_sub(1)?)
    }

    /// Root node of a VRF.
    pub fn vrf_root(&self, vrf: &str) -> Option<u32> {
        self.vrfs.get(vrf).map(|table| table.root)
    }

    /// Index of the VNet that a source address belongs to on a fabric port.
    pub fn source_vnet(&self, fabric_slot: u32, source: Ipv4Addr) -> Option<u32> {
        let port = self.port(fabric_slot).filter(|port| port.kind == image::PORT_FABRIC)?;
        self.prefixes.lookup(port.root, source)
    }

    /// Index of the adjacency (the first of its group) behind the longest match from a VRF's root.
    pub fn lookup(&self, root: u32, destination: Ipv4Addr) -> Option<u32> {
        self.prefixes.lookup(root, destination)
    }

    /// The route behind [`Compiled::lookup`]. Walks all routes of the VRF: for people, not packets.
    pub fn route_of(&self, root: u32, destination: Ipv4Addr) -> Option<RouteOf<'_>> {
        let table = self.vrfs.values().find(|table| table.root == root)?;
        let matching = table.routes.iter().filter(|(prefix, _)| prefix.contains(destination));
        let (prefix, route) = matching.max_by_key(|(prefix, _)| prefix.prefix())?;
        Some(RouteOf { prefix: *prefix, route })
    }
}
