//! ICMPv6 that the MSEE makes itself (RFC 4443, RFC 4861), as pure functions: bytes in, bytes out.
//!
//! The rules are those of [`crate::icmp`] in the words of another RFC: when to stay silent is in
//! [`manners`], the messages are in [`error`], [`echo`] and [`neighbour`]. Every message has a
//! checksum over a pseudo header, and Neighbour Discovery a hop limit of 255.

pub mod echo;
pub mod error;
pub mod manners;
pub mod neighbour;

use std::net::Ipv6Addr;

use packet::{Ipv6Header, PROTOCOL_ICMPV6, checksum};

/// Type Destination Unreachable.
pub const DESTINATION_UNREACHABLE: u8 = 1;
/// Type Packet Too Big.
pub const PACKET_TOO_BIG: u8 = 2;
/// Type Time Exceeded.
pub const TIME_EXCEEDED: u8 = 3;
/// Type Parameter Problem.
pub const PARAMETER_PROBLEM: u8 = 4;
/// Type Echo Request, the first that is no error.
pub const ECHO_REQUEST: u8 = 128;
/// Type Echo Reply.
pub const ECHO_REPLY: u8 = 129;
/// Type Neighbour Solicitation.
pub const NEIGHBOUR_SOLICITATION: u8 = 135;
/// Type Neighbour Advertisement.
pub const NEIGHBOUR_ADVERTISEMENT: u8 = 136;

/// Length of the header every ICMPv6 message starts with.
pub const HEADER: usize = 8;

/// Appends an IPv6 packet with the ICMPv6 message `parts`, joined, whose checksum is filled in.
fn write(header: Ipv6Header, parts: [&[u8]; 2], out: &mut Vec<u8>) {
    let [first, second] = parts;
    header.write(first.len() + second.len(), out);
    let at = out.len();
    out.extend_from_slice(first);
    out.extend_from_slice(second);
    let message = out.get(at..).unwrap_or_default();
    let sum = pseudo(header.source, header.destination, message);
    if let Some(field) = out.get_mut(at + 2..at + 4) {
        field.copy_from_slice(&sum.to_be_bytes());
    }
}

/// The checksum of a message (RFC 4443 2.3); 0 over one that carries the right one.
fn pseudo(source: Ipv6Addr, destination: Ipv6Addr, message: &[u8]) -> u16 {
    checksum::transport_ipv6(source, destination, PROTOCOL_ICMPV6, message)
}
