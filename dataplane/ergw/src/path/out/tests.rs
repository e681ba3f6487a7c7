use zerocopy::FromBytes as _;

use super::{
    super::tests::{DESTINATION, UP, VM, frame, state},
    *,
};

#[test]
fn the_frame_goes_from_the_instance_to_the_vm() {
    let state = state();
    let before = Headers::read_from_prefix(&frame(64)).unwrap().0;
    let mut headers = before;
    out(&mut headers, state.instance(UP).unwrap(), state.endpoint(DESTINATION).unwrap());
    assert_eq!(headers, Headers { destination_mac: VM, source_mac: UP, ..before });
}
