//! Who is behind each adjacency, and where the MAC address comes from: from the desired state, and
//! where that has none, from what was learned.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
};

use abi::{
    image::{self, PortKey},
    limits,
};
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

    /// Enters a neighbour that is left to others to find.
    pub(super) fn leave_open(&mut self, neighbour: Neighbour, resolver: Resolver) {
        self.undeclared.insert(neighbour, resolver);
    }

    /// The next hop of an adjacency.
    pub(super) fn get(&self, index: u32) -> Option<&NextHop> {
        self.by_index.get(index as usize)?.as_ref()
    }

    /// Gives adjacencies that the desired state has no MAC address for the learned one, and those whose
    /// next hop is not known any more none.
    pub(super) fn resolve(&mut self, entries: &mut [image::Adjacency], learned: &Neighbours) {
        for (entry, next_hop) in entries.iter_mut().zip(&self.by_index) {
            let undeclared = next_hop.filter(|it| it.resolver != Resolver::Declared);
            let Some(next_hop) = undeclared else { continue };
            self.undeclared.insert(next_hop.neighbour, next_hop.resolver);
            *entry = next_hop.adjacency(entry, learned.mac(&next_hop.neighbour));
        }
    }

    /// The MAC addresses in adjacencies that were learned.
    pub(super) fn learned(&self, entries: &[image::Adjacency]) -> Neighbours {
        let learned = entries.iter().zip(&self.by_index).filter_map(|(entry, next_hop)| {
            let next_hop = next_hop.filter(|it| it.resolver != Resolver::Declared)?;
            let is_known = entry.kind != image::ADJACENCY_UNRESOLVED;
            is_known.then_some((next_hop.neighbour, destination(entry)))
        });
        learned.collect()
    }

    /// As they are in an image.
    pub(super) fn entries(&self) -> Vec<image::NextHop> {
        let entry = |next_hop: &Option<NextHop>| {
            next_hop.map_or_else(image::NextHop::default, |next_hop| image::NextHop {
                address: octets(next_hop.neighbour.address),
                kind: next_hop.kind,
                resolver: next_hop.resolver.number(),
                ..image::NextHop::default()
            })
        };
        let end = image::NextHop::default();
        let entries = self.by_index.iter().map(entry).chain([end]);
        entries.take(limits::ADJACENCIES as usize).collect()
    }

    /// From an image; `port` says what arrives by the port in a slot.
    pub(super) fn recover(
        entries: &[image::NextHop],
        adjacencies: &[image::Adjacency],
        port: impl Fn(u32) -> Option<PortKey>,
    ) -> Self {
        let mut next_hops = Self { by_index: vec![None], ..Self::default() };
        for (entry, adjacency) in entries.iter().zip(adjacencies).skip(1) {
            let Some(resolver) = Resolver::from_number(entry.resolver) else { break };
            let address = Ipv6Addr::from(entry.address).to_canonical();
            let next_hop = port(adjacency.port.into()).map(|port| NextHop {
                neighbour: Neighbour::new(port, address),
                kind: entry.kind,
                resolver,
            });
            next_hops.push(next_hop);
            let Some(NextHop { neighbour, .. }) = next_hop else { continue };
            if resolver == Resolver::Declared {
                next_hops.declare(neighbour, destination(adjacency));
            } else {
                next_hops.undeclared.insert(neighbour, resolver);
            }
        }
        next_hops
    }
}

fn destination(adjacency: &image::Adjacency) -> MacAddress {
    MacAddress(adjacency.header.first_chunk().copied().unwrap_or_default())
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

#[cfg(test)]
mod tests;
