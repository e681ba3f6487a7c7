//! What RFC 8200 3 lets a node on the way rely on. There is no checksum, and what follows the header
//! is between the ends of the packet's way (RFC 8200 4).

use abi::verdict::Verdict;
use zerocopy::FromBytes as _;

use crate::path::frame::Ipv6;

/// Next header of the Hop-by-Hop Options header.
const HOP_BY_HOP: u8 = 0;

/// The header of an IPv6 packet, which may be followed by padding.
pub(super) fn check(packet: &mut [u8]) -> Result<&mut Ipv6, Verdict> {
    let (header, payload) = Ipv6::mut_from_prefix(packet).map_err(|_| Verdict::GwTruncated)?;
    let [first, ..] = header.version_class_flow;
    if first >> 4 != 6 {
        return Err(Verdict::GwHeader);
    }
    let payload_length = usize::from(u16::from_be_bytes(header.payload_length));
    // RFC 2675 3: length 0 before a Hop-by-Hop Options header is a jumbogram. No frame holds one.
    if payload_length == 0 && header.next_header == HOP_BY_HOP {
        return Err(Verdict::GwHeader);
    }
    if payload_length > payload.len() {
        return Err(Verdict::GwTruncated);
    }
    Ok(header)
}

#[cfg(test)]
mod tests;
