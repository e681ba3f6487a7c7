//! The header checksum (RFC 1071), and its update when the TTL falls (RFC 1624).
//!
//! The trap: ones' complement has two zeros. RFC 1141's shortcut for the TTL (add 0x0100) can leave
//! 0xffff where the sum over the bytes gives 0x0000; RFC 1624 equation 3 cannot.
//!
//! Plain arithmetic without any BPF in it: the tests of `dataplane/msee` compile this file for the
//! host and try every checksum with every TTL.

/// Whether a header is intact, by the sum of all its 16-bit words, checksum included. Byte order
/// does not matter (RFC 1071 section 2 B).
#[inline(always)]
pub fn is_intact(sum: u32) -> bool {
    fold(sum) == 0xffff
}

/// The checksum after the word of TTL and protocol changed (RFC 1624 equation 3,
/// `HC' = ~(~HC + ~m + m')`). All in host byte order.
#[inline(always)]
pub fn updated(checksum: u16, before: u16, after: u16) -> u16 {
    let sum = u32::from(!checksum).wrapping_add(u32::from(!before)).wrapping_add(u32::from(after));
    !fold(sum)
}

/// Folds a sum of at most 65,537 words into 16 bits.
#[inline(always)]
fn fold(sum: u32) -> u16 {
    let once = (sum & 0xffff).wrapping_add(sum >> 16);
    (once & 0xffff).wrapping_add(once >> 16) as u16
}
