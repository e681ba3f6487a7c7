use etherparse::{Ipv4HeaderSlice, UdpHeaderSlice};

use super::*;

const ENDS: Ends = Ends {
    mac: MacAddress([2, 0, 0, 0, 0, 1]),
    endpoint: Ipv4Addr::new(192, 0, 2, 1),
    host_mac: MacAddress([2, 0, 0, 0, 0, 2]),
    host: Ipv4Addr::new(192, 0, 2, 9),
};

/// Field by field, read by others' code.
#[test]
fn a_frame_in_a_tunnel_has_the_headers_of_the_rfc() {
    let inner = [0xab; 60];
    let mut frame = Vec::new();
    open(&ENDS.tunnel(0x0a_0b_0c), &mut frame);
    frame.extend(inner);
    close(&mut frame);
    assert_eq!(frame[..14], [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00]);
    let ipv4 = Ipv4HeaderSlice::from_slice(&frame[14..]).unwrap();
    assert_eq!(ipv4.header_checksum(), ipv4.to_header().calc_header_checksum());
    assert_eq!(usize::from(ipv4.total_len()), frame.len() - 14);
    assert_eq!((ipv4.source_addr(), ipv4.destination_addr()), (ENDS.endpoint, ENDS.host));
    assert!(ipv4.dont_fragment() && ipv4.ttl() == 64 && ipv4.identification() == 0);
    let udp = UdpHeaderSlice::from_slice(&frame[34..]).unwrap();
    assert_eq!((udp.source_port(), udp.destination_port(), udp.checksum()), (49_152, 4_789, 0));
    assert_eq!(usize::from(udp.length()), frame.len() - 34);
    assert_eq!(frame[42..50], [8, 0, 0, 0, 0x0a, 0x0b, 0x0c, 0]);
    assert_eq!(frame[50..], inner);
}

/// The program adds the length to this checksum (RFC 1624).
#[test]
fn the_checksum_is_that_of_no_length() {
    let mut frame = Vec::new();
    open(&ENDS.tunnel(7), &mut frame);
    let sum = u16::from_be_bytes([frame[24], frame[25]]);
    for length in [64_u16, 1_000, 1_500, 9_000] {
        let mut whole = frame.clone();
        whole[16..18].copy_from_slice(&length.to_be_bytes());
        let updated = checksum::updated(sum, 0, length);
        whole[24..26].copy_from_slice(&updated.to_be_bytes());
        assert_eq!(checksum::internet(&whole[14..34]), 0, "{length}");
    }
}

#[test]
fn a_host_is_known_or_not() {
    let known = ENDS.tunnel(7);
    let unknown = Ends { host_mac: MacAddress([0; 6]), ..ENDS }.tunnel(7);
    assert!(is_resolved(&known) && !is_resolved(&unknown));
    assert_eq!(resolved(&unknown, ENDS.host_mac), known);
    assert_eq!((host(&known), host_mac(&known), vni(&known)), (ENDS.host, ENDS.host_mac, 7));
}
