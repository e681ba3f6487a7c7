//! Echo replies (RFC 792, RFC 1122 3.2.2.6).

use packet::{Ipv4, Ipv4Header, PROTOCOL_ICMP, checksum};

use super::{ECHO_REPLY, ECHO_REQUEST, FRESH_TTL};

/// Whether `packet` is a whole echo request. Nothing is reassembled here, so a fragment is not.
pub fn is_request(packet: &Ipv4<'_>) -> bool {
    packet.protocol() == PROTOCOL_ICMP
        && packet.fragment_offset() == 0
        && !packet.more_fragments()
        && packet.payload().len() >= super::HEADER
        && packet.payload().first_chunk() == Some(&[ECHO_REQUEST, 0])
}

/// Appends to `out` the reply to `request`, from the address that was asked. Writes nothing when
/// `request` is none ([`is_request`]).
///
/// The ICMP checksum is updated, not computed anew: a request that was corrupted on its way gives
/// a reply whose checksum is wrong, and the sender can see it.
pub fn write_reply(request: &Ipv4<'_>, out: &mut Vec<u8>) {
    let Some(([kind, code, high, low], data)) = request.payload().split_first_chunk() else {
        return;
    };
    if !is_request(request) {
        return;
    }
    let header = Ipv4Header {
        type_of_service: request.type_of_service(),
        // The requester keeps its identifications apart, so ours towards it are apart too.
        identification: request.identification(),
        dont_fragment: false,
        ttl: FRESH_TTL,
        protocol: PROTOCOL_ICMP,
        source: request.destination(),
        destination: request.source(),
    };
    let before = u16::from_be_bytes([*kind, *code]);
    let after = u16::from_be_bytes([ECHO_REPLY, 0]);
    let sum = checksum::updated(u16::from_be_bytes([*high, *low]), before, after);
    let [sum_high, sum_low] = sum.to_be_bytes();
    out.extend_from_slice(&header.encode(request.payload().len()));
    out.extend_from_slice(&[ECHO_REPLY, 0, sum_high, sum_low]);
    out.extend_from_slice(data);
}

#[cfg(test)]
mod tests;
