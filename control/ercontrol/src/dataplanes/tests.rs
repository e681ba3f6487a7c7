use std::time::Instant;

use desired::{MseeState, State};

use super::*;

const A: &str = "msee-a";
const B: &str = "msee-b";
const MSEE: DataplaneKind = DataplaneKind::Msee;

/// A compiled model in which `ports` gives each router one empty fabric port of that name.
fn model(ports: &[(&str, &str)]) -> Compiled {
    let state = |port: &str| {
        let mut state = MseeState::default();
        state.fabric_ports.insert(port.to_owned(), desired::FabricPort::default());
        state
    };
    let routers = ports.iter().map(|(name, port)| ((*name).to_owned(), state(port))).collect();
    Compiled { routers, ..Compiled::default() }
}

fn applied(board: &Board, name: &str) -> Option<u64> {
    let status = board.status().into_iter().find(|status| status.name == name).unwrap();
    status.applied.map(|revision| revision.0)
}

#[test]
fn a_state_is_sent_only_when_it_changed_and_counts_as_applied_meanwhile() {
    let mut board = Board::default();
    board.publish(Revision(1), model(&[(A, "eth2"), (B, "eth2")]));
    let (a, b) = (board.connected(MSEE, A), board.connected(MSEE, B));
    for (name, stream) in [(A, a), (B, b)] {
        assert_eq!(board.next(MSEE, name, stream).unwrap().0, Revision(1));
        assert!(board.next(MSEE, name, stream).is_none());
        assert!(!board.settled(Revision(1)));
        board.answered(MSEE, name, stream, Revision(1), None);
    }
    assert!(board.settled(Revision(1)));
    board.publish(Revision(2), model(&[(A, "eth3"), (B, "eth2")]));
    assert!(board.next(MSEE, B, b).is_none());
    assert_eq!(applied(&board, B), Some(2));
    assert_eq!(board.next(MSEE, A, a).unwrap().0, Revision(2));
    assert!(!board.settled(Revision(2)));
    // While it works on 2, two more commits pass that do not concern it.
    board.publish(Revision(4), model(&[(A, "eth3"), (B, "eth2")]));
    board.answered(MSEE, A, a, Revision(2), None);
    assert_eq!(applied(&board, A), Some(4));
    assert!(board.settled(Revision(4)));
}

#[test]
fn a_late_answer_to_an_overtaken_state_is_no_answer_to_the_newest() {
    let mut board = Board::default();
    board.publish(Revision(1), model(&[(A, "eth2")]));
    let a = board.connected(MSEE, A);
    board.next(MSEE, A, a).unwrap();
    board.publish(Revision(2), model(&[(A, "eth3")]));
    board.next(MSEE, A, a).unwrap();
    board.answered(MSEE, A, a, Revision(1), None);
    assert_eq!(applied(&board, A), Some(1));
    assert!(!board.settled(Revision(2)));
    board.answered(MSEE, A, a, Revision(2), None);
    assert!(board.settled(Revision(2)));
}

#[test]
fn a_refusal_settles_the_matter_but_does_not_apply_it() {
    let mut board = Board::default();
    board.publish(Revision(1), model(&[(A, "eth2")]));
    let a = board.connected(MSEE, A);
    board.next(MSEE, A, a).unwrap();
    board.answered(MSEE, A, a, Revision(1), Some("no such port".to_owned()));
    assert!(board.settled(Revision(1)));
    assert_eq!(applied(&board, A), None);
    // A commit that leaves the refused state as it is does not make it right.
    board.publish(Revision(2), model(&[(A, "eth2")]));
    assert!(board.settled(Revision(2)));
    assert_eq!(applied(&board, A), None);
    board.publish(Revision(3), model(&[(A, "eth3")]));
    board.next(MSEE, A, a).unwrap();
    assert!(!board.settled(Revision(3)), "the refusal was of another state");
    board.answered(MSEE, A, a, Revision(3), None);
    assert_eq!((applied(&board, A), board.settled(Revision(3))), (Some(3), true));
}

#[test]
fn a_second_stream_replaces_the_first() {
    let mut board = Board::default();
    board.publish(Revision(1), model(&[(A, "eth2")]));
    let first = board.connected(MSEE, A);
    let second = board.connected(MSEE, A);
    assert!(!board.is_current(MSEE, A, first));
    assert!(board.next(MSEE, A, first).is_none());
    board.disconnected(MSEE, A, first);
    assert!(board.is_current(MSEE, A, second));
    assert_eq!(board.next(MSEE, A, second).unwrap().0, Revision(1));
    assert_eq!(board.status().len(), 1);
}

#[test]
fn who_is_gone_is_not_waited_for() {
    let mut board = Board::default();
    board.publish(Revision(1), model(&[(A, "eth2")]));
    let a = board.connected(MSEE, A);
    assert!(!board.settled(Revision(1)));
    board.disconnected(MSEE, A, a);
    assert!(board.settled(Revision(1)));
    assert!(!board.settled(Revision(2)), "revision 2 is not compiled yet");
}

#[test]
fn a_dataplane_without_a_resource_is_told_to_forward_nothing() {
    let mut board = Board::default();
    board.publish(Revision(1), Compiled::default());
    let stream = board.connected(DataplaneKind::Ergw, "ERGW9");
    let (_, state) = board.next(DataplaneKind::Ergw, "ERGW9", stream).unwrap();
    let State::Ergw(state) = state.as_ref() else { panic!("{state:?}") };
    assert_eq!(state.gateway, "ERGW9");
    assert!(state.endpoints.is_empty() && state.instances.is_empty());
}

#[tokio::test]
async fn waiting_ends_at_the_deadline_and_names_who_lags() {
    let dataplanes = Dataplanes::default();
    dataplanes.publish(Revision(1), model(&[(A, "eth2")]));
    dataplanes.board().connected(MSEE, A);
    let started = Instant::now();
    let laggards = dataplanes.wait_applied(Revision(1), Duration::from_millis(50)).await;
    assert!(started.elapsed() >= Duration::from_millis(50));
    assert_eq!(laggards.iter().map(|l| l.name.as_str()).collect::<Vec<_>>(), [A]);
}

#[tokio::test]
async fn who_is_registered_but_gone_is_named_at_once() {
    let dataplanes = Dataplanes::default();
    let laggards = async |revision: u64| {
        let waited = dataplanes.wait_applied(Revision(revision), Duration::from_hours(1)).await;
        waited.into_iter().map(|laggard| laggard.name).collect::<Vec<_>>()
    };
    dataplanes.publish(Revision(1), model(&[(A, "eth2"), (B, "eth2")]));
    assert_eq!(laggards(1).await, [A, B]);
    // Names are matched without case, as everywhere.
    let a = dataplanes.board().connected(MSEE, "MSEE-A");
    dataplanes.board().next(MSEE, "MSEE-A", a).unwrap();
    dataplanes.board().answered(MSEE, "MSEE-A", a, Revision(1), None);
    assert_eq!(laggards(1).await, [B]);
    dataplanes.board().disconnected(MSEE, "MSEE-A", a);
    assert_eq!(laggards(1).await, ["MSEE-A", B]);
    dataplanes.publish(Revision(2), model(&[(B, "eth2")]));
    assert_eq!(laggards(2).await, [B], "the model counts on it no more");
}
