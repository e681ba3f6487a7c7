//! When an ICMPv6 error must not be sent (RFC 4443 2.4 e).

use std::net::Ipv6Addr;

use packet::{Ethernet, Ipv6, PROTOCOL_ICMPV6};

use super::ECHO_REQUEST;

/// Type Redirect: no error is sent about one (2.4 e 2), though it is not an error itself.
const REDIRECT: u8 = 137;
/// Next header of a fragment.
const FRAGMENT: u8 = 44;

/// Whether an ICMPv6 error about `packet`, which came in `frame`, may be sent by the router that the
/// sender knows as `ours`.
///
/// RFC 4443 lets a Packet Too Big answer a multicast; the fast path forwards none, so there is no
/// exception here.
pub fn allow_error(frame: &Ethernet<'_>, packet: &Ipv6<'_>, ours: Ipv6Addr) -> bool {
    // (e.1), (e.2): an error about an error could go on for ever.
    if packet.next_header() == PROTOCOL_ICMPV6
        && packet.payload().first().is_none_or(|kind| *kind < ECHO_REQUEST || *kind == REDIRECT)
    {
        return false;
    }
    // Only the first fragment carries what the sender can recognise.
    if packet.next_header() == FRAGMENT && !is_first_fragment(packet.payload()) {
        return false;
    }
    // (e.3) to (e.5): every receiver of a group would answer.
    !frame.is_group_addressed() && !packet.destination().is_multicast() && allow_reply(packet, ours)
}

/// (e.6) Whether `packet` has one sender that an answer can go to, other than ourselves; the part of
/// the rules that holds for echo replies too.
pub fn allow_reply(packet: &Ipv6<'_>, ours: Ipv6Addr) -> bool {
    let source = packet.source();
    source != ours
        && !source.is_unspecified()
        && !source.is_loopback()
        && !source.is_multicast()
        && source.to_ipv4_mapped().is_none()
}

/// Offset 0 in a fragment header (RFC 8200 4.5).
fn is_first_fragment(fragment: &[u8]) -> bool {
    matches!(fragment, [_, _, high, low, ..] if *high == 0 && low & 0xf8 == 0)
}

#[cfg(test)]
mod tests;
