//! Drops privileges for real, in a process that started as one thread.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::{
    process::{self, Command, Stdio},
    thread,
};

use privilege::{
    Capabilities, has,
    held::{Held, of_process},
    keep,
};

/// What a program holds that this process runs.
fn of_a_program() -> Vec<Held> {
    let mut program = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let held = of_process(program.id()).unwrap();
    // It reads to the end of its input.
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
    held
}

fn main() {
    let wanted = Capabilities::NET_RAW | Capabilities::BPF;
    let before = of_process(process::id()).unwrap();
    assert!(
        before.iter().all(|held| held.permitted.contains(wanted | Capabilities::SETPCAP)),
        "this test drops privileges: run it as root"
    );

    keep(wanted).unwrap();
    assert!(has(wanted) && has(Capabilities::BPF) && !has(wanted | Capabilities::SETPCAP));
    let expected = Held::only(wanted);
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(of_process(process::id()).unwrap(), [expected; 2]));
    });
    // Without no_new_privs and a bounding set, root gets everything back here.
    assert_eq!(of_a_program(), [expected]);

    // What is gone does not come back, and dropping again goes on from there: without CAP_SETPCAP
    // the bounding set stays, and gives nothing.
    keep(Capabilities::NET_RAW | Capabilities::SYS_ADMIN).unwrap();
    let expected = Held { bounding: wanted, ..Held::only(Capabilities::NET_RAW) };
    assert_eq!(of_process(process::id()).unwrap(), [expected]);
    assert_eq!(of_a_program(), [expected]);

    keep(Capabilities::empty()).unwrap();
    let expected = Held { bounding: wanted, ..Held::only(Capabilities::empty()) };
    assert_eq!(of_a_program(), [expected]);
    println!("privileges were dropped for every thread and program");
}
