use super::*;
use crate::wire::{DirectionStatistics, EndState};

const TABLE: &str = "Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
 wire0:     742     100    0    3    0     0          0         0      742      50    0   17    0     0       0          0
 wire1:     742     200    0    3    0     0          0         0      742      60    0   17    0     0       0          0
 port0:     742     120    0    3    0     0          0         0      742     290    0   17    0     0       0          0
";

fn direction(received_frames: u64, delivered_frames: u64) -> DirectionStatistics {
    DirectionStatistics { received_frames, delivered_frames, ..DirectionStatistics::default() }
}

/// Two wires that share their second end.
fn wires() -> Vec<WireStatistics> {
    let end = |interface: &str| EndState { interface: interface.to_owned(), up: true };
    let wire = |a: &str, a_to_b, b_to_a| WireStatistics {
        name: a.to_owned(),
        a: end(a),
        b: end("port0"),
        tags: desired::Tags::default(),
        a_to_b,
        b_to_a,
    };
    vec![
        wire("wire0", direction(10, 9), direction(5, 5)),
        wire("wire1", direction(20, 20), direction(6, 4)),
    ]
}

#[test]
fn what_came_and_did_not_go_was_lost_before_unless_it_is_accounted_for() {
    let counts = counts(TABLE);
    assert_eq!(counts["port0"], Counts { received: 120, sent: 290 });
    // There: 300 came, 30 of them to these wires; 290 went, 29 of them from these.
    // Back: 120 came, 11 of them to these; 110 went, 9 of them from these.
    let lost = unaccounted(&wires(), &counts);
    assert_eq!(lost, Lost::from([("port0".to_owned(), [270 - 261, 109 - 101])]));
}

#[test]
fn a_frame_that_comes_meanwhile_spoils_the_moment_for_its_own_interface() {
    let (before, mut after) = (wires(), wires());
    assert!(is_quiet("port0", &before, &after));
    after[1].b_to_a.received_frames += 1;
    assert!(!is_quiet("port0", &before, &after));
    assert!(is_quiet("another", &before, &after));
}

#[test]
fn it_is_the_first_wires_and_no_count_contradicts_another() {
    let mut wires = wires();
    add(&mut wires, &Lost::from([("port0".to_owned(), [9, 8])]));
    let [first, second] = wires.as_slice() else { panic!("two wires") };
    assert_eq!((first.a_to_b.losses.wire_killed, first.b_to_a.losses.wire_killed), (9, 8));
    assert_eq!((first.a_to_b.received_frames, first.a_to_b.delivered_frames), (19, 9));
    assert_eq!(second.a_to_b.losses.total(), 0);
}
