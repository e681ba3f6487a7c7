use desired::ServiceEthertype;

use super::*;
use crate::{
    topology::plan::MTU,
    wire::{ancillary::VlanTag, frame::FramePool},
};

const QINQ: Tags = Tags::Qinq { service: 20, customer: 100, ethertype: ServiceEthertype::Dot1ad };
const OTHER: Tags = Tags::Qinq { service: 20, customer: 200, ethertype: ServiceEthertype::Dot1q };

/// A frame with these tags around IPv4, as the kernel hands it over: the outer one beside it.
fn arrived(tags: &[(u16, u16)]) -> Frame {
    let mut bytes = vec![1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2];
    for (protocol, control) in tags.iter().skip(1) {
        bytes.extend(protocol.to_be_bytes());
        bytes.extend(control.to_be_bytes());
    }
    bytes.extend([0x08, 0x00, 0xde, 0xad, 0xbe, 0xef]);
    let mut frame = FramePool::new(MTU).take();
    frame.landing()[..bytes.len()].copy_from_slice(&bytes);
    let outer =
        tags.first().map(|(protocol, control)| VlanTag { protocol: *protocol, control: *control });
    assert!(frame.land(bytes.len(), outer));
    frame
}

/// The end of each wire at the interface they share, or of the first wire at its customer's end.
fn junction(side: usize, tags: &[Tags]) -> Junction {
    let tap = |(wire, tags): (usize, &Tags)| Tap {
        wire,
        direction: side,
        handling: Handling::of(*tags)[side],
    };
    let mut ends = tags.iter().enumerate().map(tap);
    let mut junction = Junction::new(Port::new("wire0b".to_owned()), ends.next().unwrap());
    assert!(ends.all(|tap| junction.add(tap)));
    junction
}

fn admit(junction: &Junction, frame: &mut Frame) -> (usize, Result<(), Refusal>) {
    let (tap, admitted) = junction.admit(frame, true);
    (tap.unwrap().wire, admitted)
}

#[test]
fn a_circuits_tags_come_and_go() {
    for (tags, on_wire) in [
        (QINQ, &[(0x88a8, 20), (0x8100, 100)][..]),
        (OTHER, &[(0x8100, 20), (0x8100, 200)]),
        (Tags::Dot1q { vlan: 4094 }, &[(0x8100, 4094)]),
    ] {
        let untagged = arrived(&[]).data().to_vec();
        let mut frame = arrived(&[]);
        assert_eq!(admit(&junction(0, &[tags]), &mut frame), (0, Ok(())));
        let tagged = arrived(on_wire).data().to_vec();
        assert_eq!(frame.data(), tagged, "{tags:?}");
        let mut frame = arrived(on_wire);
        assert_eq!(admit(&junction(1, &[tags]), &mut frame), (0, Ok(())));
        assert_eq!(frame.data(), untagged, "{tags:?}");
    }
}

#[test]
fn tags_choose_the_wire_and_priorities_do_not_matter() {
    let shared = junction(1, &[QINQ, OTHER, Tags::Dot1q { vlan: 20 }]);
    for (tags, wire) in [
        (&[(0x88a8, 20), (0x8100, 100)][..], 0),
        (&[(0x88a8, 0xe014), (0x8100, 0x3064)], 0),
        (&[(0x8100, 20), (0x8100, 200)], 1),
        (&[(0x8100, 20)], 2),
    ] {
        assert_eq!(admit(&shared, &mut arrived(tags)), (wire, Ok(())), "{tags:?}");
    }
}

#[test]
fn what_is_for_the_nearest_bridge_ends_there_and_is_no_loss() {
    let edge = junction(1, &[QINQ]);
    let mut frame = arrived(&[]);
    frame.landing()[..6].copy_from_slice(&[0x01, 0x80, 0xc2, 0, 0, 0x0e]);
    assert!(matches!(edge.admit(&mut frame, true), (None, Ok(()))));
    frame.landing()[5] = 0x10;
    assert_eq!(admit(&edge, &mut frame), (0, Err(Refusal::Tags)));
}

#[test]
fn wrong_tags_have_no_place_and_are_counted_by_the_first() {
    let shared = junction(1, &[QINQ, OTHER]);
    for tags in [
        &[][..],
        &[(0x8100, 20)],
        &[(0x88a8, 20), (0x8100, 101)],
        &[(0x88a8, 21), (0x8100, 100)],
        // The right numbers with the wrong types.
        &[(0x8100, 20), (0x8100, 100)],
        &[(0x88a8, 20), (0x88a8, 100)],
        // One too many.
        &[(0x88a8, 20), (0x8100, 100), (0x8100, 1)],
    ] {
        let expected = (0, Err(Refusal::Tags));
        assert_eq!(admit(&shared, &mut arrived(tags)), expected, "{tags:?}");
    }
    // A customer's port is untagged.
    let tagged = &mut arrived(&[(0x8100, 100)]);
    assert_eq!(admit(&junction(0, &[QINQ]), tagged), (0, Err(Refusal::Tags)));
}

#[test]
fn a_plain_wire_passes_whatever_there_is() {
    for side in [0, 1] {
        let mut frame = arrived(&[(0x8100, 7), (0x8100, 8)]);
        let before = frame.data().to_vec();
        assert_eq!(admit(&junction(side, &[Tags::Untagged]), &mut frame), (0, Ok(())));
        assert_eq!(frame.data(), before);
    }
}

#[test]
fn the_longest_packet_of_a_customer_fits_with_its_tags_and_a_longer_one_does_not() {
    for (length, expected) in [(1_514, Ok(())), (1_515, Err(Refusal::Length))] {
        let mut frame = FramePool::new(MTU).take();
        frame.landing()[..14].fill(0);
        assert!(frame.land(length, None));
        assert_eq!(admit(&junction(0, &[QINQ]), &mut frame), (0, expected));
    }
}

#[test]
fn only_tags_can_share_an_interface() {
    let tap =
        |tags, side: usize| Tap { wire: 9, direction: side, handling: Handling::of(tags)[side] };
    let mut shared = junction(1, &[QINQ, OTHER]);
    assert!(!shared.add(tap(QINQ, 1)));
    // Another EtherType of the outer tag is no other circuit.
    let same = Tags::Qinq { service: 20, customer: 100, ethertype: ServiceEthertype::Dot1q };
    assert!(!shared.add(tap(same, 1)));
    assert!(!shared.add(tap(Tags::Untagged, 1)));
    assert!(!shared.add(tap(Tags::Dot1q { vlan: 5 }, 0)));
    assert!(shared.add(tap(Tags::Dot1q { vlan: 5 }, 1)));
    assert!(!junction(0, &[QINQ]).add(tap(OTHER, 0)));
    assert!(!junction(1, &[Tags::Untagged]).add(tap(OTHER, 1)));
}
