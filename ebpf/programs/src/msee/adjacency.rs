//! Stage 7: the next hop, among the members of a group by flow hash.
//!
//! Passes on: the adjacency.

use abi::{
    image::{ADJACENCY_DROP, ADJACENCY_UNRESOLVED, Adjacency, GROUP},
    verdict::{Stage, Verdict},
};

use crate::{
    end::{End, Fate},
    network::Network,
    packet::Packet,
};

/// Chooses the next hop.
#[inline(always)]
pub fn choose<const TRACED: bool, N: Network>(
    packet: &mut Packet<'_, TRACED>,
    header: &N,
    route: u32,
) -> Result<&'static Adjacency, End> {
    let corrupt = End::drop(Verdict::LookupCorrupt);
    let mut index = route;
    if route & GROUP != 0 {
        let place = header.flow(packet);
        index = packet.image.member(route & !GROUP, place).ok_or(corrupt)?;
    }
    let adjacency = packet.image.adjacency(index).ok_or(corrupt)?;
    if adjacency.kind == ADJACENCY_DROP {
        let end = End::new(Fate::Drop, Verdict::AdjacencyDrop, index);
        return Err(End { verdict: adjacency.verdict, ..end });
    }
    packet.metadata.adjacency = index;
    if adjacency.kind == ADJACENCY_UNRESOLVED {
        return Err(End::punt_with(Verdict::NeighbourUnresolved, index));
    }
    packet.trace.step(Stage::Adjacency, 0, index);
    Ok(adjacency)
}
