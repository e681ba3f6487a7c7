use std::net::{Ipv4Addr, Ipv6Addr};

use etherparse::{NetSlice, SlicedPacket, TransportSlice};

use super::*;

const CE: Ipv4Addr = Ipv4Addr::new(172, 16, 1, 1);
const SPOKE_VM: Ipv4Addr = Ipv4Addr::new(10, 254, 10, 4);
const TO: [u8; 6] = [2, 0, 0, 0, 0, 1];
const FROM: [u8; 6] = [2, 0, 0, 0, 0, 2];

fn request(protocol: Protocol) -> InjectRequest {
    InjectRequest { port: None, source: CE.into(), destination: SPOKE_VM.into(), protocol, ttl: 7 }
}

#[test]
fn the_frame_is_a_whole_packet_with_right_checksums() {
    for protocol in [Protocol::Icmp, Protocol::Udp, Protocol::Tcp] {
        let frame = request(protocol).frame(TO, FROM, &[]);
        assert_eq!((&frame[..6], &frame[6..12]), (&TO[..], &FROM[..]));
        let parsed = SlicedPacket::from_ethernet(&frame).unwrap();
        let Some(NetSlice::Ipv4(ipv4)) = parsed.net else { panic!("not IPv4") };
        let header = ipv4.header().to_header();
        assert_eq!(header.header_checksum, header.calc_header_checksum());
        assert_eq!((header.source, header.destination), (CE.octets(), SPOKE_VM.octets()));
        assert_eq!(header.time_to_live, 7);
        match parsed.transport.unwrap() {
            TransportSlice::Icmpv4(icmp) => {
                assert_eq!(protocol, Protocol::Icmp);
                assert_eq!(icmp.icmp_type().calc_checksum(icmp.payload()), icmp.checksum());
                // The usual ping.
                assert_eq!(frame.len(), 98);
            }
            TransportSlice::Udp(udp) => {
                let sent = udp.to_header();
                let computed = sent.calc_checksum_ipv4(&header, udp.payload()).unwrap();
                assert_eq!((protocol, sent.checksum), (Protocol::Udp, computed));
            }
            TransportSlice::Tcp(tcp) => {
                let sent = tcp.to_header();
                let computed = sent.calc_checksum_ipv4(&header, tcp.payload()).unwrap();
                assert_eq!((protocol, sent.checksum, sent.syn), (Protocol::Tcp, computed, true));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_request_needs_only_its_addresses_and_refuses_unknown_keys() {
    let request: InjectRequest =
        serde_json::from_str(r#"{"source":"172.16.1.1","destination":"10.254.10.4"}"#).unwrap();
    assert_eq!((request.protocol, request.ttl, request.port), (Protocol::Icmp, 64, None));
    let typo = r#"{"source":"172.16.1.1","destination":"10.254.10.4","hops":2}"#;
    assert!(serde_json::from_str::<InjectRequest>(typo).is_err());
}

#[test]
fn ipv6_and_tags_are_read_by_another_parser() {
    let source = Ipv6Addr::new(0xfd00, 1, 0, 0, 0, 0, 0, 1);
    let destination = Ipv6Addr::new(0xfd00, 2, 0, 0, 0, 0, 0, 4);
    for protocol in [Protocol::Icmp, Protocol::Udp, Protocol::Tcp] {
        let request = InjectRequest {
            source: source.into(),
            destination: destination.into(),
            ..request(protocol)
        };
        let frame = request.frame(TO, FROM, &[0x88, 0xa8, 0, 20, 0x81, 0, 0, 100]);
        let parsed = SlicedPacket::from_ethernet(&frame).unwrap();
        assert_eq!(parsed.vlan_ids().len(), 2);
        let Some(NetSlice::Ipv6(ipv6)) = parsed.net else { panic!("not IPv6") };
        let header = ipv6.header().to_header();
        assert_eq!((header.source_addr(), header.destination_addr()), (source, destination));
        assert_eq!(header.hop_limit, 7);
        let valid = match parsed.transport.unwrap() {
            TransportSlice::Icmpv6(icmp) => {
                icmp.is_checksum_valid(header.source, header.destination)
            }
            TransportSlice::Udp(udp) => {
                let computed = udp.to_header().calc_checksum_ipv6(&header, udp.payload());
                computed.unwrap() == udp.checksum()
            }
            TransportSlice::Tcp(tcp) => {
                let computed = tcp.to_header().calc_checksum_ipv6(&header, tcp.payload());
                computed.unwrap() == tcp.checksum()
            }
            other => panic!("{other:?}"),
        };
        assert!(valid, "{protocol:?}");
    }
}

#[test]
fn two_ip_versions_are_refused() {
    let mixed = r#"{"source":"172.16.1.1","destination":"fd00::1"}"#;
    let error = serde_json::from_str::<InjectRequest>(mixed).unwrap_err().to_string();
    assert!(error.contains("not of one IP version"), "{error}");
}
