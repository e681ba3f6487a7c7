use etherparse::Ipv4HeaderSlice;
use proptest::prelude::*;
use zerocopy::{FromBytes as _, IntoBytes as _};

use super::{
    super::{
        frame::Ipv6,
        tests::{ETHERNET, frame, frame_v6},
    },
    *,
};

fn header(ttl: u8) -> Ipv4 {
    Ipv4::read_from_prefix(&frame(ttl)[ETHERNET..]).unwrap().0
}

fn header_v6(hop_limit: u8) -> Ipv6 {
    Ipv6::read_from_prefix(&frame_v6(hop_limit)[ETHERNET..]).unwrap().0
}

#[test]
fn the_last_hop_ends_in_silence_and_the_header_stays() {
    for last in [0, 1] {
        let mut packet = header(last);
        assert_eq!(ttl(&mut Ip::V4(&mut packet)), Err(Verdict::GwTtlExpiredSilent));
        assert_eq!(packet, header(last));
        let mut packet = header_v6(last);
        assert_eq!(ttl(&mut Ip::V6(&mut packet)), Err(Verdict::GwTtlExpiredSilent));
        assert_eq!(packet, header_v6(last));
    }
}

#[test]
fn two_becomes_one_with_exact_bytes() {
    let mut packet = header(2);
    let before = u16::from_be_bytes(packet.checksum);
    ttl(&mut Ip::V4(&mut packet)).unwrap();
    assert_eq!(packet.ttl, 1);
    assert_eq!(u16::from_be_bytes(packet.checksum), before + 0x0100);
}

#[test]
fn only_the_hop_limit_of_an_ipv6_header_changes() {
    for hop_limit in 2..=u8::MAX {
        let mut packet = header_v6(hop_limit);
        ttl(&mut Ip::V6(&mut packet)).unwrap();
        assert_eq!(packet, header_v6(hop_limit - 1));
    }
}

/// RFC 1624 section 3: where the header sums to 0xffff the checksum is 0x0000, and RFC 1141's
/// shortcut says 0xffff.
#[test]
fn the_checksum_that_rfc_1141_gets_wrong_is_right() {
    let mut packet = header(64);
    packet.identification = [0, 0];
    // The identification that makes the header sum to 0x0100, one hop above 0xffff.
    let identification = u32::from(checksum(&packet)) + 0x0100;
    let identification = (identification >> 16) as u16 + identification as u16;
    packet.identification = identification.to_be_bytes();
    packet.checksum = checksum(&packet).to_be_bytes();
    assert_eq!(packet.checksum, [0xfe, 0xff]);
    ttl(&mut Ip::V4(&mut packet)).unwrap();
    assert_eq!(packet.checksum, [0, 0]);
    assert_eq!(checksum(&packet), 0);
}

fn checksum(packet: &Ipv4) -> u16 {
    Ipv4HeaderSlice::from_slice(packet.as_bytes()).unwrap().to_header().calc_header_checksum()
}

proptest! {
    #[test]
    fn the_update_equals_a_checksum_from_scratch(
        hops in 2_u8..,
        protocol: u8,
        identification: [u8; 2],
        source: [u8; 4],
        destination: [u8; 4],
    ) {
        let mut packet = header(hops);
        packet.protocol = protocol;
        packet.identification = identification;
        packet.source = source;
        packet.destination = destination;
        packet.checksum = checksum(&packet).to_be_bytes();
        ttl(&mut Ip::V4(&mut packet)).unwrap();
        prop_assert_eq!(packet.ttl, hops - 1);
        prop_assert_eq!(u16::from_be_bytes(packet.checksum), checksum(&packet));
    }
}
