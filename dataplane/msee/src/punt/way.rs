//! The way a packet takes by our table, and the link header that it gets there.

use std::net::IpAddr;

use abi::image::{self, Adjacency, Tunnel};
use desired::MacAddress;

use crate::{
    fastpath::{Compiled, NextHop, Resolver, Roots},
    neighbours::{Known, Table},
    vxlan,
};

/// The way to a next hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It is known where the next hop is.
    Open(Open),
    /// That is to be found out first.
    Unknown(NextHop),
    /// The next hop does not say where it is.
    Unreachable,
}

/// A way that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) adjacency: Adjacency,
    /// The tunnel that it leads into.
    pub(super) tunnel: Option<Tunnel>,
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
    if adjacency.kind == image::ADJACENCY_DROP {
        return None;
    }
    // The host comes first: who is behind its tunnel is asked in there.
    let tunnel = match tunnel(compiled, neighbours, adjacency.tunnel)? {
        Ok(tunnel) => tunnel,
        Err(way) => return Some(way),
    };
    let mut adjacency = *adjacency;
    if adjacency.kind == image::ADJACENCY_UNRESOLVED {
        let next_hop = compiled.next_hop(index)?;
        if next_hop.resolver == Resolver::Declared {
            adjacency.kind = next_hop.kind;
        } else {
            match find(next_hop, neighbours) {
                Ok(mac) => adjacency = next_hop.adjacency(&adjacency, Some(mac)),
                Err(way) => return Some(way),
            }
        }
    }
    Some(Way::Open(Open { adjacency, tunnel }))
}

/// The tunnel with this index, if it has one; the error is why its host cannot be sent to now. `None`
/// when the image has no such tunnel.
pub(super) fn tunnel(
    compiled: &Compiled,
    neighbours: &Table,
    index: u16,
) -> Option<Result<Option<Tunnel>, Way>> {
    if index == 0 {
        return Some(Ok(None));
    }
    let tunnel = compiled.tunnel(index)?;
    if vxlan::is_resolved(tunnel) {
        return Some(Ok(Some(*tunnel)));
    }
    let mac = find(compiled.tunnel_host(index)?, neighbours);
    Some(mac.map(|mac| Some(vxlan::resolved(tunnel, mac))))
}

/// The MAC address of a station that the desired state has none of; the error is why there is none.
fn find(next_hop: &NextHop, neighbours: &Table) -> Result<MacAddress, Way> {
    match neighbours.known(&next_hop.neighbour) {
        // It was learned, and an image that says so is on its way.
        Known::At(mac) => Ok(mac),
        Known::Failed => Err(Way::Unreachable),
        Known::No if next_hop.resolver == Resolver::Nobody => Err(Way::Unreachable),
        Known::No => Err(Way::Unknown(*next_hop)),
    }
}

/// Appends MAC addresses, tags and EtherType. What is in front of them in a tunnel is
/// [`Frames`](super::Frames)'.
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
