//! RFC 1812 5.2.2, items 1 to 5.

use abi::verdict::Verdict;
use zerocopy::{FromBytes as _, IntoBytes as _};

use crate::path::frame::Ipv4;

/// Length of the header without options, in bytes.
const FIXED: usize = size_of::<Ipv4>();

/// The header of an IPv4 packet, which may be followed by padding.
pub(super) fn check(packet: &mut [u8]) -> Result<&mut Ipv4, Verdict> {
    // 1. Long enough for the smallest header.
    let (header, rest) = Ipv4::mut_from_prefix(packet).map_err(|_| Verdict::GwTruncated)?;
    // 3. The version is 4.
    if header.version_and_length >> 4 != 4 {
        return Err(Verdict::GwHeader);
    }
    // 4. The header is at least its fixed part long.
    let header_length = usize::from(header.version_and_length & 0x0f) * 4;
    let Some(options_length) = header_length.checked_sub(FIXED) else {
        return Err(Verdict::GwHeader);
    };
    let options = rest.get(..options_length).ok_or(Verdict::GwTruncated)?;
    // 5. The packet is at least as long as its header, and the frame holds all of it.
    let total_length = usize::from(u16::from_be_bytes(header.total_length));
    if total_length < header_length {
        return Err(Verdict::GwHeader);
    }
    if total_length > FIXED + rest.len() {
        return Err(Verdict::GwTruncated);
    }
    // 2. The checksum is right. Last, because it reads what the others have bounded.
    if fold(sum(header.as_bytes()) + sum(options)) != 0xffff {
        return Err(Verdict::GwHeader);
    }
    Ok(header)
}

/// Sum of 16-bit words (RFC 1071), of which a header has at most 30: 32 bits cannot overflow.
fn sum(bytes: &[u8]) -> u32 {
    let (words, _) = bytes.as_chunks::<2>();
    words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum()
}

/// A sum of 30 words at most in 16 bits: the first fold leaves at most one carry, the second none.
fn fold(sum: u32) -> u16 {
    let folded = (sum >> 16) + (sum & 0xffff);
    ((folded >> 16) + (folded & 0xffff)) as u16
}

#[cfg(test)]
mod tests;
