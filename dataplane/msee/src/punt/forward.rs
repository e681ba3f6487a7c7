//! A packet that goes on from userspace: its next hop was not known in the image that judged it, or it
//! is to be cut.
//!
//! The rules are those of the fast path's last stages, in their order: TTL, next hop, MTU, rewrite. A
//! packet takes one hop here or there, never both, and is counted as forwarded where it is sent.
//!
//! One rule is left out: what arrives while a customer edge is being found is not policed, cut or not; the
//! budget of exceptions bounds it. What the fast path punts to be cut has paid there.

use abi::{
    image::{ADJACENCY_CE, ADJACENCY_DIRECT, ADJACENCY_GATEWAY},
    verdict::Verdict,
};
use packet::{Ipv4, Packet, checksum};

use super::{
    Frames,
    decide::{Origin, Punt, Stop},
    fragment,
    way::{self, Open, Way, put_link_header},
};
use crate::{fastpath::Compiled, icmp::error::ErrorMessage, neighbours::Table};

/// What became of a packet.
pub(super) enum Onward {
    /// It is written, to be counted so, and leaves by the port in this slot.
    Sent(Verdict, u32),
    /// It ends here, and its sender is to be told why.
    Ended(ErrorMessage),
}

/// Sends a packet on by the image in force, with what is known of neighbours.
pub(super) fn forward(
    punt: &Punt<'_>,
    packet: &Packet<'_>,
    origin: &Origin,
    compiled: &Compiled,
    neighbours: &Table,
    out: &mut Frames,
) -> Result<Onward, Stop> {
    // The fast path knows the member of a group that the flow belongs to, as long as its image is
    // the one in force.
    let metadata = punt.metadata;
    let is_current = metadata.adjacency != 0 && metadata.generation == compiled.generation() as u32;
    let index = if is_current {
        metadata.adjacency
    } else {
        let found = way::lookup(compiled, origin.roots, packet.source(), packet.destination());
        let Some(index) = found else { return Ok(Onward::Ended(ErrorMessage::NetUnreachable)) };
        index
    };
    if hops(packet) <= 1 {
        return Ok(Onward::Ended(ErrorMessage::TimeExceeded));
    }
    let Open { adjacency, tunnel } = match way::way(compiled, neighbours, index) {
        None => return Err(Verdict::AdjacencyDrop.into()),
        // RFC 1812 3.3.2: not before asking has proved fruitless.
        Some(Way::Unreachable) => return Ok(Onward::Ended(ErrorMessage::HostUnreachable)),
        Some(Way::Unknown(next_hop)) => return Err(Stop::Wait(next_hop)),
        Some(Way::Open(open)) => open,
    };
    let verdict = match (packet.bytes().len() <= adjacency.mtu.into(), packet) {
        (true, _) => {
            out.add(tunnel.as_ref(), |out| {
                put_link_header(&adjacency, packet.ethertype(), out);
                put_one_hop_on(packet, out);
            });
            match adjacency.kind {
                ADJACENCY_CE => Verdict::ForwardedCe,
                ADJACENCY_DIRECT => Verdict::ForwardedDirect,
                ADJACENCY_GATEWAY => Verdict::ForwardedGateway,
                _ => return Err(Verdict::LookupCorrupt.into()),
            }
        }
        (false, Packet::Ipv4(ipv4)) if !ipv4.dont_fragment() => {
            put_fragments(ipv4, &Open { adjacency, tunnel }, packet.ethertype(), out)
                .ok_or(Verdict::PuntMalformed)?;
            Verdict::Fragmented
        }
        (false, _) => {
            let mtu = adjacency.mtu;
            return Ok(Onward::Ended(ErrorMessage::FragmentationNeeded { mtu }));
        }
    };
    Ok(Onward::Sent(verdict, adjacency.port.into()))
}

fn hops(packet: &Packet<'_>) -> u8 {
    match packet {
        Packet::Ipv4(packet) => packet.ttl(),
        Packet::Ipv6(packet) => packet.hop_limit(),
    }
}

/// Appends the packet with one hop taken off it.
fn put_one_hop_on(packet: &Packet<'_>, out: &mut Vec<u8>) {
    let at = out.len();
    out.extend_from_slice(packet.bytes());
    let Some(bytes) = out.get_mut(at..) else { return };
    match (packet, bytes) {
        (Packet::Ipv4(_), [_, _, _, _, _, _, _, _, ttl, protocol, high, low, ..]) => {
            let before = u16::from_be_bytes([*ttl, *protocol]);
            *ttl = ttl.saturating_sub(1);
            let after = u16::from_be_bytes([*ttl, *protocol]);
            let sum = checksum::updated(u16::from_be_bytes([*high, *low]), before, after);
            [*high, *low] = sum.to_be_bytes();
        }
        (Packet::Ipv6(_), [_, _, _, _, _, _, _, hop_limit, ..]) => {
            *hop_limit = hop_limit.saturating_sub(1);
        }
        // Both were parsed: no packet is shorter than its header.
        _ => {}
    }
}

/// Adds a frame for each piece of the packet that the next hop takes.
fn put_fragments(packet: &Ipv4<'_>, way: &Open, ethertype: u16, out: &mut Frames) -> Option<()> {
    fragment::fragment(packet, way.adjacency.mtu.into(), |header, data| {
        out.add(way.tunnel.as_ref(), |out| {
            put_link_header(&way.adjacency, ethertype, out);
            out.extend_from_slice(header);
            out.extend_from_slice(data);
        });
    })
}
