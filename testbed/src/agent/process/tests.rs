use std::{
    process::{Child, Command},
    time::Duration,
};

use super::*;

/// A `sleep` that carries the marks, ended with the test.
struct Marked(Child);

impl Marked {
    fn start(lab: &str, daemon: &str) -> Self {
        let mut command = Command::new("sleep");
        command.arg("600").env(LAB_MARK, lab).env(DAEMON_MARK, daemon);
        let started = Self(command.spawn().unwrap());
        // `spawn` returns when the old program is gone, an instant before the new one's environment
        // is in place.
        while environment(started.pid()).is_empty() {
            std::thread::yield_now();
        }
        started
    }

    fn pid(&self) -> i32 {
        self.0.id().cast_signed()
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn lab(test: &str) -> String {
    format!("lc-unit-{test}-{}", std::process::id())
}

#[test]
fn fields_are_counted_after_the_programs_name() {
    let text = "42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 11 12";
    assert_eq!(parse_stat(text), Some(Stat { parent: 7, start_time: 98_765 }));
    assert_eq!(parse_stat("42 (short) S 7"), None);
}

#[test]
fn a_mark_is_found_by_its_whole_value_only() {
    let name = lab("mark");
    let sleep = Marked::start(&name, "one");
    let found = marked_with_lab(&name).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].identity().pid, sleep.pid());
    assert!(marked_with_lab(&name[..name.len() - 1]).unwrap().is_empty());
    assert!(marked_labs().unwrap().contains(&name));
}

#[test]
fn this_process_and_its_ancestors_are_spared() {
    let line = ancestors();
    assert_eq!(line.first(), Some(&std::process::id().cast_signed()));
    assert!(line.contains(&nix::unistd::getppid().as_raw()));
}

#[test]
fn a_daemon_is_found_among_the_children_by_its_name() {
    let name = lab("daemon");
    let (_one, two) = (Marked::start(&name, "one"), Marked::start(&name, "two"));
    let me = std::process::id().cast_signed();
    let found = daemon_of(me, &name, "two").unwrap().unwrap();
    assert_eq!(found.identity().pid, two.pid());
    assert!(daemon_of(me, &name, "three").unwrap().is_none());
    assert!(daemon_of(1, &name, "two").unwrap().is_none());
}

#[test]
fn the_same_number_with_another_start_time_is_another_process() {
    let sleep = Marked::start(&lab("reopen"), "one");
    let identity = Process::open(sleep.pid()).unwrap().unwrap().identity();
    assert!(Process::reopen(identity).unwrap().is_some());
    let newer = Identity { start_time: identity.start_time + 1, ..identity };
    assert!(Process::reopen(newer).unwrap().is_none());
}

#[tokio::test]
async fn an_ended_process_is_seen_and_signals_to_it_are_no_error() {
    let sleep = Marked::start(&lab("exit"), "one");
    let process = Process::open(sleep.pid()).unwrap().unwrap();
    assert!(!process.has_exited().unwrap());
    process.signal(Signal::KILL).unwrap();
    tokio::time::timeout(Duration::from_secs(5), process.exited()).await.unwrap().unwrap();
    // Not reaped yet: a zombie counts as ended.
    assert!(process.has_exited().unwrap());
    assert!(Process::open(sleep.pid()).unwrap().is_none());
    drop(sleep);
    process.signal(Signal::TERM).unwrap();
}
