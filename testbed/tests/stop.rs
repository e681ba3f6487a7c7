//! A gateway that is stopped for a while costs only its own traffic, and every packet of that is named.
//! The full version runs with `ERLAB_SOAK=1`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use std::{thread::sleep, time::Duration};

use harness::{Lab, account::Account, rounds};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

#[test]
fn a_stopped_gateway_costs_its_own_traffic_only_and_each_packet_is_named() {
    let lab = Lab::deploy_without_wires("stopgw");
    lab.create_conn1(true);
    let account = Account::open(&lab);
    // More than the rings of the gateway hold, in either version.
    let stopped = rounds(1, 10);
    let time = format!("{}s", stopped + 4);
    let paths = [("hub-vm", "10000"), ("remote-vm", "10000"), ("spoke-vm", "30000")];
    let flows = paths.map(|(to, pps)| lab.start_traffic("onprem-vm", to, pps, &time));
    let gateway = Pid::from_raw(lab.daemon_pid("ERGW1"));
    kill(gateway, Signal::SIGSTOP).unwrap();
    sleep(Duration::from_secs(stopped.into()));
    kill(gateway, Signal::SIGCONT).unwrap();
    let reports = flows.map(|flow| flow.finish().json());
    let [fastpath, other_gateway, gateway] = &reports;
    assert_eq!(fastpath["lost"], 0, "FastPath: {fastpath:#}");
    assert_eq!(other_gateway["lost"], 0, "ERGW2: {other_gateway:#}");
    assert!(gateway["lost"].as_u64().unwrap() > 0, "its rings held everything: {gateway:#}");
    account.close(&lab, &reports);
}
