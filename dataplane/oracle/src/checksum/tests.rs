use super::*;

/// RFC 1071, section 3.
#[test]
fn the_sum_of_the_standards_example() {
    assert_eq!(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), 0xddf2);
}

#[test]
fn a_header_seen_on_a_wire() {
    let header = [
        0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0x00,
        0x01, 0xc0, 0xa8, 0x00, 0xc7,
    ];
    assert!(is_right(&header));
    let mut without = header;
    without[10..12].fill(0);
    assert_eq!(of(&without), 0xb861);
}

#[test]
fn an_odd_byte_is_the_high_half_of_a_word() {
    assert_eq!(sum(&[0x12, 0x34, 0x56]), sum(&[0x12, 0x34, 0x56, 0x00]));
}

#[test]
fn either_zero_is_right() {
    assert!(is_right(&[0xff, 0xff, 0x00, 0x00]));
    assert!(is_right(&[0xff, 0xff, 0xff, 0xff]));
    assert!(!is_right(&[0x00, 0x00, 0x00, 0x00]));
}

#[test]
fn others_code_sums_alike() {
    for length in 0..600_u16 {
        let bytes: Vec<u8> =
            (0..length).map(|index| (index.wrapping_mul(length) >> 3) as u8).collect();
        let theirs = etherparse::checksum::Sum16BitWords::new().add_slice(&bytes).ones_complement();
        assert_eq!(of(&bytes), theirs.to_be(), "{length}");
    }
}
