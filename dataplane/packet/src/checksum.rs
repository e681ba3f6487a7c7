//! The internet checksum (RFC 1071), and its incremental update (RFC 1624).
//!
//! The trap: ones' complement has two zeros. RFC 1141's update can give a checksum of 0xffff where
//! the sum over the bytes gives 0x0000; RFC 1624 equation 3 cannot, so only that one is here.

use std::net::Ipv6Addr;

/// The checksum of `bytes` as one block; an odd last byte counts as the high half of a word.
///
/// Over a header that already carries its checksum the result is 0 when the checksum is right.
pub fn internet(bytes: &[u8]) -> u16 {
    !fold(sum(bytes))
}

/// The checksum of the pseudo header (RFC 9293 3.1, RFC 768) followed by `segment`.
pub fn transport(source: [u8; 4], destination: [u8; 4], protocol: u8, segment: &[u8]) -> u16 {
    let length = u32::try_from(segment.len()).unwrap_or(u32::MAX);
    let pseudo = sum(&source) + sum(&destination) + u64::from(protocol) + u64::from(length);
    !fold(pseudo + sum(segment))
}

/// The same of IPv6 (RFC 8200 8.1).
pub fn transport_ipv6(
    source: Ipv6Addr,
    destination: Ipv6Addr,
    next_header: u8,
    segment: &[u8],
) -> u16 {
    let length = u32::try_from(segment.len()).unwrap_or(u32::MAX);
    // The length takes two words; one is as good, for the sum is folded.
    let pseudo = sum(&source.octets()) + sum(&destination.octets());
    !fold(pseudo + u64::from(length) + u64::from(next_header) + sum(segment))
}

/// `checksum` after one 16-bit word it covers changed from `before` to `after` (RFC 1624 eqn. 3).
pub fn updated(checksum: u16, before: u16, after: u16) -> u16 {
    !fold(u64::from(!checksum) + u64::from(!before) + u64::from(after))
}

fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<2>();
    let tail = rest.first().map_or(0, |byte| u64::from(*byte) << 8);
    words.iter().map(|word| u64::from(u16::from_be_bytes(*word))).sum::<u64>() + tail
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests;
