use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use abi::{
    image::{PortKey, UNTAGGED},
    punt::Metadata,
};
use desired::MacAddress;

use super::*;

mod claims;
mod proptests;

const MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 4]);
const OTHER: MacAddress = MacAddress([2, 0, 0, 0, 0, 5]);

const ANSWER: Heard = Heard { mac: Some(MAC), solicited: true, overrides: true, asks_us: false };

/// No packet is displaced.
const NONE: [u32; 0] = [];

fn vm(last: u8) -> Neighbour {
    let port = PortKey { ifindex: 3, outer: UNTAGGED, inner: UNTAGGED };
    Neighbour::new(port, IpAddr::V4(Ipv4Addr::new(10, 255, 10, last)))
}

fn packet(number: u8) -> Packet {
    let metadata = Metadata { adjacency: number.into(), ..Metadata::default() };
    Packet { ifindex: 1, metadata, frame: vec![number; 100].into(), waits: 1 }
}

/// A table and the time.
struct Scene {
    table: Table,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        Self { table: Table::new(Limits::default()), now: Instant::now() }
    }

    fn pass(&mut self, seconds: f64) {
        self.now += Duration::from_secs_f64(seconds);
    }

    fn wait(&mut self, last: u8, number: u8) -> Vec<u32> {
        let displaced = self.table.wait(vm(last), Resolver::Msee, packet(number), self.now);
        numbers(&displaced)
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.table.poll(self.now)).collect()
    }

    fn state(&self, last: u8) -> Option<State> {
        self.table.store.state(&vm(last))
    }

    fn hear(&mut self, last: u8, heard: Heard) {
        self.table.heard(vm(last), heard, self.now);
    }

    /// A VM that has answered; its packets are gone.
    fn reachable(last: u8) -> Self {
        let mut scene = Self::new();
        assert_eq!(scene.wait(last, 1), NONE);
        scene.actions();
        scene.hear(last, ANSWER);
        scene.actions();
        assert!(scene.table.take_changed());
        scene
    }
}

fn numbers(packets: &VecDeque<Packet>) -> Vec<u32> {
    packets.iter().map(|packet| packet.metadata.adjacency).collect()
}

fn asked(last: u8, confirm: Option<MacAddress>) -> Action {
    Action::Solicit { neighbour: vm(last), resolver: Resolver::Msee, confirm }
}

#[test]
fn the_first_packet_asks_and_the_answer_releases_those_that_wait() {
    let mut scene = Scene::new();
    assert_eq!(scene.wait(4, 1), NONE);
    assert_eq!(scene.table.deadline(), Some(scene.now));
    assert_eq!(scene.actions(), [asked(4, None)]);
    assert_eq!((scene.wait(4, 2), scene.actions()), (vec![], vec![]));
    assert_eq!(scene.table.known(&vm(4)), Known::No);
    assert!(!scene.table.take_changed());
    scene.pass(0.001);
    scene.hear(4, ANSWER);
    let [Action::Release(packets)] = &scene.actions()[..] else { panic!("nothing released") };
    assert_eq!(numbers(packets), [1, 2]);
    assert_eq!(scene.table.known(&vm(4)), Known::At(MAC));
    assert!(scene.table.take_changed());
    assert!(!scene.table.take_changed());
    assert_eq!(scene.table.learned().mac(&vm(4)), Some(MAC));
}

#[test]
fn what_is_adopted_is_used_and_asked_for_within_five_seconds() {
    for is_there in [true, false] {
        let mut scene = Scene::new();
        for last in 1..=100 {
            scene.table.adopt(vm(last), Resolver::Msee, MAC, scene.now);
        }
        assert!(!scene.table.take_changed(), "its image is in force");
        assert_eq!(scene.table.learned().iter().count(), 100);
        let first = scene.actions().len();
        assert!(first < 10, "{first} asked at once");
        let mut questions = first;
        for _ in 0..500 {
            scene.pass(0.01);
            for action in scene.actions() {
                let Action::Solicit { neighbour, confirm: Some(MAC), .. } = action else {
                    panic!("{action:?}")
                };
                questions += 1;
                if is_there {
                    scene.table.heard(neighbour, ANSWER, scene.now);
                }
            }
        }
        assert!(questions >= 100, "{questions} asked in 5 s");
        assert!(!scene.table.take_changed() || !is_there);
        scene.pass(1.0);
        scene.actions();
        scene.pass(1.0);
        scene.actions();
        scene.pass(1.0);
        scene.actions();
        let left = scene.table.learned().iter().count();
        assert_eq!(left, if is_there { 100 } else { 0 }, "8 s after the start");
    }
}

#[test]
fn what_is_adopted_and_the_kernels_is_asked_of_it_at_once() {
    let mut scene = Scene::new();
    scene.table.adopt(vm(4), Resolver::Kernel, MAC, scene.now);
    let asked =
        Action::Solicit { neighbour: vm(4), resolver: Resolver::Kernel, confirm: Some(MAC) };
    assert_eq!(scene.actions(), [asked]);
    assert_eq!(scene.table.known(&vm(4)), Known::At(MAC));
    scene.table.told(vm(4), Told::Failed, scene.now);
    assert!(scene.table.take_changed());
    assert_eq!(scene.table.known(&vm(4)), Known::No);
}

#[test]
fn three_questions_a_second_apart_and_then_it_has_failed_for_a_while() {
    let mut scene = Scene::new();
    assert_eq!(scene.wait(4, 1), NONE);
    for _ in 0..3 {
        assert_eq!(scene.actions(), [asked(4, None)]);
        scene.pass(0.999);
        assert!(scene.actions().is_empty());
        scene.pass(0.001);
    }
    let [Action::Release(packets)] = &scene.actions()[..] else { panic!("not given up") };
    assert_eq!(numbers(packets), [1]);
    assert_eq!(scene.table.known(&vm(4)), Known::Failed);
    assert_eq!((scene.wait(4, 2), scene.actions()), (vec![2], vec![]), "nobody is asked");
    scene.pass(3.0);
    assert_eq!((scene.actions(), scene.state(4)), (vec![], None));
    assert_eq!((scene.wait(4, 3), scene.actions()), (vec![], vec![asked(4, None)]));
    assert!(!scene.table.take_changed(), "nothing was ever learned");
}

#[test]
fn a_late_answer_ends_the_failure() {
    let mut scene = Scene::new();
    assert_eq!(scene.wait(4, 1), NONE);
    for _ in 0..4 {
        scene.actions();
        scene.pass(1.0);
    }
    assert_eq!(scene.state(4), Some(State::Failed));
    scene.hear(4, Heard { solicited: false, ..ANSWER });
    assert_eq!(scene.state(4), Some(State::Stale(MAC)));
}

#[test]
fn the_latest_packets_are_kept() {
    let mut scene = Scene::new();
    scene.table = Table::new(Limits { packets: 3, ..Limits::default() });
    let displaced: Vec<_> = (1..=5).map(|number| scene.wait(4, number)).collect();
    assert_eq!(displaced, [vec![], vec![], vec![], vec![1], vec![2]]);
    // Others have used up the room: the latest waits in any case.
    scene.table = Table::new(Limits { bytes: 250, ..Limits::default() });
    let displaced: Vec<_> = (1..=3).map(|number| scene.wait(4, number)).collect();
    assert_eq!(displaced, [vec![], vec![], vec![1]]);
    assert_eq!(scene.wait(5, 4), NONE);
    assert_eq!(scene.wait(5, 5), [4]);
}

/// The packets of a port fill its own share of the room, not the others'.
#[test]
fn a_port_that_fills_the_room_leaves_the_others_theirs() {
    let mut scene = Scene::new();
    let limits = Limits { bytes: 1_000, unresolved: 8, unresolved_of_port: 8, ..Limits::default() };
    scene.table = Table::new(limits);
    let mut wait = |last, number, port| {
        let mut packet = packet(number);
        packet.metadata.port = port;
        numbers(&scene.table.wait(vm(last), Resolver::Msee, packet, scene.now))
    };
    let displaced = (0..20).map(|number| wait(1 + number % 2, number, 7).len());
    assert_eq!(displaced.sum::<usize>(), 10, "a full room");
    assert_eq!([wait(3, 30, 8), wait(3, 31, 8), wait(3, 32, 8)], [NONE; 3]);
    // Where both wait for one neighbour, each displaces its own.
    assert_eq!((wait(1, 33, 8), wait(1, 34, 8)), (vec![], vec![]));
    assert_eq!(wait(1, 35, 8), [33]);
    assert_eq!(wait(1, 36, 7), [10, 12, 14, 16, 18, 36], "its own, down to its share");
    // So with the neighbours that are asked for.
    for last in 4..=8 {
        assert_eq!(wait(last, last, 7), NONE);
    }
    assert_eq!((wait(9, 9, 7), wait(9, 9, 8)), (vec![9], vec![]));
}

#[test]
fn neighbours_that_are_not_known_cannot_fill_the_table() {
    let mut scene = Scene::new();
    scene.table = Table::new(Limits { unresolved: 2, ..Limits::default() });
    assert_eq!([scene.wait(1, 1), scene.wait(2, 2), scene.wait(3, 3)], [vec![], vec![], vec![3]]);
    scene.hear(1, ANSWER);
    assert_eq!(scene.wait(3, 4), NONE);
    for _ in 0..3 {
        scene.actions();
        scene.pass(1.0);
    }
    scene.actions();
    assert_eq!(scene.state(3), Some(State::Failed));
    assert_eq!(scene.wait(4, 5), [5], "failed ones count too, as long as they are remembered");
}

#[test]
fn a_port_that_asks_for_everybody_leaves_the_others_room() {
    let mut scene = Scene::new();
    scene.table = Table::new(Limits { unresolved_of_port: 2, ..Limits::default() });
    let mut wait = |last, port| {
        let mut packet = packet(last);
        packet.metadata.port = port;
        scene.table.wait(vm(last), Resolver::Msee, packet, scene.now).is_empty()
    };
    assert_eq!([wait(1, 7), wait(2, 7), wait(3, 7)], [true, true, false]);
    assert!(wait(3, 8), "another port's packet asks for it");
    assert!(wait(3, 7), "and those of the first may wait too");
    scene.hear(1, ANSWER);
    let displaced = scene.table.wait(vm(4), Resolver::Msee, packet(4), scene.now);
    assert!(displaced.is_empty());
}

#[test]
fn who_answers_is_polled_and_who_does_not_is_forgotten() {
    let mut scene = Scene::reachable(4);
    for _ in 0..3 {
        let poll = scene.table.deadline().unwrap() - scene.now;
        assert!((10..20).contains(&poll.as_secs()), "{poll:?}");
        scene.now += poll;
        assert_eq!(scene.actions(), [asked(4, Some(MAC))]);
        assert_eq!(scene.table.known(&vm(4)), Known::At(MAC), "it is used meanwhile");
        // The answer may leave out what is known.
        scene.hear(4, Heard { mac: None, overrides: false, ..ANSWER });
        assert_eq!(scene.state(4), Some(State::Reachable(MAC)));
    }
    scene.now = scene.table.deadline().unwrap();
    for _ in 0..3 {
        assert_eq!(scene.actions(), [asked(4, Some(MAC))]);
        scene.pass(1.0);
    }
    assert!(!scene.table.take_changed());
    assert_eq!((scene.actions(), scene.state(4)), (vec![], None));
    assert!(scene.table.take_changed(), "its adjacency is unresolved again");
    assert_eq!((scene.wait(4, 9), scene.actions()), (vec![], vec![asked(4, None)]));
}

#[test]
fn a_question_that_the_kernel_was_not_asked_is_asked_in_a_second() {
    let mut scene = Scene::new();
    scene.table.adopt(vm(4), Resolver::Kernel, MAC, scene.now);
    let ask = Action::Solicit { neighbour: vm(4), resolver: Resolver::Kernel, confirm: Some(MAC) };
    for _ in 0..3 {
        assert_eq!(scene.actions(), std::slice::from_ref(&ask));
        scene.table.not_asked(vm(4), scene.now);
        scene.pass(0.999);
        assert!(scene.actions().is_empty());
        scene.pass(0.001);
    }
    // One that is not known does not fail without having been asked for.
    assert!(scene.table.wait(vm(1), Resolver::Kernel, packet(1), scene.now).is_empty());
    for _ in 0..10 {
        scene.actions();
        scene.table.not_asked(vm(1), scene.now);
        scene.pass(1.0);
    }
    assert_eq!(scene.table.known(&vm(1)), Known::No);
}

#[test]
fn what_may_not_override_only_casts_a_doubt() {
    let mut scene = Scene::reachable(4);
    let doubt = Heard { mac: Some(OTHER), overrides: false, ..ANSWER };
    scene.hear(4, doubt);
    assert_eq!(scene.state(4), Some(State::Stale(MAC)));
    scene.hear(4, doubt);
    assert_eq!(scene.state(4), Some(State::Stale(MAC)));
    assert!(!scene.table.take_changed());
}

#[test]
fn unasked_only_who_asks_us_is_noted_and_a_confirmation_of_nothing_is_none() {
    let mut scene = Scene::new();
    scene.hear(4, ANSWER);
    scene.hear(4, Heard { solicited: false, ..ANSWER });
    assert_eq!(scene.state(4), None);
    scene.hear(4, Heard { mac: None, solicited: false, asks_us: true, overrides: true });
    assert_eq!(scene.state(4), None);
    scene.hear(4, Heard { solicited: false, asks_us: true, ..ANSWER });
    assert_eq!(scene.state(4), Some(State::Stale(MAC)));
    assert_eq!(scene.wait(5, 1), NONE);
    scene.hear(5, Heard { mac: None, ..ANSWER });
    assert_eq!(scene.table.known(&vm(5)), Known::No, "RFC 4861 7.2.5");
}

#[test]
fn the_kernel_is_asked_and_believed_and_reminded() {
    let mut scene = Scene::new();
    let ask = |confirm| Action::Solicit { neighbour: vm(1), resolver: Resolver::Kernel, confirm };
    let displaced = scene.table.wait(vm(1), Resolver::Kernel, packet(1), scene.now);
    assert!(displaced.is_empty());
    assert_eq!(scene.actions(), [ask(None)]);
    scene.table.told(vm(1), Told::Reachable(MAC), scene.now);
    assert!(matches!(&scene.actions()[..], [Action::Release(_)]));
    assert_eq!(scene.table.deadline(), None, "the kernel says when that is over");
    scene.pass(30.0);
    scene.table.told(vm(1), Told::Stale(MAC), scene.now);
    assert_eq!(scene.actions(), [ask(Some(MAC))]);
    scene.pass(10.0);
    assert_eq!(scene.actions(), [ask(Some(MAC))]);
    scene.table.told(vm(1), Told::Probe(MAC), scene.now);
    assert_eq!(scene.table.known(&vm(1)), Known::At(MAC));
    assert!(scene.table.take_changed());
    scene.table.told(vm(1), Told::Reachable(OTHER), scene.now);
    assert!(scene.table.take_changed());
    scene.table.told(vm(1), Told::Failed, scene.now);
    assert_eq!(scene.state(1), None);
    assert!(scene.table.take_changed());
}

#[test]
fn what_the_kernel_gives_up_fails_and_what_it_forgets_is_asked_for_again() {
    let mut scene = Scene::new();
    assert!(scene.table.wait(vm(1), Resolver::Kernel, packet(1), scene.now).is_empty());
    scene.actions();
    scene.table.told(vm(1), Told::Gone, scene.now);
    assert_eq!(scene.state(1), Some(State::Incomplete { asked: 1 }));
    scene.table.told(vm(1), Told::Failed, scene.now);
    assert_eq!(scene.table.known(&vm(1)), Known::Failed);
    assert!(matches!(&scene.actions()[..], [Action::Release(_)]));
    scene.table.told(vm(1), Told::Failed, scene.now);
    assert_eq!(scene.table.known(&vm(1)), Known::Failed);
}

#[test]
fn what_is_no_next_hop_any_more_is_forgotten_and_its_packets_are_decided_about() {
    let mut scene = Scene::reachable(4);
    assert_eq!(scene.wait(5, 7), NONE);
    scene.actions();
    scene.table.retain(|neighbour| *neighbour == vm(6), scene.now);
    let [Action::Release(packets)] = &scene.actions()[..] else { panic!("nothing released") };
    assert_eq!(numbers(packets), [7]);
    assert!(scene.table.take_changed());
    assert_eq!((scene.table.reports().count(), scene.table.deadline()), (0, None));
}
