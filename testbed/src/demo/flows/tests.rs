use super::*;
use crate::traffic::{Report, render_table};

#[test]
fn a_flow_is_whole_when_each_packet_arrived_once() {
    let fate = Fate { sent: 10, received: 10, reordered: 2, ..Fate::default() };
    assert!(fate.is_whole());
    assert!(!Fate { lost: 1, received: 9, ..fate.clone() }.is_whole());
    assert!(!Fate { duplicated: 1, ..fate }.is_whole());
    assert!(!Fate::default().is_whole());
}

#[test]
fn counts_are_read_from_the_printed_line() {
    let report = Report {
        name: "a>b".to_owned(),
        sent: 2_000,
        received: 1_999,
        lost: 1,
        ..Report::default()
    };
    let text = render_table(&[report]);
    let fate = Fate { sent: 2_000, received: 1_999, lost: 1, ..Fate::default() };
    assert_eq!(Fate::of_line("a>b", &text), Some(fate));
    assert_eq!(Fate::of_line("b>a", &text), None);
}
