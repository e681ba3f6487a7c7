//! The header checks of IPv6 (RFC 8200 3), and what forwarding does to the header.
//!
//! Extension headers are the receiver's, not a router's (RFC 8200 4): none is read, not even
//! hop-by-hop options, so a packet whose ICMPv6 message sits behind one is like any other.

use std::net::{IpAddr, Ipv6Addr};

use abi::verdict::Verdict;

use crate::{field::octets, packet::Packet};

const HEADER: usize = 40;
const HOP_BY_HOP: u8 = 0;
const ICMPV6: u8 = 58;

/// Checks the header in front of what a frame carries.
pub(crate) fn check(carried: &[u8]) -> Result<Packet<'_>, Verdict> {
    let header: [u8; HEADER] = octets(carried, 0).ok_or(Verdict::PortTruncated)?;
    if header[0] >> 4 != 6 {
        return Err(Verdict::CheckVersion);
    }
    // A length of zero in front of hop-by-hop options announces a jumbogram (RFC 2675 3), which no
    // link here carries. With any other header it means what it says.
    let payload_length = u16::from_be_bytes([header[4], header[5]]);
    let next_header = header[6];
    if payload_length == 0 && next_header == HOP_BY_HOP {
        return Err(Verdict::CheckTotalLength);
    }
    let length = HEADER + usize::from(payload_length);
    let bytes = carried.get(..length).ok_or(Verdict::CheckTotalLength)?;

    let (source, destination) = addresses(carried).ok_or(Verdict::PortTruncated)?;
    if is_martian(source) {
        return Err(Verdict::CheckMartianSource);
    }
    if is_martian(destination) {
        return Err(Verdict::CheckMartianDestination);
    }
    Ok(Packet {
        source: IpAddr::V6(source),
        destination: IpAddr::V6(destination),
        hop_limit: header[7],
        bytes,
        // RFC 8200 4.5: only the source fragments.
        may_fragment: false,
        message: kind(bytes).filter(|_| next_header == ICMPV6),
    })
}

/// RFC 4291 2.5.2, 2.5.3 and 2.7: the unspecified and the loopback address, and groups (none is
/// forwarded here). RFC 4291 2.5.5.2: an IPv4-mapped address is for a host's own use.
fn is_martian(address: Ipv6Addr) -> bool {
    address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || address.to_ipv4_mapped().is_some()
}

fn addresses(carried: &[u8]) -> Option<(Ipv6Addr, Ipv6Addr)> {
    Some((Ipv6Addr::from_octets(octets(carried, 8)?), Ipv6Addr::from_octets(octets(carried, 24)?)))
}

/// The type of the Neighbour Discovery message (RFC 4861 4.1 to 4.5) that is sent to a group of the
/// link and that no router has forwarded. The message is looked at no closer: whoever it is
/// handed to does.
pub(crate) fn discovery_to_group(carried: &[u8]) -> Option<u8> {
    let header: [u8; HEADER] = octets(carried, 0)?;
    let payload_length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let message = kind(carried.get(..HEADER + payload_length)?)?;
    let (_, destination) = addresses(carried)?;
    let link_group = destination.octets().starts_with(&[0xff, 0x02]);
    (header[0] >> 4 == 6
        && header[6] == ICMPV6
        && header[7] == 255
        && link_group
        && matches!(message, 133..=137))
    .then_some(message)
}

/// The type of the message behind the header, when its code is there too.
fn kind(packet: &[u8]) -> Option<u8> {
    packet.get(HEADER..)?.first_chunk().map(|[kind, _]: &[u8; 2]| *kind)
}

/// The packet as it leaves: one off the hop limit (RFC 8200 3).
pub(crate) fn forwarded(packet: &[u8]) -> Vec<u8> {
    let mut bytes = packet.to_vec();
    if let Some(hop_limit) = bytes.get_mut(7) {
        *hop_limit = hop_limit.saturating_sub(1);
    }
    bytes
}

#[cfg(test)]
mod tests;
