use super::{super::tests::frame, *};

fn verdict(spoil: impl FnOnce(&mut Vec<u8>)) -> Option<Verdict> {
    let mut bytes = frame(64);
    spoil(&mut bytes);
    check(&mut bytes).err()
}

/// Recomputes the checksum, so that only the spoilt field is wrong.
fn sign(bytes: &mut [u8]) {
    let length = usize::from(bytes[14] & 0xf) * 4;
    bytes[24..26].fill(0);
    let checksum = !sum(&bytes[14..14 + length]);
    bytes[24..26].copy_from_slice(&checksum.to_be_bytes());
}

#[test]
fn a_well_formed_packet_passes_with_its_fields() {
    let mut bytes = frame(64);
    let headers = check(&mut bytes).unwrap();
    assert_eq!(headers.ttl, 64);
    assert_eq!(headers.destination, [10, 254, 10, 4]);
}

#[test]
fn padding_behind_the_packet_is_allowed() {
    assert_eq!(verdict(|bytes| bytes.resize(60, 0)), None);
}

#[test]
fn options_are_covered_by_the_checksum() {
    let with_options = |bytes: &mut Vec<u8>| {
        bytes[14] = 0x46;
        bytes.splice(34..34, [1, 1, 1, 0]);
        let total = u16::from_be_bytes([bytes[16], bytes[17]]) + 4;
        bytes[16..18].copy_from_slice(&total.to_be_bytes());
        sign(bytes);
    };
    assert_eq!(verdict(with_options), None);
    let spoilt = |bytes: &mut Vec<u8>| {
        with_options(bytes);
        bytes[36] = 7;
    };
    assert_eq!(verdict(spoilt), Some(Verdict::GwHeader));
}

#[test]
fn frames_shorter_than_their_headers_are_truncated() {
    for length in [0, 13, 14, 20, 33] {
        let expected = Some(Verdict::GwTruncated);
        assert_eq!(verdict(|bytes| bytes.truncate(length)), expected, "{length} bytes");
    }
    // The header says 60 bytes, or the packet more than came.
    assert_eq!(verdict(|bytes| bytes[14] = 0x4f), Some(Verdict::GwTruncated));
    assert_eq!(verdict(|bytes| bytes[17] += 1), Some(Verdict::GwTruncated));
}

#[test]
fn a_malformed_header_is_named_even_when_its_checksum_is_right() {
    let version: fn(&mut Vec<u8>) = |bytes| {
        bytes[14] = 0x65;
        sign(bytes);
    };
    let header_length: fn(&mut Vec<u8>) = |bytes| {
        bytes[14] = 0x44;
        sign(bytes);
    };
    let total_length: fn(&mut Vec<u8>) = |bytes| {
        bytes[16..18].copy_from_slice(&19_u16.to_be_bytes());
        sign(bytes);
    };
    for spoil in [version, header_length, total_length] {
        assert_eq!(verdict(spoil), Some(Verdict::GwHeader));
    }
}

#[test]
fn each_bit_of_the_checksum_counts() {
    for bit in 0..16 {
        let flip = |bytes: &mut Vec<u8>| bytes[24 + bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verdict(flip), Some(Verdict::GwHeader), "bit {bit}");
    }
}

#[test]
fn other_protocols_and_tagged_frames_are_not_ipv4() {
    for ether_type in [[0x08, 0x06], [0x86, 0xdd], [0x81, 0x00], [0x88, 0xa8]] {
        let change = |bytes: &mut Vec<u8>| bytes[12..14].copy_from_slice(&ether_type);
        assert_eq!(verdict(change), Some(Verdict::GwNotIpv4));
    }
}
