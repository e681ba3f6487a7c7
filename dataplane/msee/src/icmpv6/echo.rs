//! Echo replies (RFC 4443 4.2).

use packet::{Ipv6, Ipv6Header, PROTOCOL_ICMPV6};

use super::{ECHO_REPLY, ECHO_REQUEST, HEADER, write as put};
use crate::icmp::FRESH_TTL;

/// Whether `packet` is a whole echo request, directly behind its header.
pub fn is_request(packet: &Ipv6<'_>) -> bool {
    packet.next_header() == PROTOCOL_ICMPV6
        && packet.payload().len() >= HEADER
        && packet.payload().first_chunk() == Some(&[ECHO_REQUEST, 0])
}

/// Appends to `out` the reply to `request`, from the address that was asked. Writes nothing when
/// `request` is none ([`is_request`]).
pub fn write_reply(request: &Ipv6<'_>, out: &mut Vec<u8>) {
    let Some((_, data)) = request.payload().split_first_chunk::<4>() else { return };
    if !is_request(request) {
        return;
    }
    let ip = Ipv6Header {
        traffic_class: request.traffic_class(),
        next_header: PROTOCOL_ICMPV6,
        hop_limit: FRESH_TTL,
        source: request.destination(),
        destination: request.source(),
    };
    put(ip, [&[ECHO_REPLY, 0, 0, 0], data], out);
}

#[cfg(test)]
mod tests;
