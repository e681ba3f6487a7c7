use zerocopy::FromBytes as _;

use super::{
    super::tests::{VM, frame, state},
    *,
};

#[test]
fn only_the_exact_address_of_a_vm_is_found() {
    let state = state();
    let mut headers = Headers::read_from_prefix(&frame(64)).unwrap().0;
    assert_eq!(lookup(&headers, &state).unwrap().mac, VM);
    for other in [[10, 254, 10, 5], [10, 254, 10, 0], [4, 10, 254, 10], [255; 4]] {
        headers.destination = other;
        assert_eq!(lookup(&headers, &state).unwrap_err(), Verdict::GwNoEndpoint);
    }
}
