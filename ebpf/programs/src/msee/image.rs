//! The image in force, and its tables.
//!
//! An index is checked against its bank before it is used, so a wrong one cannot read the bank that
//! userspace is filling.
#![allow(unsafe_code, reason = "reads of map memory that userspace writes")]

use abi::{
    image::{Adjacency, Node, Port, PortKey, Tunnel, Vnet},
    limits,
};
use aya_ebpf::maps::Array;

use crate::maps;

/// One generation of the forwarding image.
#[derive(Clone, Copy)]
pub struct Image {
    generation: u64,
}

impl Image {
    /// The generation in force, read once.
    #[inline(always)]
    pub fn in_force() -> Self {
        // SAFETY: a) the pointer is to the one element of the map; b) it is 8-byte aligned, so the
        // load is one instruction and never sees half of userspace's store; c) volatile, so that it
        // is not repeated.
        let generation = maps::ACTIVE
            .get_ptr(0)
            .map_or(0, |active| unsafe { active.read_volatile() }.generation);
        Self { generation }
    }

    /// Low half of the generation.
    #[inline(always)]
    pub fn generation(self) -> u32 {
        self.generation as u32
    }

    /// The slot of a port. Before the first image there is none: its bank is all zeroes.
    #[inline(always)]
    pub fn slot(self, key: PortKey) -> Option<u32> {
        let first = key.bucket();
        for probe in 0..limits::PORT_PROBES {
            let bucket = first.wrapping_add(probe) % limits::PORT_BUCKETS;
            let place = self.element(&maps::PORT_SLOTS, bucket, limits::PORT_BUCKETS)?;
            if place.slot == 0 {
                return None;
            }
            if place.key == key {
                return Some(place.slot);
            }
        }
        None
    }

    /// A port by slot.
    #[inline(always)]
    pub fn port(self, slot: u32) -> Option<&'static Port> {
        self.element(&maps::PORTS, slot, limits::PORTS)
    }

    /// A VNet by index.
    #[inline(always)]
    pub fn vnet(self, index: u32) -> Option<&'static Vnet> {
        self.element(&maps::VNETS, index, limits::VNETS)
    }

    /// An adjacency by index.
    #[inline(always)]
    pub fn adjacency(self, index: u32) -> Option<&'static Adjacency> {
        self.element(&maps::ADJACENCIES, index, limits::ADJACENCIES)
    }

    /// The adjacency in a place of a group; the place is taken modulo their number.
    #[inline(always)]
    pub fn member(self, group: u32, place: u32) -> Option<u32> {
        let places = self.element(&maps::GROUPS, group, limits::GROUPS)?;
        let place = place as usize & (limits::GROUP_PLACES - 1);
        places.get(place).map(|index| u32::from(*index))
    }

    /// A tunnel by index.
    #[inline(always)]
    pub fn tunnel(self, index: u32) -> Option<&'static Tunnel> {
        self.element(&maps::TUNNELS, index, limits::TUNNELS)
    }

    /// A prefix node by index.
    #[inline(always)]
    pub fn node(self, index: u32) -> Option<&'static Node> {
        self.element(&maps::NODES, index, limits::NODES)
    }

    #[inline(always)]
    fn element<T>(self, table: &'static Array<T>, index: u32, length: u32) -> Option<&'static T> {
        if index >= length {
            return None;
        }
        let bank = self.generation() % limits::BANKS;
        table.get(bank.wrapping_mul(length).wrapping_add(index))
    }
}

const _: () = assert!(limits::GROUP_PLACES.is_power_of_two());
const _: () = assert!(limits::BANKS == 2, "the lowest bit of the generation selects the bank");
