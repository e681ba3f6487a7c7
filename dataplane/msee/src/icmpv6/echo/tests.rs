use std::net::Ipv6Addr;

use etherparse::{Icmpv6Slice, Icmpv6Type, Ipv6Slice, PacketBuilder};

use super::*;

const ASKER: Ipv6Addr = Ipv6Addr::new(0xfd00, 1, 0, 0, 0, 0, 0, 1);
const OURS: Ipv6Addr = Ipv6Addr::new(0xfd00, 1, 0, 0, 0, 0, 0, 2);

#[test]
fn a_request_is_reflected_with_a_fresh_hop_limit_and_checksum() {
    for size in [0, 1, 56, 1_400] {
        let mut bytes = Vec::new();
        let data: Vec<u8> = (0..size).map(|n: u32| n as u8).collect();
        PacketBuilder::ipv6(ASKER.octets(), OURS.octets(), 9)
            .icmpv6_echo_request(0x1234, 7)
            .write(&mut bytes, &data)
            .unwrap();
        let mut out = Vec::new();
        write_reply(&Ipv6::parse(&bytes).unwrap(), &mut out);
        let packet = Ipv6Slice::from_slice(&out).unwrap();
        let header = packet.header();
        assert_eq!((header.source_addr(), header.destination_addr()), (OURS, ASKER));
        assert_eq!(header.hop_limit(), 64);
        let icmp = Icmpv6Slice::from_slice(packet.payload().payload).unwrap();
        assert!(icmp.is_checksum_valid(header.source(), header.destination()));
        let Icmpv6Type::EchoReply(echo) = icmp.icmp_type() else { panic!("not a reply") };
        assert_eq!((echo.id, echo.seq), (0x1234, 7));
        assert_eq!(icmp.payload(), data);
    }
}

#[test]
fn what_is_no_request_gets_nothing() {
    let mut bytes = Vec::new();
    PacketBuilder::ipv6(ASKER.octets(), OURS.octets(), 9)
        .icmpv6_echo_reply(1, 1)
        .write(&mut bytes, &[])
        .unwrap();
    let mut out = Vec::new();
    write_reply(&Ipv6::parse(&bytes).unwrap(), &mut out);
    assert!(out.is_empty());
}
