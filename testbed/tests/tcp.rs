//! TCP passes both ways: one FastPath pair and one gateway pair, by iperf3.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use std::{thread::sleep, time::Duration};

use harness::Lab;
use serde_json::Value;

#[test]
fn tcp_passes_by_fastpath_and_by_the_gateway() {
    let lab = Lab::deploy("tcp");
    lab.create_conn1(true);
    let before = lab.gateway_packets("ERGW1", "hub-vm");
    transfer(&lab, "onprem-vm", "hub-vm", "10.255.10.4");
    assert_eq!(lab.gateway_packets("ERGW1", "hub-vm"), before, "FastPath passed the gateway");
    transfer(&lab, "onprem-vm", "spoke-vm", "10.254.10.4");
    assert!(lab.gateway_packets("ERGW1", "spoke-vm") > 0, "the spoke did not pass the gateway");
}

/// Sends for four seconds from `from` to `to` and checks that more than 4 MB arrived. (A given number
/// of bytes would not do: iperf3 ends when the last byte is in the sender's buffer.)
fn transfer(lab: &Lab, from: &str, to: &str, address: &str) {
    let server = lab.start(&["exec", to, "--", "iperf3", "-s", "-1"]);
    for _ in 0..50 {
        let listening = lab.erlab(&["exec", to, "--", "ss", "-Hltn", "sport = :5201"]);
        if !listening.stdout().trim().is_empty() {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    let client = lab
        .erlab(&["exec", from, "--", "timeout", "60", "iperf3", "-J", "-c", address, "-t", "4"])
        .json();
    server.finish().succeeds();
    let received = client["end"]["sum_received"]["bytes"].as_u64().unwrap_or(0);
    assert!(received > 4_000_000, "{from} -> {to}: {}", end_of(&client));
}

fn end_of(report: &Value) -> &Value {
    if report["error"].is_null() { &report["end"] } else { &report["error"] }
}
