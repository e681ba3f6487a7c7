use super::*;
use crate::topology::plan::MTU;

fn received(bytes: &[u8]) -> Frame {
    let mut frame = Frame::new(MTU);
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
fn the_longest_frame_fits_with_two_tags_and_a_longer_one_does_not() {
    let tag = Some(VlanTag { protocol: 0x8100, control: 1 });
    for (mtu, longest) in [(MTU, 1_522), (1_550, 1_572), (9_216, 9_238)] {
        let mut frame = Frame::new(mtu);
        assert_eq!(frame.landing().len(), longest);
        assert!(frame.land(longest, None));
        assert!(frame.land(longest - 4, tag));
        assert_eq!(frame.data().len(), longest);
        assert!(!frame.land(longest + 1, None));
        assert!(!frame.land(longest - 3, tag));
        assert!(!frame.land(11, None));
    }
}
