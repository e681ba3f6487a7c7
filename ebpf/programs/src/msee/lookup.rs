//! Stage 5: longest prefix match, one byte of the address a node.
//!
//! Prefixes were pushed down to the leaves when the image was compiled: the first leaf met is the
//! longest match, and the node of an address's last octet has nothing but leaves.
//!
//! Passes on: the index of an adjacency, or of a group with `GROUP`.

use abi::{
    image::{LEAF, NO_ROUTE},
    verdict::{Stage, Verdict},
};

use crate::{end::End, image::Image, network::Network, packet::Packet, port::Side};

/// Finds the route to the packet's destination.
#[inline(always)]
pub fn route<const TRACED: bool, N: Network>(
    packet: &mut Packet<'_, TRACED>,
    header: &N,
    side: &Side,
) -> Result<u32, End> {
    let root = match side {
        Side::Circuit(port) => N::root_of_port(port),
        Side::Vnet(vnet) => N::root_of_vnet(vnet),
    };
    let adjacency = walk(packet.image, root, header.destination_octets())?;
    let adjacency = adjacency.ok_or(End::punt(Verdict::NoRoute))?;
    packet.metadata.adjacency = adjacency;
    packet.trace.step(Stage::Lookup, 0, adjacency);
    Ok(adjacency)
}

/// Walks from `root` along the octets of an address: the index in the leaf, or none when nothing
/// matches.
#[inline(always)]
pub fn walk(
    image: Image,
    root: u32,
    octets: impl IntoIterator<Item = u8>,
) -> Result<Option<u32>, End> {
    let corrupt = End::drop(Verdict::LookupCorrupt);
    let mut index = root;
    for octet in octets {
        let node = image.node(index).ok_or(corrupt)?;
        let entry = *node.get(usize::from(octet)).ok_or(corrupt)?;
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
