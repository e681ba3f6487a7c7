use etherparse::{NetSlice, SlicedPacket, TransportSlice};

use super::*;

const CE: Ipv4Addr = Ipv4Addr::new(172, 16, 1, 1);
const SPOKE_VM: Ipv4Addr = Ipv4Addr::new(10, 254, 10, 4);
const TO: [u8; 6] = [2, 0, 0, 0, 0, 1];
const FROM: [u8; 6] = [2, 0, 0, 0, 0, 2];

fn request(protocol: Protocol) -> InjectRequest {
    InjectRequest { port: None, source: CE, destination: SPOKE_VM, protocol, ttl: 7 }
}

#[test]
fn the_frame_is_a_whole_packet_with_right_checksums() {
    for protocol in [Protocol::Icmp, Protocol::Udp, Protocol::Tcp] {
        let frame = request(protocol).frame(TO, FROM);
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
