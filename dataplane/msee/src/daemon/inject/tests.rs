use etherparse::{NetSlice, SlicedPacket, TransportSlice};

use super::*;
use crate::example::{self, CE, CE_MAC, CIRCUIT_MAC, FAR_VM, HUB_VM, NOWHERE, SPOKE_VM};

fn request(source: impl Into<IpAddr>, protocol: Protocol) -> InjectRequest {
    InjectRequest {
        port: None,
        source: source.into(),
        destination: SPOKE_VM.into(),
        protocol,
        ttl: 7,
    }
}

fn chosen(request: &InjectRequest) -> Result<String, PortError> {
    request.choose_port(&example::compiled()).map(|port| port.interface.clone())
}

#[test]
fn the_source_address_chooses_the_port() {
    for (source, interface) in
        [(CE, "eth1"), (HUB_VM, "eth2"), (SPOKE_VM, "eth2"), (FAR_VM, "eth3"), (NOWHERE, "eth1")]
    {
        assert_eq!(chosen(&request(source, Protocol::Icmp)).as_deref(), Ok(interface), "{source}");
    }
}

#[test]
fn a_named_port_wins_and_must_exist() {
    let named =
        |name: &str| InjectRequest { port: Some(name.to_owned()), ..request(CE, Protocol::Icmp) };
    assert_eq!(chosen(&named("eth3")).as_deref(), Ok("eth3"));
    let error = chosen(&named("xcpu1")).unwrap_err();
    assert!(error.to_string().contains("eth1, eth2, eth3"), "{error}");
    let nothing = Compiled::default();
    assert_eq!(request(CE, Protocol::Icmp).choose_port(&nothing), Err(PortError::NoPorts));
}

#[test]
fn the_frame_is_what_the_neighbour_would_send() {
    let compiled = example::compiled();
    for protocol in [Protocol::Icmp, Protocol::Udp, Protocol::Tcp] {
        let request = request(CE, protocol);
        let port = request.choose_port(&compiled).unwrap();
        let frame = request.frame(port, &compiled, &example::state());
        assert_eq!(frame[..6], CIRCUIT_MAC.0);
        assert_eq!(frame[6..12], CE_MAC.0);
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
