use super::*;

fn hop(round_trips: &[f64]) -> Hop {
    Hop { address: None, round_trips: round_trips.to_vec(), unreachable: false }
}

#[test]
fn expected_stands_beside_seen() {
    let check = Check::same("path", "a, b", "a, b");
    assert_eq!(check.render(Style::plain()), "  ✔ path\n      expected a, b │ seen a, b\n");
    let check = Check::same("path", "a, b", "a, *, b");
    assert_eq!(check.render(Style::plain()), "  ✘ path\n      expected a, b │ seen a, *, b\n");
}

#[test]
fn sides_too_long_for_one_line_stand_under_each_other() {
    let long = "10.255.10.4, ".repeat(6);
    let check = Check::same("path", long.as_str(), "*");
    let rendered = check.render(Style::plain());
    assert_eq!(rendered, format!("  ✘ path\n      expected {long}\n      seen     *\n"));
}

#[test]
fn round_trips_have_a_generous_roof_and_a_hard_floor() {
    let passed = |times: &[f64]| Check::round_trip("rtt", Some(&hop(times)), 70.0).passed;
    assert!(passed(&[70.1, 69.9, 140.0]));
    assert!(passed(&[90.0]));
    assert!(!passed(&[35.0]));
    assert!(!passed(&[140.0]));
    assert!(!passed(&[]));
    assert!(!Check::round_trip("rtt", None, 70.0).passed);
}
