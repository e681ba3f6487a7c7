use super::*;
use crate::path::tests::{ETHERNET, frame, frame_v6};

#[test]
fn the_ether_type_says_which_header_is_checked() {
    let mut bytes = frame(64);
    assert!(matches!(check(&mut bytes).unwrap().ip, Ip::V4(header) if header.ttl == 64));
    let mut bytes = frame_v6(64);
    assert!(matches!(check(&mut bytes).unwrap().ip, Ip::V6(header) if header.hop_limit == 64));
    // The version must agree with it.
    for (mut bytes, ether_type) in [(frame(64), IPV6), (frame_v6(64), IPV4)] {
        bytes[12..14].copy_from_slice(&ether_type);
        bytes.resize(80, 0);
        assert_eq!(check(&mut bytes).unwrap_err(), Verdict::GwHeader);
    }
}

#[test]
fn other_protocols_and_tagged_frames_are_not_ip() {
    for ether_type in [[0x08, 0x06], [0x86, 0xdc], [0x81, 0x00], [0x88, 0xa8], [0, 0]] {
        let mut bytes = frame(64);
        bytes[12..14].copy_from_slice(&ether_type);
        assert_eq!(check(&mut bytes).unwrap_err(), Verdict::GwNotIp);
    }
}

#[test]
fn a_frame_cut_anywhere_is_truncated() {
    for whole in [frame(64), frame_v6(64)] {
        for length in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes.truncate(length);
            assert_eq!(check(&mut bytes).unwrap_err(), Verdict::GwTruncated, "{length} bytes");
        }
    }
    assert_eq!(size_of::<Ethernet>(), ETHERNET);
}
