use std::net::Ipv4Addr;

use etherparse::{Icmpv4Slice, Icmpv4Type, Ipv4Slice, PacketBuilder};

use super::*;

fn request(payload: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let payload: Vec<u8> = (0..payload).map(|n| n as u8).collect();
    PacketBuilder::ipv4([172, 16, 1, 1], [172, 16, 1, 2], 200)
        .icmpv4_echo_request(0x1234, 7)
        .write(&mut bytes, &payload)
        .unwrap();
    bytes
}

fn reply(request: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_reply(&Ipv4::parse(request).unwrap(), &mut out);
    out
}

#[test]
fn sizes_28_to_1500_are_reflected_with_fresh_ttl_and_right_checksums() {
    for length in 28..=1_500 {
        let request = request(length - 28);
        let reply = reply(&request);
        let packet = Ipv4Slice::from_slice(&reply).unwrap();
        let header = packet.header().to_header();
        assert_eq!(header.header_checksum, header.calc_header_checksum());
        assert_eq!((header.source, header.destination), ([172, 16, 1, 2], [172, 16, 1, 1]));
        assert_eq!((header.time_to_live, usize::from(header.total_len)), (64, length));
        let icmp = Icmpv4Slice::from_slice(packet.payload().payload).unwrap();
        let Icmpv4Type::EchoReply(echo) = icmp.icmp_type() else { panic!("not a reply") };
        assert_eq!((echo.id, echo.seq), (0x1234, 7));
        assert_eq!(icmp.payload(), &request[28..]);
        assert_eq!(icmp.icmp_type().calc_checksum(icmp.payload()), icmp.checksum());
    }
}

#[test]
fn a_corrupted_request_gives_a_reply_that_shows_it() {
    let mut request = request(56);
    request[40] ^= 0xff;
    assert_ne!(packet::checksum::internet(&reply(&request)[20..]), 0);
}

#[test]
fn options_are_not_reflected() {
    let plain = request(8);
    let mut request = plain.clone();
    request[0] = 0x46;
    request[3] += 4;
    request.splice(20..20, [1, 1, 1, 0]);
    let reply = reply(&request);
    assert_eq!(reply[0], 0x45);
    assert_eq!(reply[28..], plain[28..]);
}

#[test]
fn fragments_replies_and_short_messages_are_no_requests() {
    let mut more_fragments = request(8);
    more_fragments[6] = 0x20;
    let mut later_fragment = request(8);
    later_fragment[7] = 1;
    let mut a_reply = request(8);
    a_reply[20] = ECHO_REPLY;
    let mut code_1 = request(8);
    code_1[21] = 1;
    let mut short = request(0);
    short[3] -= 1;
    for bytes in [more_fragments, later_fragment, a_reply, code_1, short] {
        let packet = Ipv4::parse(&bytes).unwrap();
        assert!(!is_request(&packet));
        assert!(reply(&bytes).is_empty());
    }
    assert_eq!(Ipv4::parse(&request(0)).unwrap().source(), Ipv4Addr::new(172, 16, 1, 1));
}
