use super::*;

/// The lab's own texts.
const LINUX: &str = "\
traceroute to 10.254.10.4 (10.254.10.4), 64 hops max
  1   10.253.0.5  66.275ms  66.192ms  66.188ms 
  2   *  *  * 
  3   10.254.10.4  135.693ms  134.123ms  133.970ms
";
const IOS: &str = "\
Type escape sequence to abort.
Tracing the route to 10.253.10.4
VRF info: (vrf in name/id, vrf out name/id)
  1 172.16.1.2 1 msec 1 msec 1 msec
  2  *  *  * 
  3 10.253.10.4 [AS 12076] 75 msec 73 msec 73 msec
";

#[test]
fn both_styles_of_the_lab_are_read() {
    assert_eq!(summary(&read(LINUX)), "10.253.0.5, *, 10.254.10.4");
    assert_eq!(summary(&read(IOS)), "172.16.1.2, *, 10.253.10.4");
}

#[test]
fn round_trips_are_milliseconds() {
    let hops = read(LINUX);
    assert_eq!(hops[0].round_trips, [66.275, 66.192, 66.188]);
    assert_eq!(hops[0].round_trip(), Some(66.192));
    assert_eq!(hops[1].round_trip(), None);
    assert_eq!(read(IOS)[2].round_trips, [75.0, 73.0, 73.0]);
}

#[test]
fn an_unreachable_is_no_plain_hop() {
    let hops = read("  2   172.16.1.2  1.102ms !N  1.019ms !N  1.001ms !N\n");
    assert_eq!(summary(&hops), "172.16.1.2 unreachable");
}

#[test]
fn other_lines_are_no_hops() {
    assert_eq!(read("3 packets sent\ntraceroute: sendto: Network is unreachable\n"), []);
}
