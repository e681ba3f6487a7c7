use super::*;

#[test]
fn an_answer_cut_anywhere_says_nothing_and_a_whole_one_the_mode() {
    let nested = [5_u16.to_ne_bytes(), ATTACHED.to_ne_bytes()].concat();
    let mut message = vec![0; HEADER + LINK];
    message[4..6].copy_from_slice(&NEW_LINK.to_ne_bytes());
    // Another attribute first, of a length that is padded.
    message.extend([5_u16.to_ne_bytes(), 3_u16.to_ne_bytes()].concat());
    message.extend([b'x', 0, 0, 0]);
    message.extend([12_u16.to_ne_bytes(), (XDP | 0x8000).to_ne_bytes()].concat());
    message.extend(nested);
    message.extend([BY_STACK, 0, 0, 0]);
    assert_eq!(mode(&message), Some(Mode::Generic));
    for length in 0..message.len() - 4 {
        assert_eq!(mode(&message[..length]), None, "{length} bytes");
    }
    let at = message.len() - 4;
    message[at] = BY_DRIVER;
    assert_eq!(mode(&message), Some(Mode::Native));
    message[at] = 0;
    assert_eq!(mode(&message), None);
}
