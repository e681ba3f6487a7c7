//! `kill -9` of a process under traffic costs only what runs inside it, and each packet of that is
//! accounted for. The full version runs with `ERLAB_SOAK=1`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use harness::{
    Lab,
    account::{Account, GATEWAY, Held},
    bound, kill, rounds,
};
use serde_json::Value;

const SECOND: Duration = Duration::from_secs(1);

/// Every kind of path, one way each: FastPath, by the gateway, by another gateway, and back.
const PATHS: [(&str, &str); 4] = [
    ("onprem-vm", "hub-vm"),
    ("onprem-vm", "spoke-vm"),
    ("onprem-vm", "remote-vm"),
    ("hub-vm", "onprem-vm"),
];

/// Packets a second on each path: what two cores carry on all of them at once, beside what is started
/// again and again.
const RATE: &str = "5000";

/// Longer than any test: traffic that is interrupted when what it is for is done.
const LONG: &str = "3600s";

#[test]
fn killing_ercontrol_again_and_again_loses_nothing_and_it_reconciles() {
    let lab = Lab::deploy_with_routes("killctl", 10_000);
    lab.create_conn1(true);
    let kills = rounds(5, 100);
    let reconcile = bound(10 * SECOND, 2 * SECOND);
    let account = Account::open(&lab);
    let mut flows = PATHS.map(|(from, to)| lab.start_traffic(from, to, RATE, LONG));
    let mut longest = Duration::ZERO;
    for round in 0..kills {
        // Not in step with anything. What dies within a second of its start, again and again, is
        // started again at pauses.
        sleep(SECOND + Duration::from_millis(u64::from(round) * 7_919 % 1_000));
        let pid = lab.daemon_pid("ercontrol");
        kill(pid);
        let killed = Instant::now();
        wait_until("a new ercontrol", || lab.daemon_pid("ercontrol") != pid);
        wait_until("every node to be reconciled", || is_reconciled(&lab));
        longest = longest.max(killed.elapsed());
        assert!(longest <= reconcile, "reconciled {longest:?} after kill {round}");
        assert!(flows.iter_mut().all(harness::Running::is_running), "the traffic ended before it");
    }
    println!("{kills} kills with 10,000 routes, reconciled after {longest:?} at most");
    // It remembers what it was told, and a change goes through.
    lab.erlab(&["connection", "show", "conn1"]).succeeds();
    lab.set_fastpath(false);
    lab.set_fastpath(true);
    let reports = flows.map(|flow| flow.interrupt().json());
    for report in &reports {
        assert_eq!(
            (&report["lost"], &report["misdelivered"]),
            (&0.into(), &0.into()),
            "{report:#}"
        );
    }
    account.close(&lab, &reports);
}

/// Whether every node has, by the control plane, the newest state there is.
fn is_reconciled(lab: &Lab) -> bool {
    let inspected = lab.erlab(&["inspect", "-f", "json"]);
    let Ok(labs) = serde_json::from_slice::<Value>(&inspected.output.stdout) else { return false };
    labs[&lab.name].as_array().unwrap().iter().all(|node| node["status"] == "ready")
}

#[test]
fn killing_one_ergw_costs_gateway_traffic_only() {
    let lab = Lab::deploy("killgw");
    lab.create_conn1(true);
    lab.wait_for_ping("onprem-vm", "10.254.10.4", true);
    let account = Account::open(&lab);
    let start = |to: &str| lab.start_traffic("onprem-vm", to, "1000", "6s");
    let (fastpath, other_gateway, gateway) =
        (start("hub-vm"), start("remote-vm"), start("spoke-vm"));
    let pid = lab.daemon_pid("ERGW1");
    kill(pid);
    wait_until("a new ergw", || lab.daemon_pid("ERGW1") != pid);

    let reports = [fastpath, other_gateway, gateway].map(|flow| flow.finish().json());
    let [fastpath, other_gateway, gateway] = &reports;
    assert_eq!(fastpath["lost"], 0, "FastPath: {fastpath:#}");
    assert_eq!(other_gateway["lost"], 0, "ERGW2: {other_gateway:#}");
    let lost = gateway["lost"].as_u64().unwrap();
    println!("lost by the killed gateway: {lost} of {}", gateway["sent"]);
    assert!(lost > 0, "killing the gateway cost nothing: was it in the path? {gateway:#}");
    // Back within a second is the goal, five times that is the bound.
    assert!(lost < 5_000, "{gateway:#}");
    account.close_after_kill(&lab, &reports, GATEWAY);
    lab.wait_for_ping("onprem-vm", "10.254.10.4", true);
}

#[test]
fn killing_msee_loses_nothing_on_the_xdp_path() {
    let lab = Lab::deploy("killmsee");
    lab.create_conn1(true);
    lab.wait_for_ping("onprem-vm", "10.255.10.4", true);
    let account = Account::open(&lab);
    let flow = lab.start_traffic("onprem-vm", "hub-vm", "1000", "6s");
    let pid = lab.daemon_pid("msee-a");
    kill(pid);
    wait_until("a new msee", || lab.daemon_pid("msee-a") != pid);
    let report = flow.finish().json();
    assert_eq!(report["lost"], 0, "{report:#}");
    account.close(&lab, &[report]);
    // The new one answers what userspace answers.
    lab.wait_for_ping("ce1", "172.16.1.2", true);
}

#[test]
fn killing_the_agent_loses_nothing_on_paths_without_wires() {
    let lab = Lab::deploy_without_wires("killagent");
    lab.create_conn1(true);
    let account = Account::open(&lab);
    let kills = rounds(5, 100);
    let mut flows = PATHS.map(|(from, to)| lab.start_traffic(from, to, RATE, LONG));
    for round in 0..kills {
        sleep(SECOND + Duration::from_millis(u64::from(round) * 7_919 % 500));
        kill_worker(&lab);
        assert!(flows.iter_mut().all(harness::Running::is_running), "the traffic ended before it");
    }
    // A change needs the agent: it has taken up its work.
    lab.set_fastpath(false);
    lab.set_fastpath(true);
    let reports = flows.map(|flow| flow.interrupt().json());
    for report in &reports {
        assert_eq!(report["lost"], 0, "{report:#}");
    }
    account.close(&lab, &reports);
}

#[test]
fn the_wires_of_a_killed_agent_are_back_at_once_and_what_they_lost_is_counted() {
    let lab = Lab::deploy("killwire");
    lab.create_conn1(true);
    lab.wait_for_ping("onprem-vm", "10.255.10.4", true);
    let kills = rounds(3, 30);
    let account = Account::open(&lab);
    let paths = [PATHS[0], PATHS[2], PATHS[3]];
    let flows = paths.map(|(from, to)| lab.start_traffic(from, to, "1000", LONG));
    for round in 0..kills {
        sleep(SECOND + Duration::from_millis(u64::from(round) * 7_919 % 500));
        kill_worker(&lab);
    }
    sleep(SECOND);
    let reports = flows.map(|flow| flow.interrupt().json());
    let most = bound(5 * SECOND, SECOND).as_secs_f64() * 1_000.0;
    for report in &reports {
        let gap = report["longest_gap_ms"].as_f64().unwrap();
        println!(
            "{}: {} of {} lost, longest gap {gap} ms",
            report["name"], report["lost"], report["sent"]
        );
        assert!(report["lost"].as_u64().unwrap() > 0, "nobody missed the wires: {report:#}");
        assert!(gap <= most, "{report:#}");
    }
    // On 3 paths 1,000 packets/s are 36 ms under way.
    let wires = Held { ring: 0, batch: 64, delay_line: 108 };
    account.close_after_kill(&lab, &reports, wires.of(kills));
}

/// Kills the agent's worker, and returns when there is another one that answers.
fn kill_worker(lab: &Lab) {
    let worker = lab.worker_pid().expect("the agent's worker");
    kill(worker);
    wait_until("a new worker", || lab.worker_pid().is_some_and(|pid| pid != worker));
    wait_until("its answers", || lab.erlab(&["drops", "-f", "json"]).output.status.success());
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + 10 * SECOND;
    while !holds() {
        assert!(Instant::now() < deadline, "waited 10 s for {what}");
        sleep(Duration::from_millis(20));
    }
}
