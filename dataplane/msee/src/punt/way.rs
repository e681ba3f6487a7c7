//! The way a packet takes by our table, and the link header that it gets there.

use std::net::IpAddr;

use abi::image::{self, Adjacency};

use crate::{
    fastpath::{Compiled, NextHop, Resolver, Roots},
    neighbours::{Known, Table},
};

/// The way to a next hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It is known where the next hop is.
    Open(Adjacency),
    /// That is to be found out first.
    Unknown(NextHop),
    /// The next hop does not say where it is.
    Unreachable,
}

/// The adjacency that a packet takes by a table, as an index; of a gateway's instances, the one the
/// pair of addresses picks. `None` when there is no route.
pub(super) fn lookup(
    compiled: &Compiled,
    roots: Roots,
    source: IpAddr,
    destination: IpAddr,
) -> Option<u32> {
    let leaf = compiled.lookup(roots, destination)?;
    let pair = low_bits(source) ^ low_bits(destination);
    // Fibonacci hashing: neighbouring addresses differ in the low bits, the product in the high.
    compiled.member(leaf, pair.wrapping_mul(0x9e37_79b1) >> 16)
}

/// The way by an adjacency. `None` when it says drop.
pub(super) fn way(compiled: &Compiled, neighbours: &Table, index: u32) -> Option<Way> {
    let adjacency = compiled.adjacency(index)?;
    match adjacency.kind {
        image::ADJACENCY_DROP => None,
        image::ADJACENCY_UNRESOLVED => {
            let next_hop = compiled.next_hop(index)?;
            Some(match neighbours.known(&next_hop.neighbour) {
                // It was learned, and an image that says so is on its way.
                Known::At(mac) => Way::Open(next_hop.adjacency(adjacency, Some(mac))),
                Known::Failed => Way::Unreachable,
                Known::No if next_hop.resolver == Resolver::Nobody => Way::Unreachable,
                Known::No => Way::Unknown(*next_hop),
            })
        }
        _ => Some(Way::Open(*adjacency)),
    }
}

/// Appends MAC addresses, tags and EtherType.
pub(super) fn put_link_header(adjacency: &Adjacency, ethertype: u16, out: &mut Vec<u8>) {
    let length = image::MACS + usize::from(adjacency.tag_length);
    out.extend_from_slice(adjacency.header.get(..length).unwrap_or_default());
    out.extend_from_slice(&ethertype.to_be_bytes());
}

fn low_bits(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            (bits ^ bits >> 64) as u32 ^ (bits >> 32) as u32
        }
    }
}
