//! A hundred flips of FastPath on a live connection at 50,000 packets/s lose nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use harness::{Lab, account::Account};

#[test]
fn a_hundred_flips_at_fifty_thousand_packets_a_second_lose_nothing() {
    let lab = Lab::deploy_without_wires("flips");
    lab.create_conn1(true);
    lab.wait_for_ping("onprem-vm", "10.255.10.4", true);
    let by_gateway = lab.gateway_packets("ERGW1", "hub-vm");
    let account = Account::open(&lab);
    let mut traffic = lab.start_traffic("onprem-vm", "hub-vm", "50000", "30s");
    for flip in 0..100 {
        lab.set_fastpath(flip % 2 == 1);
    }
    assert!(traffic.is_running(), "the traffic ended before the hundredth flip");
    let report = traffic.finish().json();
    let drops = lab.erlab(&["drops"]).stdout();
    assert!(report["sent"].as_u64().unwrap() > 1_400_000, "{report:#}");
    assert_eq!(report["lost"], 0, "{report:#}\n{drops}");
    account.close(&lab, std::slice::from_ref(&report));
    let by_gateway = lab.gateway_packets("ERGW1", "hub-vm") - by_gateway;
    assert!(by_gateway > 0, "no packet passed the gateway: the flips did nothing");
    println!("{report:#}\nby the gateway: {by_gateway}");
}
