use etherparse::PacketBuilder;

use super::*;

const OURS: Ipv4Addr = Ipv4Addr::new(172, 16, 1, 2);
const PORT: [u8; 6] = [2, 0, 0, 0, 0, 1];
const CE: [u8; 6] = [2, 0, 0, 0, 0, 2];

fn side() -> Side {
    Side { address: OURS, link: Some("172.16.1.2/30".parse().unwrap()) }
}

fn udp(source: [u8; 4], destination: [u8; 4]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(CE, PORT)
        .ipv4(source, destination, 1)
        .udp(1, 2)
        .write(&mut bytes, b"payload!")
        .unwrap();
    bytes
}

fn icmp(kind: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(CE, PORT)
        .ipv4([172, 16, 1, 1], [10, 254, 10, 4], 1)
        .icmpv4_raw(kind, 0, [0; 4])
        .write(&mut bytes, &[0; 28])
        .unwrap();
    bytes
}

fn judge(frame: &[u8]) -> bool {
    let frame = Ethernet::parse(frame).unwrap();
    allow_error(&frame, &Ipv4::parse(frame.payload).unwrap(), &side())
}

const HOST: [u8; 4] = [172, 16, 1, 1];
const VM: [u8; 4] = [10, 254, 10, 4];

#[test]
fn an_ordinary_packet_may_be_answered() {
    assert!(judge(&udp(HOST, VM)));
    for query in [0, 8, 13, 14, 17] {
        assert!(judge(&icmp(query)), "ICMP type {query}");
    }
}

/// The cases that RFC 1812 4.3.2.7 names, and the ones that follow from 5.3.7.
#[test]
fn what_must_not_be_answered_is_not() {
    let mut later_fragment = udp(HOST, VM);
    later_fragment[21] = 185;
    let mut link_broadcast = udp(HOST, VM);
    link_broadcast[..6].fill(0xff);
    let mut link_multicast = udp(HOST, VM);
    link_multicast[..6].copy_from_slice(&[1, 0, 0x5e, 0, 0, 1]);
    let cases = [
        ("destination unreachable", icmp(3)),
        ("source quench", icmp(4)),
        ("redirect", icmp(5)),
        ("time exceeded", icmp(11)),
        ("parameter problem", icmp(12)),
        ("ICMP of no known type", icmp(200)),
        ("later fragment", later_fragment),
        ("link broadcast", link_broadcast),
        ("link multicast", link_multicast),
        ("multicast", udp(HOST, [224, 0, 0, 5])),
        ("limited broadcast", udp(HOST, [255; 4])),
        ("directed broadcast", udp(HOST, [172, 16, 1, 3])),
        ("from nowhere", udp([0; 4], VM)),
        ("from loopback", udp([127, 0, 0, 1], VM)),
        ("from a group", udp([239, 1, 1, 1], VM)),
        ("from class E", udp([250, 1, 1, 1], VM)),
        ("from the broadcast", udp([255; 4], VM)),
        ("from the link's broadcast", udp([172, 16, 1, 3], VM)),
        ("from the link's network", udp([172, 16, 1, 0], VM)),
        ("from ourselves", udp(OURS.octets(), VM)),
    ];
    for (name, frame) in cases {
        assert!(!judge(&frame), "{name}");
    }
}

#[test]
fn an_icmp_packet_without_a_type_is_not_answered() {
    let mut frame = icmp(8);
    frame[17] = 20;
    assert!(!judge(&frame));
}

#[test]
fn a_point_to_point_31_has_no_broadcast() {
    let frame = udp([172, 16, 1, 3], VM);
    let frame = Ethernet::parse(&frame).unwrap();
    let packet = Ipv4::parse(frame.payload).unwrap();
    let side = Side { address: OURS, link: Some("172.16.1.2/31".parse().unwrap()) };
    assert!(allow_error(&frame, &packet, &side));
}
