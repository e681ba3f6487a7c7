//! Whatever dies, `destroy` leaves nothing: no namespace, process, pin or directory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use harness::{FASTPATH_LAB, Lab, alone, erlab_command, kill, marked};
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

#[test]
fn a_killed_agent_comes_back_and_adopts_what_runs() {
    let lab = Lab::deploy("adopt");
    let daemons = || {
        let mut processes = marked("adopt");
        processes.retain(|process| {
            process.command.contains("--control") || process.command.contains("--store")
        });
        processes.into_iter().map(|process| process.pid).collect::<Vec<_>>()
    };
    let worker = || lab.worker_pid();
    let (before, killed) = (daemons(), worker().expect("the agent's worker"));
    assert_eq!(before.len(), 5, "ercontrol, two msee and two ergw: {:?}", marked("adopt"));
    kill(killed);
    // Its wires are back within a second; five times that is the bound.
    let deadline = Instant::now() + Duration::from_secs(5);
    while worker().is_none_or(|pid| pid == killed) || !lab.pings("onprem-vm", "10.253.10.4") {
        assert!(Instant::now() < deadline, "no new worker with wires: {:?}", marked("adopt"));
    }
    // A change needs the agent too, so it has taken up all its work again when this returns.
    lab.create_conn1(true);
    lab.wait_for_ping("onprem-vm", "10.255.10.4", true);
    assert_eq!(daemons(), before, "daemons were started again instead of adopted");
}

#[test]
fn destroy_after_everything_was_killed_leaves_nothing() {
    let lab = Lab::deploy("killall");
    let processes = marked("killall");
    assert!(processes.len() >= 7, "{processes:?}");
    // The guardian first, or it would start the others again.
    for process in &processes {
        let _ = signal::kill(Pid::from_raw(process.pid), Signal::SIGKILL);
    }
    drop(lab);
    assert_nothing_left("killall");
}

#[test]
fn destroy_of_a_running_lab_leaves_nothing() {
    drop(Lab::deploy("plain"));
    assert_nothing_left("plain");
}

#[test]
fn a_deployed_lab_keeps_no_file_of_its_deployer_open() {
    let directory = tempfile::tempdir().unwrap();
    let held = directory.path().join("lock");
    let _lab = Lab::deploy_with_open_file("inherit", &held);
    let processes = marked("inherit");
    assert!(processes.len() >= 7, "{processes:?}");
    for process in &processes {
        for descriptor in fs::read_dir(format!("/proc/{}/fd", process.pid)).unwrap().flatten() {
            let open = fs::read_link(descriptor.path()).unwrap_or_default();
            assert_ne!(open, held, "{process:?} has inherited {:?}", descriptor.file_name());
        }
    }
}

#[test]
fn a_failed_deploy_leaves_nothing() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lab.er.yml");
    // Valid as a file; refused by ercontrol after everything has been built: FastPath needs a
    // larger gateway.
    let text = FASTPATH_LAB.replace("name: fastpath", "name: failed").replace(
        "conn2: { gateway: ERGW2, circuit: CIRCUIT_EQUINIX }",
        "conn2: { gateway: ERGW2, circuit: CIRCUIT_EQUINIX, fastpath: true }",
    );
    assert!(text.contains("fastpath: true }"), "the lab file no longer has conn2 on one line");
    fs::write(&file, text).unwrap();
    let output = erlab_command().args(["deploy", "-t", file.to_str().unwrap()]).output().unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("conn2") && message.contains("ErGw3AZ"), "{message}");
    assert_nothing_left("failed");
}

#[test]
fn ctrl_c_during_deploy_leaves_nothing() {
    let _alone = alone();
    for pause in [50, 300, 900, 1_500] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("lab.er.yml");
        fs::write(&file, FASTPATH_LAB.replace("name: fastpath", "name: ctrlc")).unwrap();
        let mut deploy = erlab_command()
            .args(["deploy", "-t", file.to_str().unwrap()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(pause));
        let pid = Pid::from_raw(i32::try_from(deploy.id()).unwrap());
        let _ = signal::kill(pid, Signal::SIGINT);
        let status = deploy.wait().unwrap();
        if status.success() {
            // It was ready before the signal came.
            erlab_command().args(["destroy", "ctrlc"]).status().unwrap();
        }
        assert_nothing_left("ctrlc");
    }
}

fn assert_nothing_left(lab: &str) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !marked(lab).is_empty() {
        assert!(Instant::now() < deadline, "processes left: {:?}", marked(lab));
        sleep(Duration::from_millis(50));
    }
    let prefix = format!("{lab}-");
    for directory in ["/run/netns", "/run/erlab", "/run/erlab/bpf"] {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(name != lab && !name.starts_with(&prefix), "left: {directory}/{name}");
        }
    }
}
