use etherparse::PacketBuilder;

use super::*;

const OURS: Ipv6Addr = Ipv6Addr::new(0xfd00, 1, 0, 0, 0, 0, 0, 2);
const HOST: Ipv6Addr = Ipv6Addr::new(0xfd00, 1, 0, 0, 0, 0, 0, 1);
const VM: Ipv6Addr = Ipv6Addr::new(0xfd00, 2, 0, 0, 0, 0, 0, 4);

fn udp(source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 1])
        .ipv6(source.octets(), destination.octets(), 1)
        .udp(1, 2)
        .write(&mut bytes, b"payload!")
        .unwrap();
    bytes
}

fn icmp(kind: u8) -> Vec<u8> {
    let mut bytes = udp(HOST, VM);
    bytes[20] = PROTOCOL_ICMPV6;
    bytes[54] = kind;
    bytes
}

fn fragment(offset: u16) -> Vec<u8> {
    let mut bytes = udp(HOST, VM);
    bytes[20] = FRAGMENT;
    bytes[56..58].copy_from_slice(&(offset << 3).to_be_bytes());
    bytes
}

fn judge(frame: &[u8]) -> bool {
    let frame = Ethernet::parse(frame).unwrap();
    allow_error(&frame, &Ipv6::parse(frame.payload).unwrap(), OURS)
}

#[test]
fn an_ordinary_packet_may_be_answered() {
    assert!(judge(&udp(HOST, VM)));
    assert!(judge(&fragment(0)));
    for query in [128, 129, 130, 139] {
        assert!(judge(&icmp(query)), "ICMPv6 type {query}");
    }
}

#[test]
fn what_must_not_be_answered_is_not() {
    let mut link_multicast = udp(HOST, VM);
    link_multicast[..6].copy_from_slice(&[0x33, 0x33, 0, 0, 0, 1]);
    let mut cut = icmp(128);
    cut[18..20].fill(0);
    cut.truncate(54);
    let multicast = Ipv6Addr::new(0xff0e, 0, 0, 0, 0, 0, 0, 1);
    let cases = [
        ("destination unreachable", icmp(1)),
        ("packet too big", icmp(2)),
        ("time exceeded", icmp(3)),
        ("parameter problem", icmp(4)),
        ("an unknown error", icmp(127)),
        ("a redirect", icmp(137)),
        ("ICMPv6 without a type", cut),
        ("a later fragment", fragment(1)),
        ("a multicast frame", link_multicast),
        ("a multicast destination", udp(HOST, multicast)),
        ("from nobody", udp(Ipv6Addr::UNSPECIFIED, VM)),
        ("from a loopback address", udp(Ipv6Addr::LOCALHOST, VM)),
        ("from a group", udp(multicast, VM)),
        ("from a mapped address", udp(std::net::Ipv4Addr::new(10, 0, 0, 1).to_ipv6_mapped(), VM)),
        ("from ourselves", udp(OURS, VM)),
    ];
    for (name, frame) in cases {
        assert!(!judge(&frame), "{name}");
    }
}
