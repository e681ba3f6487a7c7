use std::net::Ipv4Addr;

use etherparse::PacketBuilder;
use proptest::prelude::*;

use super::*;

fn udp_packet(payload: usize) -> Vec<u8> {
    let builder = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 9).udp(1, 2);
    let mut bytes = Vec::new();
    builder.write(&mut bytes, &vec![7; payload]).unwrap();
    bytes
}

#[test]
fn padding_behind_the_total_length_is_cut_off() {
    let mut bytes = udp_packet(2);
    let length = bytes.len();
    bytes.resize(46, 0xee);
    let packet = Ipv4::parse(&bytes).unwrap();
    assert_eq!(packet.bytes().len(), length);
    assert_eq!((packet.ttl(), packet.protocol()), (9, PROTOCOL_UDP));
    assert_eq!(packet.source(), Ipv4Addr::new(10, 0, 0, 1));
    assert_eq!(packet.destination(), Ipv4Addr::new(10, 0, 0, 2));
}

#[test]
fn a_total_length_one_beyond_the_frame_is_refused() {
    let bytes = udp_packet(2);
    assert!(Ipv4::parse(&bytes).is_some());
    assert!(Ipv4::parse(&bytes[..bytes.len() - 1]).is_none());
}

#[test]
fn header_lengths_outside_the_packet_are_refused() {
    let mut bytes = udp_packet(0);
    for ihl in [0, 1, 4, 8, 15] {
        bytes[0] = 0x40 | ihl;
        assert!(Ipv4::parse(&bytes).is_none(), "IHL {ihl}");
    }
    bytes[0] = 0x65;
    assert!(Ipv4::parse(&bytes).is_none(), "version 6");
}

#[test]
fn an_encoded_header_reads_back() {
    let header = Ipv4Header {
        type_of_service: 0xc0,
        identification: 0xabcd,
        dont_fragment: true,
        ttl: 64,
        protocol: PROTOCOL_ICMP,
        source: Ipv4Addr::new(172, 16, 1, 2),
        destination: Ipv4Addr::new(172, 16, 1, 1),
    };
    let bytes = header.encode(8);
    let (parsed, rest) = etherparse::Ipv4Header::from_slice(&bytes).unwrap();
    assert!(rest.is_empty());
    assert_eq!(parsed.header_checksum, parsed.calc_header_checksum());
    assert_eq!((parsed.total_len, parsed.identification), (28, 0xabcd));
    assert!(parsed.dont_fragment && !parsed.more_fragments);
    assert_eq!((parsed.source, parsed.destination), ([172, 16, 1, 2], [172, 16, 1, 1]));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..128)) {
        if let Some(ethernet) = Ethernet::parse(&bytes) {
            let _ = ethernet.is_group_addressed();
        }
        if let Some(packet) = Ipv4::parse(&bytes) {
            prop_assert!(packet.bytes().len() <= bytes.len());
            prop_assert!(packet.payload().len() + IPV4_HEADER <= packet.bytes().len());
        }
    }
}
