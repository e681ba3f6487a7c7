//! What packets carry.

use std::net::Ipv6Addr;

use crate::{checksum, compose::with_number};

/// A UDP datagram of a length, header included (less is what fits), without a checksum.
pub(crate) fn udp(length: usize) -> Vec<u8> {
    let mut bytes = vec![0x82, 0x35, 0x82, 0x9a];
    bytes.extend((length as u16).to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend((0..length).map(|index| index as u8));
    bytes.truncate(length);
    bytes
}

/// A TCP segment that opens a connection.
pub(crate) fn tcp(port: u16) -> Vec<u8> {
    let mut bytes = vec![0xc0, 0x01];
    bytes.extend(port.to_be_bytes());
    bytes.extend([0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0]);
    bytes
}

/// An ICMP message with its checksum.
pub(crate) fn icmp(kind: u8, code: u8, body: &[u8]) -> Vec<u8> {
    let message = [&[kind, code, 0, 0], body].concat();
    let sum = checksum::of(&message);
    with_number(message, 2, sum)
}

/// An ICMP echo request.
pub(crate) fn echo() -> Vec<u8> {
    icmp(8, 0, b"\x12\x34\x00\x01is anybody there")
}

/// An ICMPv6 message with its checksum, which covers the addresses (RFC 4443 2.3).
pub(crate) fn icmp6(
    source: Ipv6Addr,
    destination: Ipv6Addr,
    kind: u8,
    code: u8,
    body: &[u8],
) -> Vec<u8> {
    let message = [&[kind, code, 0, 0], body].concat();
    let length = (message.len() as u32).to_be_bytes();
    let pseudo =
        [&source.octets()[..], &destination.octets(), &length, &[0, 0, 0, 58], &message].concat();
    with_number(message, 2, checksum::of(&pseudo))
}

/// An ICMPv6 echo request.
pub(crate) fn echo6(source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
    icmp6(source, destination, 128, 0, b"\x12\x34\x00\x01is anybody there")
}

/// A Neighbour Solicitation (135) or Advertisement (136) about an address.
pub(crate) fn neighbour(
    source: Ipv6Addr,
    destination: Ipv6Addr,
    kind: u8,
    target: Ipv6Addr,
) -> Vec<u8> {
    let option = [if kind == 135 { 1 } else { 2 }, 1, 2, 0, 0, 0, 1, 1];
    let body = [&[0, 0, 0, 0], &target.octets()[..], &option].concat();
    icmp6(source, destination, kind, 0, &body)
}
