//! Drops privileges for real, in a process that started as one thread.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::{fs, process::Command, thread};

use privilege::{Capabilities, keep};

/// The capability sets of `/proc/PID/status`, in its order: inheritable, permitted, effective,
/// bounding, ambient.
fn sets(status: &str) -> Vec<u64> {
    let lines = status.lines().filter(|line| line.starts_with("Cap"));
    lines
        .map(|line| u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap())
        .collect()
}

/// The sets of every thread there is.
fn all_threads() -> Vec<Vec<u64>> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    tasks
        .map(|task| sets(&fs::read_to_string(task.unwrap().path().join("status")).unwrap()))
        .collect()
}

/// The sets of a program that is run.
fn of_a_program() -> Vec<u64> {
    let output = Command::new("cat").arg("/proc/self/status").output().unwrap();
    sets(&String::from_utf8(output.stdout).unwrap())
}

fn main() {
    let [_, permitted, ..] = sets(&fs::read_to_string("/proc/self/status").unwrap())[..] else {
        panic!("five sets of capabilities were expected");
    };
    let wanted = Capabilities::NET_RAW | Capabilities::BPF;
    assert_eq!(
        permitted & wanted.bits(),
        wanted.bits(),
        "this test drops privileges: run it as root"
    );

    keep(wanted).unwrap();
    let bits = wanted.bits();
    let expected = vec![0, bits, bits, bits, 0];
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(all_threads(), [expected.clone(), expected.clone()]));
    });
    // Root running a program would get the whole bounding set.
    assert_eq!(of_a_program(), [0, bits, bits, bits, 0]);

    // What is gone does not come back, and dropping again goes on from there: without CAP_SETPCAP
    // the bounding set stays, and gives nothing.
    keep(Capabilities::NET_RAW | Capabilities::SYS_ADMIN).unwrap();
    let raw = Capabilities::NET_RAW.bits();
    assert_eq!(all_threads(), [vec![0, raw, raw, bits, 0]]);
    assert_eq!(of_a_program(), [0, raw, raw, bits, 0]);

    keep(Capabilities::empty()).unwrap();
    assert_eq!(of_a_program(), [0, 0, 0, bits, 0]);
    println!("privileges were dropped for every thread and program");
}
