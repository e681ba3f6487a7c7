//! `kill -9` of a daemon under traffic costs only what runs inside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use harness::{Lab, kill};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn killing_ercontrol_loses_nothing_and_it_reconciles() {
    let lab = Lab::deploy("killctl");
    lab.create_conn1(true);
    let flows = ["hub-vm", "spoke-vm", "remote-vm"]
        .map(|to| lab.start_traffic("onprem-vm", to, "1000", "6s"));
    let pid = lab.daemon_pid("ercontrol");
    kill(pid);
    // It is back, remembers conn1, and a change goes through.
    wait_until("a new ercontrol", || lab.daemon_pid("ercontrol") != pid);
    wait_until("conn1 to be remembered", || {
        lab.erlab(&["connection", "show", "conn1"]).output.status.success()
    });
    lab.set_fastpath(false);
    lab.set_fastpath(true);
    for flow in flows {
        let report = flow.finish().json();
        assert_eq!(report["lost"], 0, "{report:#}");
    }
}

#[test]
fn killing_one_ergw_costs_gateway_traffic_only() {
    let lab = Lab::deploy("killgw");
    lab.create_conn1(true);
    lab.wait_for_ping("onprem-vm", "10.254.10.4", true);
    let start = |to: &str| lab.start_traffic("onprem-vm", to, "1000", "6s");
    let (fastpath, other_gateway, gateway) =
        (start("hub-vm"), start("remote-vm"), start("spoke-vm"));
    let pid = lab.daemon_pid("ERGW1");
    kill(pid);
    wait_until("a new ergw", || lab.daemon_pid("ERGW1") != pid);

    let report = fastpath.finish().json();
    assert_eq!(report["lost"], 0, "FastPath: {report:#}");
    let report = other_gateway.finish().json();
    assert_eq!(report["lost"], 0, "ERGW2: {report:#}");
    let report = gateway.finish().json();
    let lost = report["lost"].as_u64().unwrap();
    println!("lost by the killed gateway: {lost} of {}", report["sent"]);
    assert!(lost > 0, "killing the gateway cost nothing: was it in the path? {report:#}");
    // Back within a second is the goal, five times that is the bound.
    assert!(lost < 5_000, "{report:#}");
    lab.wait_for_ping("onprem-vm", "10.254.10.4", true);
}

#[test]
fn killing_msee_loses_nothing_on_the_xdp_path() {
    let lab = Lab::deploy("killmsee");
    lab.create_conn1(true);
    lab.wait_for_ping("onprem-vm", "10.255.10.4", true);
    let flow = lab.start_traffic("onprem-vm", "hub-vm", "1000", "6s");
    let pid = lab.daemon_pid("msee-a");
    kill(pid);
    wait_until("a new msee", || lab.daemon_pid("msee-a") != pid);
    let report = flow.finish().json();
    assert_eq!(report["lost"], 0, "{report:#}");
    // The new one answers what userspace answers.
    lab.wait_for_ping("ce1", "172.16.1.2", true);
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + 10 * SECOND;
    while !holds() {
        assert!(Instant::now() < deadline, "waited 10 s for {what}");
        sleep(Duration::from_millis(50));
    }
}
