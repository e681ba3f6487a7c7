//! Stage 7: TTL, checksum and MAC addresses rewritten, and out of the port.

use abi::{
    image::{ADJACENCY_CE, ADJACENCY_DIRECT, ADJACENCY_GATEWAY, Adjacency},
    verdict::Verdict,
};
use programs::header::{ETHERNET, Ipv4};

use crate::{
    checksum,
    end::{End, Fate},
    packet::Packet,
};

/// The TTL is the high byte of its word.
const ONE_HOP: u16 = 0x0100;

/// Rewrites the packet and sends it.
#[inline(always)]
pub fn send<const TRACED: bool>(
    packet: &mut Packet<'_, TRACED>,
    header: &Ipv4,
    adjacency: &Adjacency,
) -> Result<End, End> {
    let corrupt = End::drop(Verdict::LookupCorrupt);
    let slot = adjacency.port;
    let length = header.total_length();
    if length > adjacency.mtu as usize {
        return Err(if header.dont_fragment() {
            End::new(Fate::Punt, Verdict::TooBig, slot)
        } else {
            End::new(Fate::Drop, Verdict::TooBigFragmentable, slot)
        });
    }
    let verdict = match adjacency.kind {
        ADJACENCY_CE => Verdict::ForwardedCe,
        ADJACENCY_DIRECT => Verdict::ForwardedDirect,
        ADJACENCY_GATEWAY => Verdict::ForwardedGateway,
        _ => return Err(corrupt),
    };
    let before = header.ttl_protocol();
    let after = before.wrapping_sub(ONE_HOP);
    let ipv4: &mut Ipv4 = packet.frame.at_mut(ETHERNET).ok_or(corrupt)?;
    ipv4.set_ttl_protocol_and_checksum(after, checksum::updated(header.checksum(), before, after));
    let macs: &mut [u16; 6] = packet.frame.at_mut(0).ok_or(corrupt)?;
    let (pairs, _) = adjacency.macs.as_chunks::<2>();
    for (word, pair) in macs.iter_mut().zip(pairs) {
        *word = u16::from_ne_bytes(*pair);
    }
    let wanted = ETHERNET.wrapping_add(length);
    let fate = if packet.frame.length() > wanted {
        Fate::SendTrimmed(slot, wanted as u32)
    } else {
        Fate::Send(slot)
    };
    Ok(End::new(fate, verdict, slot))
}
