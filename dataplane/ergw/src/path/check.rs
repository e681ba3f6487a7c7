//! Frame and header checks (RFC 1812 5.2.2, items 1 to 5).

use abi::verdict::Verdict;
use zerocopy::FromBytes as _;

use super::frame::{ETHERNET, Headers, IPV4};

/// Shortest IPv4 header, in bytes.
const SHORTEST: usize = 20;

/// The headers of the frame, when it is a well-formed IPv4 packet.
///
/// Ends with `gw_truncated` (shorter than its headers), `gw_not_ipv4` (flooded ARP and such) or
/// `gw_header`. Bytes behind the packet, Ethernet's padding, are allowed.
pub fn check(frame: &mut [u8]) -> Result<&mut Headers, Verdict> {
    let ether_type = frame.get(12..ETHERNET).ok_or(Verdict::GwTruncated)?;
    if ether_type != IPV4 {
        return Err(Verdict::GwNotIpv4);
    }
    let packet = frame.get(ETHERNET..).unwrap_or_default();
    // 1. Long enough for the smallest header.
    let [version_and_length, _, length_high, length_low, ..] = *packet else {
        return Err(Verdict::GwTruncated);
    };
    if packet.len() < SHORTEST {
        return Err(Verdict::GwTruncated);
    }
    // 3. The version is 4.
    if version_and_length >> 4 != 4 {
        return Err(Verdict::GwHeader);
    }
    // 4. The header is at least its fixed part long.
    let header_length = usize::from(version_and_length & 0x0f) * 4;
    if header_length < SHORTEST {
        return Err(Verdict::GwHeader);
    }
    let header = packet.get(..header_length).ok_or(Verdict::GwTruncated)?;
    // 5. The packet is at least as long as its header, and the frame holds all of it.
    let total_length = usize::from(u16::from_be_bytes([length_high, length_low]));
    if total_length < header_length {
        return Err(Verdict::GwHeader);
    }
    if total_length > packet.len() {
        return Err(Verdict::GwTruncated);
    }
    // 2. The checksum is right. Last, because it reads what the others have bounded.
    if sum(header) != 0xffff {
        return Err(Verdict::GwHeader);
    }
    let (headers, _) = Headers::mut_from_prefix(frame).map_err(|_| Verdict::GwTruncated)?;
    Ok(headers)
}

/// One's complement sum (RFC 1071) of a header, whose length is a multiple of 4.
fn sum(header: &[u8]) -> u16 {
    let (words, _) = header.as_chunks::<2>();
    let total: u32 = words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum();
    // At most 30 words: one fold leaves at most one carry, the second none.
    let folded = (total >> 16) + (total & 0xffff);
    ((folded >> 16) + (folded & 0xffff)) as u16
}

#[cfg(test)]
mod tests;
