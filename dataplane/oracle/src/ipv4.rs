//! The header checks of IPv4 (RFC 1812 5.2.2), and what forwarding does to the header.

use std::net::{IpAddr, Ipv4Addr};

use abi::verdict::Verdict;

use crate::{
    checksum,
    field::{number, octets},
    packet::Packet,
};

/// Bytes of a header without options.
const SHORTEST: usize = 20;
const ICMP: u8 = 1;
const DONT_FRAGMENT: u16 = 0x4000;
/// More Fragments, and the offset: a packet with any of them set is a fragment.
const FRAGMENT: u16 = 0x3fff;

/// Checks the header in front of what a frame carries. The RFC numbers the checks 1 to 5; the version
/// comes before the checksum here, because nothing else of a header of another version means anything.
pub(crate) fn check(carried: &[u8]) -> Result<Packet<'_>, Verdict> {
    // (1) long enough for the shortest header
    let header: [u8; SHORTEST] = octets(carried, 0).ok_or(Verdict::PortTruncated)?;
    // (3) version 4
    if header[0] >> 4 != 4 {
        return Err(Verdict::CheckVersion);
    }
    // (4) a header length of at least 5 words; and the frame holds them
    let header_length = usize::from(header[0] & 0x0f) * 4;
    let with_options = carried.get(..header_length).ok_or(Verdict::CheckHeaderLength)?;
    if header_length < SHORTEST {
        return Err(Verdict::CheckHeaderLength);
    }
    // (2) the checksum, options included
    if !checksum::is_right(with_options) {
        return Err(Verdict::CheckChecksum);
    }
    // (5) a total length that holds the header; and the frame holds it all. What the frame carries
    // behind it is padding.
    let total_length = usize::from(number(carried, 2).ok_or(Verdict::PortTruncated)?);
    let bytes = carried.get(..total_length).ok_or(Verdict::CheckTotalLength)?;
    let payload = bytes.get(header_length..).ok_or(Verdict::CheckTotalLength)?;

    let source = Ipv4Addr::from_octets([header[12], header[13], header[14], header[15]]);
    let destination = Ipv4Addr::from_octets([header[16], header[17], header[18], header[19]]);
    if is_martian(source) {
        return Err(Verdict::CheckMartianSource);
    }
    if is_martian(destination) {
        return Err(Verdict::CheckMartianDestination);
    }
    let fragmentation = u16::from_be_bytes([header[6], header[7]]);
    let whole_icmp = header[9] == ICMP && fragmentation & FRAGMENT == 0;
    Ok(Packet {
        source: IpAddr::V4(source),
        destination: IpAddr::V4(destination),
        hop_limit: header[8],
        bytes,
        may_fragment: fragmentation & DONT_FRAGMENT == 0,
        message: payload.first_chunk().map(|[kind, _]| *kind).filter(|_| whole_icmp),
    })
}

/// RFC 1812 5.3.7: this network, loopback, multicast (no group is forwarded here) and class E with
/// the limited broadcast address.
const fn is_martian(address: Ipv4Addr) -> bool {
    matches!(address.octets()[0], 0 | 127 | 224..=255)
}

/// The packet as it leaves: RFC 1812 5.3.1, one off the TTL; 4.2.2.5, a checksum that is right.
/// Options stay as they are.
pub(crate) fn forwarded(packet: &[u8]) -> Vec<u8> {
    let mut bytes = packet.to_vec();
    let header_length = packet.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
    if let Some(header) = bytes.get_mut(..header_length)
        && let Some([.., ttl, _, high, low]) = header.first_chunk_mut::<12>()
    {
        *ttl = ttl.saturating_sub(1);
        [*high, *low] = [0, 0];
        let right = checksum::of(header);
        if let Some([.., high, low]) = header.first_chunk_mut::<12>() {
            [*high, *low] = right.to_be_bytes();
        }
    }
    bytes
}

#[cfg(test)]
mod tests;
