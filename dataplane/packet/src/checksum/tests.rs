use proptest::prelude::*;

use super::*;

#[test]
fn the_example_of_rfc_1071_comes_out() {
    assert_eq!(internet(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
}

#[test]
fn an_odd_byte_is_the_high_half_of_a_word() {
    assert_eq!(internet(&[0x12, 0x34, 0x56]), internet(&[0x12, 0x34, 0x56, 0x00]));
}

#[test]
fn a_block_with_its_checksum_sums_to_zero() {
    let mut header = [0x45, 0, 0, 84, 0, 0, 0x40, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    let [high, low] = internet(&header).to_be_bytes();
    (header[10], header[11]) = (high, low);
    assert_eq!(internet(&header), 0);
}

proptest! {
    #[test]
    fn an_update_equals_a_full_recompute(
        mut words in prop::collection::vec(any::<u16>(), 2..32), place in any::<prop::sample::Index>(),
        after in any::<u16>(),
    ) {
        // All-zero data never happens in a packet with a header, and is the one case in which the
        // two zeros differ.
        words[0] |= 1;
        let bytes = |words: &[u16]| words.iter().flat_map(|w| w.to_be_bytes()).collect::<Vec<_>>();
        let checksum = internet(&bytes(&words));
        let index = 1 + place.index(words.len() - 1);
        let before = std::mem::replace(&mut words[index], after);
        prop_assert_eq!(updated(checksum, before, after), internet(&bytes(&words)));
    }
}
