use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_probe_is_read_back(flow: u64, sequence: u64, sent: u64) {
        let probe = Probe { flow, sequence, sent: Duration::from_nanos(sent) };
        prop_assert_eq!(Probe::decode(&probe.encode()), Some(probe));
    }

    #[test]
    fn any_flipped_bit_is_noticed(flow: u64, sequence: u64, bit in 0_usize..LENGTH * 8) {
        let probe = Probe { flow, sequence, sent: Duration::from_secs(1) };
        let mut payload = probe.encode();
        payload[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(Probe::decode(&payload), None);
    }
}

#[test]
fn other_lengths_are_no_probe() {
    let payload = Probe { flow: 1, sequence: 2, sent: Duration::ZERO }.encode();
    assert_eq!(Probe::decode(&payload[..LENGTH - 1]), None);
    assert_eq!(Probe::decode(&[payload.as_slice(), &[FILLER]].concat()), None);
    assert_eq!(Probe::decode(&[]), None);
}
