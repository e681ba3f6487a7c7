use super::*;

const HEADER: &str = "traceroute to 10.0.0.1 (10.0.0.1), 64 hops max\n";

/// What is shown for each piece, and at the end.
fn shown(pieces: &[&str], has_result: bool) -> (Vec<String>, String) {
    let mut live = Live::default();
    let shown = pieces.iter().map(|piece| live.due(piece)).collect();
    (shown, live.rest(has_result))
}

#[test]
fn the_header_waits_for_the_first_probe() {
    let (pieces, rest) = shown(&[HEADER, "  1   ", "* ", " * "], true);
    assert_eq!(pieces, ["", "", &format!("{HEADER}  1   * "), " * "]);
    assert_eq!(rest, "\n");
}

#[test]
fn a_run_that_could_send_nothing_shows_nothing() {
    assert_eq!(
        shown(&[HEADER, "  1   "], false),
        (vec![String::new(), String::new()], String::new())
    );
    assert_eq!(shown(&[], false).1, "");
}

#[test]
fn an_error_in_the_middle_begins_a_line() {
    let (_, rest) = shown(&[HEADER, "  1   10.0.0.9  1.0ms "], false);
    assert_eq!(rest, "\n");
    let (_, rest) = shown(&[HEADER, "  1   10.0.0.9  1.0ms \n"], false);
    assert_eq!(rest, "");
}

#[test]
fn a_result_is_shown_whole() {
    assert_eq!(shown(&[HEADER], true).1, HEADER);
}
