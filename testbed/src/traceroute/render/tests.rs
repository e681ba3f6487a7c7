use super::*;
use crate::traceroute::parse;

fn ios(raw: &str) -> String {
    render_ios(&parse([10, 253, 10, 4].into(), raw))
}

const HEADER: &str = "Type escape sequence to abort.\n\
    Tracing the route to 10.253.10.4\n\
    VRF info: (vrf in name/id, vrf out name/id)\n";

#[test]
fn the_documented_lab_is_printed_as_the_router_did() {
    let raw = "traceroute to 10.253.10.4 (10.253.10.4), 64 hops max\n\
        \x20 1   172.16.1.2  1.105ms  1.061ms  0.935ms \n\
        \x20 2   *  *  * \n\
        \x20 3   10.253.10.4  75.320ms  73.123ms  72.970ms \n";
    let expected = "\x20 1 172.16.1.2 1 msec 1 msec 1 msec\n\
        \x20 2  *  *  * \n\
        \x20 3 10.253.10.4 75 msec 73 msec 73 msec\n";
    assert_eq!(ios(raw), HEADER.to_owned() + expected);
    assert_eq!(render_linux(&parse([10, 253, 10, 4].into(), raw)), raw);
}

#[test]
fn marks_and_gaps_are_the_routers() {
    let raw = "  1   10.0.1.2  4.005ms !X  *  0.104ms \n  2   *  10.0.0.1  4.000ms  10.0.0.2  8.000ms !N \n";
    let expected = "\x20 1 10.0.1.2 !A *  0 msec\n\
        \x20 2  * 10.0.0.1 4 msec\n    10.0.0.2 !N\n";
    assert_eq!(ios(raw), HEADER.to_owned() + expected);
}
