//! Who says that a neighbour is elsewhere is believed when nobody answers where it was, and not while
//! answers are lost in a crowd.

use super::*;

const CLAIMS: [Heard; 2] = [
    Heard { mac: Some(OTHER), solicited: false, ..ANSWER },
    // As if we had asked.
    Heard { mac: Some(OTHER), ..ANSWER },
];

#[test]
fn who_moves_is_followed_when_nobody_is_where_it_was() {
    for claim in CLAIMS {
        let mut scene = Scene::reachable(4);
        scene.hear(4, claim);
        assert_eq!(scene.actions(), [asked(4, Some(MAC))], "who is known is asked first");
        scene.pass(0.29);
        assert_eq!((scene.actions(), scene.table.known(&vm(4))), (vec![], Known::At(MAC)));
        scene.pass(0.01);
        assert_eq!((scene.actions(), scene.state(4)), (vec![], Some(State::Stale(OTHER))));
        assert!(scene.table.take_changed());
        scene.pass(5.0);
        assert_eq!(scene.actions(), [asked(4, Some(OTHER))]);
        scene.hear(4, CLAIMS[1]);
        assert_eq!(scene.state(4), Some(State::Reachable(OTHER)));
    }
}

#[test]
fn nobody_takes_the_address_of_a_station_that_is_there() {
    for claim in CLAIMS {
        let mut scene = Scene::reachable(4);
        let mut questions = 0;
        for _ in 0..300 {
            scene.hear(4, claim);
            for action in scene.actions() {
                assert_eq!(action, asked(4, Some(MAC)));
                questions += 1;
                // The other one is faster.
                scene.hear(4, claim);
                scene.hear(4, ANSWER);
            }
            scene.pass(0.01);
        }
        assert_eq!(scene.table.known(&vm(4)), Known::At(MAC));
        assert!(!scene.table.take_changed());
        assert_eq!(questions, 3, "one a second");
    }
}

#[test]
fn one_that_moves_all_the_time_makes_an_image_a_second_at_most() {
    let mut scene = Scene::reachable(4);
    let mut images = 0;
    for step in 0..500_u16 {
        let [high, low] = (step / 10).to_be_bytes();
        let mac = MacAddress([2, 0, 0, 1, high, low]);
        scene.hear(4, Heard { mac: Some(mac), ..CLAIMS[0] });
        scene.actions();
        images += usize::from(scene.table.take_changed());
        scene.pass(0.01);
    }
    assert!((3..=5).contains(&images), "{images} in 5 s");
}

#[test]
fn an_answer_counts_while_we_ask() {
    let mut scene = Scene::new();
    scene.table.adopt(vm(4), Resolver::Msee, MAC, scene.now);
    scene.hear(4, ANSWER);
    assert_eq!(scene.state(4), Some(State::Stale(MAC)), "nobody asked");
    scene.pass(4.0);
    scene.actions();
    scene.hear(4, ANSWER);
    assert_eq!(scene.state(4), Some(State::Reachable(MAC)));
}

#[test]
fn nobody_who_is_known_is_given_up_while_answers_are_lost_in_a_crowd() {
    for (messages, is_kept) in [(1_000, true), (500, false)] {
        let mut scene = Scene::reachable(4);
        scene.pass(20.0);
        for _ in 0..10 {
            for _ in 0..messages / 10 {
                for _ in 0..10 {
                    scene.table.note_message(vm(4).port(), scene.now);
                }
                scene.pass(10.0 / f64::from(messages));
                scene.actions();
            }
        }
        assert_eq!(scene.table.known(&vm(4)) == Known::At(MAC), is_kept, "{messages}");
        // When it has ended, silence counts.
        scene.pass(3.0);
        scene.actions();
        assert_eq!(scene.table.known(&vm(4)), Known::No);
    }
}

/// A burst takes the budget long before a second has passed: the answer is lost, and a claim is not true.
#[test]
fn a_burst_that_costs_the_answer_does_not_make_a_claim_true() {
    let mut scene = Scene::reachable(4);
    scene.pass(20.0);
    scene.actions();
    scene.hear(4, ANSWER);
    for messages in [300, 300] {
        for _ in 0..messages {
            scene.table.note_message(vm(4).port(), scene.now);
        }
        for claim in CLAIMS {
            scene.hear(4, claim);
        }
        scene.actions();
        scene.pass(0.15);
    }
    for _ in 0..5 {
        scene.pass(0.15);
        scene.actions();
    }
    assert_eq!(scene.table.known(&vm(4)), Known::At(MAC));
}
