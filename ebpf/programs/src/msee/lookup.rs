//! Stage 4: longest prefix match, one byte of the address a node.
//!
//! Prefixes were pushed down to the leaves when the image was compiled: the first leaf met is the
//! longest match, and the fourth node has nothing but leaves.
//!
//! Passes on: the index of an adjacency.

use abi::{
    image::{LEAF, NO_ROUTE},
    verdict::{Stage, Verdict},
};
use programs::header::Ipv4;

use crate::{end::End, image::Image, packet::Packet, port::Side};

/// Finds the route to the packet's destination.
#[inline(always)]
pub fn route<const TRACED: bool>(
    packet: &mut Packet<'_, TRACED>,
    header: &Ipv4,
    side: &Side,
) -> Result<u32, End> {
    let adjacency =
        walk(packet.image, side.root, header.destination())?.ok_or(End::punt(Verdict::NoRoute))?;
    packet.metadata.adjacency = adjacency;
    packet.trace.step(Stage::Lookup, 0, adjacency);
    Ok(adjacency)
}

/// Walks from `root` along `address`: the index in the leaf, or none when nothing matches.
#[inline(always)]
pub fn walk(image: Image, root: u32, address: [u8; 4]) -> Result<Option<u32>, End> {
    let corrupt = End::drop(Verdict::LookupCorrupt);
    let mut index = root;
    for byte in address {
        let node = image.node(index).ok_or(corrupt)?;
        let entry = *node.get(usize::from(byte)).ok_or(corrupt)?;
        if entry == NO_ROUTE {
            return Ok(None);
        }
        if entry & LEAF != 0 {
            return Ok(Some(entry & !LEAF));
        }
        index = entry;
    }
    Err(corrupt)
}
