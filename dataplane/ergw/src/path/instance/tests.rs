use zerocopy::FromBytes as _;

use super::{
    super::tests::{FAILED, UP, frame, state},
    *,
};

fn addressed_to(destination: [u8; 6]) -> Ethernet {
    let ethernet = Ethernet::read_from_prefix(&frame(64)).unwrap().0;
    Ethernet { destination, ..ethernet }
}

#[test]
fn the_mac_address_names_the_instance() {
    let state = state();
    let found = instance(&addressed_to(UP), &state).unwrap();
    assert_eq!(*found, Instance { address: [10, 254, 0, 12].into(), mac: UP, in_service: true });
}

#[test]
fn a_failed_instance_and_a_stranger_have_their_own_verdicts() {
    let state = state();
    let failed = instance(&addressed_to(FAILED), &state);
    assert_eq!(failed, Err(Verdict::GwInstanceFailed));
    for stranger in [[0xff; 6], [0; 6], [0x02, 0, 0, 0, 0, 0x14]] {
        assert_eq!(instance(&addressed_to(stranger), &state), Err(Verdict::GwWrongMac));
    }
}
