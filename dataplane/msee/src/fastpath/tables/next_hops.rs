//! Who is behind each adjacency, and where the MAC address comes from: from the desired state, and
//! where that has none, from what was learned.

use std::collections::BTreeMap;

use abi::image;
use desired::MacAddress;

use crate::fastpath::neighbours::{Neighbour, Neighbours, NextHop, Resolver};

/// The next hops of an image.
#[derive(Clone, Debug, Default)]
pub(super) struct NextHops {
    /// By adjacency index.
    by_index: Vec<Option<NextHop>>,
    /// The MAC addresses that the desired state has.
    pub(super) declared: BTreeMap<Neighbour, MacAddress>,
    /// The neighbours that it leaves to others to find.
    pub(super) undeclared: BTreeMap<Neighbour, Resolver>,
}

impl NextHops {
    /// Enters the next hop of the adjacency after the last one; none where it leads nowhere.
    pub(super) fn push(&mut self, next_hop: Option<NextHop>) {
        self.by_index.push(next_hop);
    }

    /// Enters what the desired state says of a neighbour.
    pub(super) fn declare(&mut self, neighbour: Neighbour, mac: MacAddress) {
        self.declared.insert(neighbour, mac);
    }

    /// The next hop of an adjacency.
    pub(super) fn get(&self, index: u32) -> Option<&NextHop> {
        self.by_index.get(index as usize)?.as_ref()
    }

    /// Gives adjacencies that the desired state has no MAC address for the learned one.
    pub(super) fn resolve(&mut self, entries: &mut [image::Adjacency], learned: &Neighbours) {
        for (entry, next_hop) in entries.iter_mut().zip(&self.by_index) {
            let undeclared = next_hop.filter(|it| it.resolver != Resolver::Declared);
            let Some(next_hop) = undeclared else { continue };
            self.undeclared.insert(next_hop.neighbour, next_hop.resolver);
            if let Some(mac) = learned.mac(&next_hop.neighbour) {
                *entry = next_hop.resolved(entry, mac);
            }
        }
    }
}
