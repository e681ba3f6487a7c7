use zerocopy::FromBytes as _;

use super::{
    super::tests::{DESTINATION, UP, VM, frame, state},
    *,
};

#[test]
fn the_frame_goes_from_the_instance_to_the_vm() {
    let state = state();
    let before = Ethernet::read_from_prefix(&frame(64)).unwrap().0;
    let mut ethernet = before;
    let endpoint = state.endpoint(DESTINATION.into()).unwrap();
    out(&mut ethernet, state.instance(UP).unwrap(), endpoint);
    assert_eq!(ethernet, Ethernet { destination: VM, source: UP, ..before });
}
