use super::*;

/// The lab's own text: its times differ from ours by the real distance to its MSEE.
const REMOTE_TO_SPOKE: &str = "\
traceroute to 10.254.10.4 (10.254.10.4), 64 hops max
  1   10.253.0.5  70.275ms  70.192ms  70.188ms
  2   *  *  *
  3   10.254.10.4  140.693ms  140.123ms  140.970ms
";

fn verdicts(traceroute: &Traceroute, text: &str) -> Vec<bool> {
    traceroute.checks(text).iter().map(|check| check.passed).collect()
}

#[test]
fn the_labs_own_output_passes() {
    assert_eq!(verdicts(&WITH_FASTPATH[1], REMOTE_TO_SPOKE), [true, true, true]);
}

#[test]
fn a_missing_star_fails_the_path() {
    let text = REMOTE_TO_SPOKE.replace("  2   *  *  *\n", "");
    let check = &WITH_FASTPATH[1].checks(&text)[0];
    assert!(!check.passed);
    assert_eq!(check.expected, "10.253.0.5, *, 10.254.10.4");
    assert_eq!(check.seen, "10.253.0.5, 10.254.10.4");
}

#[test]
fn the_other_msee_fails_the_path() {
    let text = REMOTE_TO_SPOKE.replace("10.253.0.5", "10.253.0.4");
    assert!(!WITH_FASTPATH[1].checks(&text)[0].passed);
}

#[test]
fn outbound_accepts_either_msee_but_no_star() {
    let text = |first: &str| format!("1 {first}\n2 172.16.1.1 71ms\n3 10.10.10.4 71ms\n");
    assert!(verdicts(&OUTBOUND[0], &text("10.255.0.5 70ms"))[0]);
    assert!(verdicts(&OUTBOUND[0], &text("10.255.0.4 70ms"))[0]);
    assert!(!verdicts(&OUTBOUND[0], &text("* * *"))[0]);
}

#[test]
fn customer_routers_print_as_cisco_does() {
    assert_eq!(WITH_FASTPATH[4].words(), ["traceroute", "ce1", "10.255.10.4", "--style", "ios"]);
    assert_eq!(WITH_FASTPATH[0].words(), ["traceroute", "remote-vm", "10.255.10.4"]);
}
