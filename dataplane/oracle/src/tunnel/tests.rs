use etherparse::{Ipv4HeaderSlice, UdpHeaderSlice};

use super::*;
use crate::judgement::{Judgement, Outcome};

const OURS: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
const HOST: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);

fn tunnel() -> Tunnel {
    let (endpoint, host) = ([192, 0, 2, 1].into(), [192, 0, 2, 9].into());
    Tunnel { endpoint, host, mac: Some(HOST), vni: 0x0a_0b_0c }
}

/// Field by field, read by others' code.
#[test]
fn a_frame_in_a_tunnel_has_the_headers_of_the_rfc() {
    let inner = [0xab; 60];
    let frame = wrapped(&inner, &tunnel(), HOST, OURS);
    assert_eq!(frame.len() as u32, OVERHEAD + 60);
    assert_eq!(frame[..14], [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00]);
    let ipv4 = Ipv4HeaderSlice::from_slice(&frame[14..]).unwrap();
    assert_eq!(ipv4.header_checksum(), ipv4.to_header().calc_header_checksum());
    assert_eq!(usize::from(ipv4.total_len()), frame.len() - 14);
    assert_eq!((ipv4.source(), ipv4.destination()), ([192, 0, 2, 1], [192, 0, 2, 9]));
    assert!(ipv4.dont_fragment() && ipv4.ttl() == 64);
    let udp = UdpHeaderSlice::from_slice(&frame[34..]).unwrap();
    assert_eq!((udp.destination_port(), udp.checksum()), (4_789, 0));
    assert_eq!(usize::from(udp.length()), frame.len() - 34);
    assert_eq!(frame[42..50], [8, 0, 0, 0, 0x0a, 0x0b, 0x0c, 0]);
    assert_eq!(frame[50..], inner);
}

/// A sender may choose any of a range, and nothing else about a frame.
#[test]
fn any_source_port_of_the_range_is_right() {
    let bytes = wrapped(&[0; 20], &tunnel(), HOST, OURS);
    let end = |bytes: Vec<u8>| {
        let outcome = Outcome::Tunnelled(Sending { port: "eth7".to_owned(), ifindex: 7, bytes });
        End { verdict: Verdict::ForwardedDirect, outcome }
    };
    let judgement = Judgement::from(end(bytes.clone()));
    let from = |port: u16| {
        let mut bytes = bytes.clone();
        bytes[34..36].copy_from_slice(&port.to_be_bytes());
        bytes
    };
    for right in [49_152, 50_000, 65_535] {
        assert!(judgement.allows(&end(from(right))));
    }
    for wrong in [0, 1, 4_789, 49_151] {
        assert!(!judgement.allows(&end(from(wrong))));
    }
    let mut other = from(50_000);
    other[48] ^= 1;
    assert!(!judgement.allows(&end(other)));
    assert!(!judgement.allows(&end(from(50_000)[..40].to_vec())));
}
