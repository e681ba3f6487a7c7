use super::*;
use crate::path::tests::{ETHERNET, frame};

fn verdict(spoil: impl FnOnce(&mut Vec<u8>)) -> Option<Verdict> {
    let mut packet = frame(64).split_off(ETHERNET);
    spoil(&mut packet);
    check(&mut packet).err()
}

/// Recomputes the checksum, so that only the spoilt field is wrong.
fn sign(packet: &mut [u8]) {
    let length = usize::from(packet[0] & 0xf) * 4;
    packet[10..12].fill(0);
    let checksum = !fold(sum(&packet[..length]));
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
}

#[test]
fn a_well_formed_packet_passes_with_its_fields() {
    let mut packet = frame(64).split_off(ETHERNET);
    let header = check(&mut packet).unwrap();
    assert_eq!(header.ttl, 64);
    assert_eq!(header.destination, [10, 254, 10, 4]);
}

#[test]
fn padding_behind_the_packet_is_allowed() {
    assert_eq!(verdict(|packet| packet.resize(46, 0)), None);
}

#[test]
fn options_are_covered_by_the_checksum() {
    let with_options = |packet: &mut Vec<u8>| {
        packet[0] = 0x46;
        packet.splice(20..20, [1, 1, 1, 0]);
        let total = u16::from_be_bytes([packet[2], packet[3]]) + 4;
        packet[2..4].copy_from_slice(&total.to_be_bytes());
        sign(packet);
    };
    assert_eq!(verdict(with_options), None);
    let spoilt = |packet: &mut Vec<u8>| {
        with_options(packet);
        packet[22] = 7;
    };
    assert_eq!(verdict(spoilt), Some(Verdict::GwHeader));
}

#[test]
fn packets_shorter_than_their_headers_are_truncated() {
    for length in [0, 1, 6, 19] {
        let expected = Some(Verdict::GwTruncated);
        assert_eq!(verdict(|packet| packet.truncate(length)), expected, "{length} bytes");
    }
    // The header says 60 bytes, or the packet more than came behind it.
    assert_eq!(verdict(|packet| packet[0] = 0x4f), Some(Verdict::GwTruncated));
    assert_eq!(verdict(|packet| packet[3] += 1), Some(Verdict::GwTruncated));
}

#[test]
fn a_malformed_header_is_named_even_when_its_checksum_is_right() {
    let version: fn(&mut Vec<u8>) = |packet| {
        packet[0] = 0x65;
        sign(packet);
    };
    let header_length: fn(&mut Vec<u8>) = |packet| {
        packet[0] = 0x44;
        sign(packet);
    };
    let total_length: fn(&mut Vec<u8>) = |packet| {
        packet[2..4].copy_from_slice(&19_u16.to_be_bytes());
        sign(packet);
    };
    for spoil in [version, header_length, total_length] {
        assert_eq!(verdict(spoil), Some(Verdict::GwHeader));
    }
}

#[test]
fn each_bit_of_the_checksum_counts() {
    for bit in 0..16 {
        let flip = |packet: &mut Vec<u8>| packet[10 + bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verdict(flip), Some(Verdict::GwHeader), "bit {bit}");
    }
}
