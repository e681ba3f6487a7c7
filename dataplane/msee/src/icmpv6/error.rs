//! ICMPv6 errors (RFC 4443 section 3).

use std::net::Ipv6Addr;

use packet::{IPV6_HEADER, Ipv6, Ipv6Header, PROTOCOL_ICMPV6};

use super::{
    DESTINATION_UNREACHABLE, HEADER, PACKET_TOO_BIG, PARAMETER_PROBLEM, TIME_EXCEEDED, write as put,
};
use crate::icmp::{FRESH_TTL, error::ErrorMessage};

/// Largest error, IPv6 header included: the minimum MTU (RFC 4443 2.4 c).
pub const LARGEST: usize = 1_280;

/// Where the next header field is in an IPv6 header: what a Parameter Problem points at.
const NEXT_HEADER_FIELD: u8 = 6;

/// The ICMPv6 header, checksum 0.
const fn header(message: ErrorMessage) -> [u8; HEADER] {
    let (kind, code, [high, low]) = match message {
        ErrorMessage::TimeExceeded => (TIME_EXCEEDED, 0, [0, 0]),
        ErrorMessage::NetUnreachable => (DESTINATION_UNREACHABLE, 0, [0, 0]),
        // 3.1: code 3, address unreachable, where address resolution failed.
        ErrorMessage::HostUnreachable => (DESTINATION_UNREACHABLE, 3, [0, 0]),
        ErrorMessage::PortUnreachable => (DESTINATION_UNREACHABLE, 4, [0, 0]),
        // 3.4: code 1, an unrecognized next header.
        ErrorMessage::ProtocolUnreachable => (PARAMETER_PROBLEM, 1, [0, NEXT_HEADER_FIELD]),
        ErrorMessage::FragmentationNeeded { mtu } => (PACKET_TOO_BIG, 0, mtu.to_be_bytes()),
    };
    [kind, code, 0, 0, 0, 0, high, low]
}

/// Appends to `out` the IPv6 packet from `source` that tells the sender of `offender` about it, with
/// as much of it as fits in [`LARGEST`] bytes.
pub fn write(message: ErrorMessage, offender: &Ipv6<'_>, source: Ipv6Addr, out: &mut Vec<u8>) {
    let offending = offender.bytes();
    let quoted = offending.get(..LARGEST - IPV6_HEADER - HEADER).unwrap_or(offending);
    let ip = Ipv6Header {
        traffic_class: 0,
        next_header: PROTOCOL_ICMPV6,
        hop_limit: FRESH_TTL,
        source,
        destination: offender.source(),
    };
    put(ip, [&header(message), quoted], out);
}

#[cfg(test)]
mod tests;
