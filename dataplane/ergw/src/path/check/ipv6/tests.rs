use super::*;
use crate::path::tests::{DESTINATION_V6, ETHERNET, frame_v6};

/// Length of the test packet's UDP header and text.
const PAYLOAD: u16 = 13;

fn verdict(spoil: impl FnOnce(&mut Vec<u8>)) -> Option<Verdict> {
    let mut packet = frame_v6(64).split_off(ETHERNET);
    spoil(&mut packet);
    check(&mut packet).err()
}

fn set_payload_length(packet: &mut [u8], length: u16) {
    packet[4..6].copy_from_slice(&length.to_be_bytes());
}

#[test]
fn a_well_formed_packet_passes_with_its_fields() {
    let mut packet = frame_v6(64).split_off(ETHERNET);
    let header = check(&mut packet).unwrap();
    assert_eq!(header.hop_limit, 64);
    assert_eq!(header.destination, DESTINATION_V6);
    assert_eq!(u16::from_be_bytes(header.payload_length), PAYLOAD);
}

#[test]
fn padding_behind_the_packet_is_allowed() {
    assert_eq!(verdict(|packet| packet.resize(80, 0)), None);
    assert_eq!(verdict(|packet| set_payload_length(packet, PAYLOAD - 1)), None);
}

#[test]
fn packets_shorter_than_their_headers_are_truncated() {
    for length in [0, 1, 6, 20, 39] {
        let expected = Some(Verdict::GwTruncated);
        assert_eq!(verdict(|packet| packet.truncate(length)), expected, "{length} bytes");
    }
    for length in [PAYLOAD + 1, u16::MAX] {
        let expected = Some(Verdict::GwTruncated);
        assert_eq!(verdict(|packet| set_payload_length(packet, length)), expected, "{length}");
    }
}

#[test]
fn another_version_is_a_malformed_header() {
    for version in (0..16).filter(|version| *version != 6) {
        let expected = Some(Verdict::GwHeader);
        assert_eq!(verdict(|packet| packet[0] = version << 4), expected, "{version}");
    }
    assert_eq!(verdict(|packet| packet[..4].copy_from_slice(&[0x6f, 0xff, 0xff, 0xff])), None);
}

/// RFC 2675: its length is in an option, and the header's is 0.
#[test]
fn a_jumbogram_is_refused_and_an_empty_packet_is_not() {
    let empty = |next_header: u8| {
        verdict(|packet| {
            packet.truncate(40);
            set_payload_length(packet, 0);
            packet[6] = next_header;
        })
    };
    assert_eq!(empty(0), Some(Verdict::GwHeader));
    // RFC 8200 4.7: nothing follows the header.
    assert_eq!(empty(59), None);
}

/// RFC 8200 4: a node on the way does not process extension headers, whatever they are.
#[test]
fn extension_headers_are_not_looked_at() {
    for next_header in [0, 43, 44, 50, 51, 60, 135, 253] {
        assert_eq!(verdict(|packet| packet[6] = next_header), None, "{next_header}");
    }
}
