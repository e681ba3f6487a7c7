//! Frames into `r0`, put together by others' code.

use std::net::Ipv6Addr;

use etherparse::{
    IpFragOffset, IpNumber, Ipv4Header, Ipv4Options, PacketBuilder, PacketBuilderStep,
};

use crate::router::{CE_LEFT, MAC_LEFT};

const SENDER: [u8; 4] = [172, 16, 1, 1];
const RECEIVER: [u8; 4] = [10, 255, 10, 4];
const SENDER6: &str = "2001:db8:172::1";
const RECEIVER6: &str = "2001:db8:ff:a::4";

fn ethernet() -> PacketBuilderStep<etherparse::Ethernet2Header> {
    PacketBuilder::ethernet2(CE_LEFT, MAC_LEFT)
}

fn address(text: &str) -> [u8; 16] {
    text.parse::<Ipv6Addr>().unwrap().octets()
}

fn udp4(source: [u8; 4], destination: [u8; 4]) -> Vec<u8> {
    let mut bytes = Vec::new();
    ethernet().ipv4(source, destination, 64).udp(1, 2).write(&mut bytes, &[7; 20]).unwrap();
    bytes
}

fn udp6(source: &str, destination: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packet = ethernet().ipv6(address(source), address(destination), 64);
    packet.udp(1, 2).write(&mut bytes, &[7; 20]).unwrap();
    bytes
}

pub fn from(source: [u8; 4]) -> Vec<u8> {
    udp4(source, RECEIVER)
}

pub fn to(destination: [u8; 4]) -> Vec<u8> {
    udp4(SENDER, destination)
}

pub fn from6(source: &str) -> Vec<u8> {
    udp6(source, RECEIVER6)
}

pub fn to6(destination: &str) -> Vec<u8> {
    udp6(SENDER6, destination)
}

pub fn turning_back(source: &str) -> Vec<u8> {
    udp6(source, "2001:db8:10::9")
}

pub fn echo(destination: [u8; 4]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packet = ethernet().ipv4(SENDER, destination, 64);
    packet.icmpv4_echo_request(1, 2).write(&mut bytes, &[7; 20]).unwrap();
    bytes
}

pub fn echo6(destination: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packet = ethernet().ipv6(address(SENDER6), address(destination), 64);
    packet.icmpv6_echo_request(1, 2).write(&mut bytes, &[7; 20]).unwrap();
    bytes
}

/// A UDP packet with options.
pub fn optioned(options: &[u8]) -> Vec<u8> {
    let mut header = Ipv4Header::new(28, 64, IpNumber::UDP, SENDER, RECEIVER).unwrap();
    header.options = Ipv4Options::try_from(options).unwrap();
    let packet =
        ethernet().ip(etherparse::IpHeaders::Ipv4(header, etherparse::Ipv4Extensions::default()));
    let mut bytes = Vec::new();
    packet.udp(1, 2).write(&mut bytes, &[7; 20]).unwrap();
    bytes
}

/// As long as `r0` takes, at the highest offset.
pub fn long_last_fragment() -> Vec<u8> {
    let mut header = Ipv4Header::new(1_480, 64, IpNumber::UDP, SENDER, RECEIVER).unwrap();
    header.fragment_offset = IpFragOffset::try_new(0x1fff).unwrap();
    header.dont_fragment = false;
    header.header_checksum = header.calc_header_checksum();
    [&MAC_LEFT[..], &CE_LEFT, &[0x08, 0x00], &header.to_bytes(), &[7; 1_480]].concat()
}

/// A UDP packet behind six bytes of hop-by-hop options.
pub fn hop_by_hop(options: [u8; 6]) -> Vec<u8> {
    let mut bytes = udp6(SENDER6, RECEIVER6);
    bytes[18..20].copy_from_slice(&36_u16.to_be_bytes());
    bytes[20] = 0;
    let header = [&[17, 0][..], &options].concat();
    bytes.splice(54..54, header);
    bytes
}

/// A Neighbour Solicitation for the router, to some group.
pub fn solicitation(group: &str) -> Vec<u8> {
    use etherparse::{Icmpv6Header, Icmpv6Type};
    let kind = Icmpv6Type::Unknown { type_u8: 135, code_u8: 0, bytes5to8: [0; 4] };
    let body = [&address("2001:db8:172::2")[..], &[1, 1], &CE_LEFT].concat();
    let (source, destination) = (address(SENDER6), address(group));
    let header = Icmpv6Header::with_checksum(kind, source, destination, &body).unwrap();
    let packet = ethernet().ipv6(source, destination, 255);
    let mut bytes = Vec::new();
    packet.icmpv6(header.icmp_type).write(&mut bytes, &body).unwrap();
    bytes[..6].copy_from_slice(&[0x33, 0x33, 0, 0, 0, 2]);
    bytes
}

/// A UDP packet with a tag of no VLAN.
pub fn prioritised() -> Vec<u8> {
    let mut bytes = udp4(SENDER, RECEIVER);
    bytes.splice(12..12, [0x81, 0x00, 0xe0, 0x00]);
    bytes
}
