//! New programs over a running lab: an msee of another ABI version takes over from what is pinned, by
//! the agent's own restart, and no packet is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use std::{
    fs,
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

use harness::{Lab, hops, kill};

#[test]
fn an_msee_of_another_abi_version_takes_over_in_a_running_lab() {
    let lab = Lab::deploy("upgrade");
    lab.create_conn1(true);
    let flows = ["hub-vm", "spoke-vm"].map(|to| lab.start_traffic("onprem-vm", to, "1000", "20s"));
    // As if the router that runs were of another version: the directory of maps is called after it.
    let pins = PathBuf::from("/run/erlab/bpf").join(&lab.name).join("msee-a");
    let [ours, others] = [abi::VERSION, 999].map(|version| pins.join(format!("abi-{version}")));
    fs::rename(&ours, &others).unwrap();
    let pid = lab.daemon_pid("msee-a");
    kill(pid);
    let deadline = Instant::now() + Duration::from_secs(20);
    while !ours.exists() || others.exists() {
        let log = lab.directory().join("msee-msee-a.log");
        let log = || fs::read_to_string(&log).unwrap_or_default();
        assert!(Instant::now() < deadline, "nobody took over:\n{}", log());
        sleep(Duration::from_millis(50));
    }
    // It answers again, and a change reaches it.
    let trace = lab.erlab(&["traceroute", "ce1", "10.255.10.4", "-f", "json"]).json();
    assert_eq!(hops(&trace), ["172.16.1.2", "10.255.10.4"]);
    lab.set_fastpath(false);
    for flow in flows {
        let report = flow.finish().json();
        assert_eq!(report["lost"], 0, "{report:#}");
    }
    let inspected = lab.erlab(&["inspect", "-f", "json"]).json();
    for node in inspected["upgrade"].as_array().unwrap() {
        assert_eq!(node["status"], "ready", "{node:#}");
    }
}
