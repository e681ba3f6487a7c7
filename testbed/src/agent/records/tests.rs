use std::process::{Child, Command};

use super::*;
use crate::agent::process::{DAEMON_MARK, LAB_MARK};

const LAB: &str = "lc-unit-records";

struct Running(Child);

impl Running {
    fn start(name: &str) -> Self {
        let mut command = Command::new("sleep");
        command.arg("600").env(LAB_MARK, LAB).env(DAEMON_MARK, name);
        let started = Self(command.spawn().unwrap());
        // The new program's environment is in place an instant after `spawn` returns.
        while fs::read(format!("/proc/{}/environ", started.0.id())).unwrap().is_empty() {
            std::thread::yield_now();
        }
        started
    }

    fn process(&self) -> Process {
        Process::open(self.0.id().cast_signed()).unwrap().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn daemon(name: &str) -> Daemon {
    Daemon {
        name: name.to_owned(),
        program: "msee",
        arguments: vec![],
        namespace: None,
        log: PathBuf::new(),
        stop_rank: 0,
    }
}

fn me() -> i32 {
    std::process::id().cast_signed()
}

#[test]
fn a_recorded_daemon_is_adopted_from_the_file_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("daemons.json");
    let sleep = Running::start("recorded");
    let identity = sleep.process().identity();
    Records::read(&path).put(&daemon("recorded"), identity, 4).unwrap();
    // Guardian 1: not found by parent and mark, only by the record.
    let found = Records::read(&path).running(&daemon("recorded"), LAB, 1).unwrap();
    let (process, restarts) = found.unwrap();
    assert_eq!((process.identity(), restarts), (identity, 4));
}

#[test]
fn a_reused_process_number_is_not_adopted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("daemons.json");
    let sleep = Running::start("other");
    let identity = sleep.process().identity();
    let older = Identity { start_time: identity.start_time - 1, ..identity };
    Records::read(&path).put(&daemon("reused"), older, 0).unwrap();
    assert!(Records::read(&path).running(&daemon("reused"), LAB, me()).unwrap().is_none());
}

#[test]
fn a_daemon_that_nobody_recorded_is_found_by_its_mark() {
    let directory = tempfile::tempdir().unwrap();
    let records = Records::read(&directory.path().join("daemons.json"));
    let sleep = Running::start("unrecorded");
    let (process, restarts) = records.running(&daemon("unrecorded"), LAB, me()).unwrap().unwrap();
    assert_eq!((process.identity(), restarts), (sleep.process().identity(), 0));
}

#[test]
fn an_unreadable_file_is_an_empty_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("daemons.json");
    fs::write(&path, "{ torn").unwrap();
    let mut records = Records::read(&path);
    assert_eq!(records.find(&daemon("x")), None);
    records.put(&daemon("x"), Identity { pid: 1, start_time: 2 }, 0).unwrap();
    assert_eq!(Records::read(&path).find(&daemon("x")).unwrap().identity.pid, 1);
}
