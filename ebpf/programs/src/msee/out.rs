//! Stage 8: one hop taken, link header rewritten, and out of the port.

use abi::{
    image::{ADJACENCY_CE, ADJACENCY_DIRECT, ADJACENCY_GATEWAY, Adjacency},
    verdict::Verdict,
};
use programs::{
    frame::Refused,
    header::{ETHERNET, IPV4},
};

use crate::{
    encapsulate,
    end::{End, Fate},
    network::Network,
    packet::Packet,
    police,
    tags::NoHeadroom,
};

/// Rewrites the packet and sends it.
#[inline(always)]
pub fn send<const TRACED: bool, N: Network>(
    packet: &mut Packet<'_, TRACED>,
    header: &N,
    adjacency: &Adjacency,
) -> Result<End, End> {
    let corrupt = End::drop(Verdict::LookupCorrupt);
    let slot = u32::from(adjacency.port);
    let (length, mtu) = (header.length(), usize::from(adjacency.mtu));
    if length > mtu {
        if !header.may_be_fragmented() {
            // The sender is told (RFC 1191, RFC 8201).
            return Err(End::punt_with(Verdict::TooBig, slot));
        }
        // The slow path cuts it (RFC 791 3.2). The pieces pay here, and together: there is one policer, and a
        // packet of which some pieces are missing is of no use to anybody.
        if adjacency.kind == ADJACENCY_CE {
            police::to_customer(packet, slot, length.wrapping_add(extra_headers(length, mtu)))?;
        }
        return Err(End::punt_with(Verdict::TooBigFragmentable, slot));
    }
    let verdict = match adjacency.kind {
        ADJACENCY_CE => Verdict::ForwardedCe,
        ADJACENCY_DIRECT => Verdict::ForwardedDirect,
        ADJACENCY_GATEWAY => Verdict::ForwardedGateway,
        _ => return Err(corrupt),
    };
    if adjacency.kind == ADJACENCY_CE {
        police::to_customer(packet, slot, length)?;
    }
    // The check has seen that the frame holds the packet.
    let padding = packet.carried().wrapping_sub(length);
    header.take_hop(packet).ok_or(corrupt)?;
    let (macs, tags) = split(adjacency);
    packet
        .set_link_header(macs, tags, adjacency.tag_length)
        .map_err(|NoHeadroom| End::new(Fate::Drop, Verdict::NoHeadroom, slot))?;
    if padding != 0 {
        // Never refused: it leaves both headers.
        packet.frame.cut(padding).map_err(|Refused| End::drop(Verdict::None))?;
    }
    if adjacency.tunnel != 0 {
        encapsulate::send(packet, header, u32::from(adjacency.tunnel))?;
    }
    Ok(End::new(Fate::Send(slot), verdict, slot))
}

/// Bytes of the IPv4 and Ethernet headers of all pieces but the first, when a packet of `length` bytes is
/// cut for a link that takes `mtu`. All but the last piece carry a multiple of 8 bytes (RFC 791 3.2).
#[inline(always)]
fn extra_headers(length: usize, mtu: usize) -> usize {
    let room = mtu.saturating_sub(IPV4) & !7;
    let data = length.saturating_sub(IPV4);
    let later = data.saturating_sub(1).checked_div(room).unwrap_or(0);
    later.wrapping_mul(IPV4.wrapping_add(ETHERNET))
}

/// The MAC addresses, in words as they lie in a frame, and the tags.
#[inline(always)]
fn split(adjacency: &Adjacency) -> ([u16; 6], [u8; 8]) {
    let [a, b, c, d, e, f, g, h, i, j, k, l, tags @ ..] = adjacency.header;
    let pair = |high, low| u16::from_ne_bytes([high, low]);
    ([pair(a, b), pair(c, d), pair(e, f), pair(g, h), pair(i, j), pair(k, l)], tags)
}
