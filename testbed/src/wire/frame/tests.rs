use super::*;

fn received(bytes: &[u8]) -> Frame {
    let mut frame = Frame::new();
    frame.landing()[..bytes.len()].copy_from_slice(bytes);
    frame
}

const UNTAGGED: [u8; 18] = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x08, 0x00, 0xde, 0xad, 0xbe, 0xef];

#[test]
fn a_frame_without_tag_is_unchanged() {
    let mut frame = received(&UNTAGGED);
    assert!(frame.land(UNTAGGED.len(), None));
    assert_eq!(frame.data(), UNTAGGED);
}

#[test]
fn the_tag_returns_behind_the_addresses() {
    let mut frame = received(&UNTAGGED);
    assert!(frame.land(UNTAGGED.len(), Some(VlanTag { protocol: 0x88a8, control: 0x2064 })));
    let expected = [&UNTAGGED[..12], &[0x88, 0xa8, 0x20, 0x64], &UNTAGGED[12..]].concat();
    assert_eq!(frame.data(), expected);
}

#[test]
fn a_buffer_is_good_for_another_frame() {
    let mut frame = received(&UNTAGGED);
    assert!(frame.land(UNTAGGED.len(), Some(VlanTag { protocol: 0x8100, control: 100 })));
    frame.landing()[..UNTAGGED.len()].copy_from_slice(&UNTAGGED);
    assert!(frame.land(UNTAGGED.len(), None));
    assert_eq!(frame.data(), UNTAGGED);
}

#[test]
fn the_longest_frame_fits_and_a_longer_one_does_not() {
    let tag = Some(VlanTag { protocol: 0x8100, control: 1 });
    let mut frame = Frame::new();
    assert_eq!(frame.landing().len(), LONGEST_FRAME);
    assert!(frame.land(LONGEST_FRAME, None));
    assert!(frame.land(LONGEST_TAGGED - 4, tag));
    assert_eq!(frame.data().len(), LONGEST_TAGGED);
    assert!(!frame.land(LONGEST_FRAME + 1, None));
    assert!(!frame.land(LONGEST_TAGGED - 3, tag));
    assert!(!frame.land(11, None));
}
