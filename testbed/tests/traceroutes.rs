//! The five traceroutes of the lab, hop for hop, with FastPath and without; what is unreachable
//! without a connection.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use harness::{FIVE_TRACEROUTES, Lab, hops};

#[test]
fn each_hop_is_the_lab_texts() {
    let lab = Lab::deploy("tracert");

    // conn2 exists, conn1 does not.
    lab.wait_for_ping("onprem-vm", "10.253.10.4", true);
    for from in ["onprem-vm", "remote-vm"] {
        for to in ["10.255.10.4", "10.254.10.4"] {
            assert!(!lab.pings(from, to), "{from} reaches {to} without conn1");
        }
    }

    lab.create_conn1(true);
    let shown = lab.erlab(&["connection", "show", "conn1", "-f", "json"]).json();
    assert_eq!(shown["properties"]["expressRouteGatewayBypass"], true);
    let inspected = lab.erlab(&["inspect", "-f", "json"]).json();
    for node in inspected["tracert"].as_array().unwrap() {
        assert_eq!(node["status"], "ready", "{node:#}");
    }
    for (from, to, expected) in FIVE_TRACEROUTES {
        let trace = lab.erlab(&["traceroute", from, to, "-f", "json"]).json();
        assert_eq!(hops(&trace), expected, "{from} -> {to}");
    }

    // A VM's own gateway is never on its way out: the first hop is an MSEE.
    for to in ["10.10.10.4", "10.253.10.4"] {
        let trace = lab.erlab(&["traceroute", "hub-vm", to, "-f", "json"]).json();
        let first = hops(&trace).remove(0);
        assert!(["10.255.0.4", "10.255.0.5"].contains(&first.as_str()), "hub-vm -> {to}: {first}");
    }

    lab.set_fastpath(false);
    let trace = lab.erlab(&["traceroute", "remote-vm", "10.255.10.4", "-f", "json"]).json();
    assert_eq!(hops(&trace), ["10.253.0.4", "*", "10.255.10.4"]);
    let trace = lab.erlab(&["traceroute", "ce1", "10.255.10.4", "-f", "json"]).json();
    assert_eq!(hops(&trace), ["172.16.1.2", "*", "10.255.10.4"]);

    // The gateway itself says what its `*` is, and what becomes of the next probe.
    for (ttl, verdict) in [("1", "gw_ttl_expired_silent"), ("2", "gw_forwarded")] {
        let packet = format!("src remote-vm dst hub-vm udp ttl {ttl}");
        let told = lab.erlab(&["trace", "ERGW1", "--inject", &packet, "-f", "json"]).json();
        assert_eq!(told["verdict"], verdict, "{told:#}");
    }
    lab.erlab(&["trace", "ERGW1", "--inject", "src remote-vm dst hub-vm on eth9"])
        .fails_with(&["eth9", "eth1"]);
}

#[test]
fn a_node_without_a_route_is_an_error_without_half_a_header() {
    let lab = Lab::deploy("noroute");
    let traced = lab.erlab(&["traceroute", "hub-vm", "203.0.113.1"]);
    traced.fails_with(&["Network is unreachable", "`erlab exec hub-vm -- ip route`"]);
    assert_eq!(traced.stdout(), "");
}

#[test]
fn both_styles_are_laid_out_as_their_tools_print() {
    let lab = Lab::deploy("styles");
    let linux = lab.erlab(&["traceroute", "remote-vm", "10.10.10.4"]);
    let text = linux.succeeds().stdout();
    assert!(text.starts_with("traceroute to 10.10.10.4 (10.10.10.4), 64 hops max\n"), "{text}");
    let ios = lab.erlab(&["traceroute", "ce1", "10.253.10.4", "--style", "ios"]);
    let text = ios.succeeds().stdout();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    assert_eq!(lines[0], "Type escape sequence to abort.", "{text}");
    assert_eq!(lines[1], "Tracing the route to 10.253.10.4", "{text}");
    assert_eq!(lines[2], "VRF info: (vrf in name/id, vrf out name/id)", "{text}");
    assert!(lines[3].starts_with("  1 172.16.1.2 ") && lines[3].ends_with(" msec"), "{text}");
    assert_eq!(lines[4], "  2  *  *  *", "{text}");
    assert!(lines[5].starts_with("  3 10.253.10.4 "), "{text}");
}
