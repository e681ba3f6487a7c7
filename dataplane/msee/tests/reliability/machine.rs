//! What else the machine does, kept out of a measurement.
//!
//! When the machine itself stood still: a thread on each CPU, ahead of all others, that sleeps for an instant
//! and notes when it slept longer.

use std::{
    fs,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle, sleep},
    time::{Duration, Instant, SystemTime},
};

use nix::{
    sched::{CpuSet, sched_setaffinity},
    unistd::Pid,
};

use crate::namespace;

const NAP: Duration = Duration::from_micros(200);
/// A nap that lasted so much longer is a standstill.
const STANDSTILL: Duration = Duration::from_micros(500);

/// A time in which a CPU ran nothing, not even what is ahead of all: in nanoseconds of the clock that
/// stamps packets.
#[derive(Clone, Copy, Debug)]
pub struct Standstill {
    pub from: u64,
    pub to: u64,
}

impl Standstill {
    pub const fn length(&self) -> Duration {
        Duration::from_nanos(self.to - self.from)
    }
}

/// The longest of the standstills.
pub fn longest(standstills: &[Standstill]) -> Duration {
    standstills.iter().map(Standstill::length).max().unwrap_or_default()
}

/// The longest that a gap grew by beyond what a standstill accounts for: the longest part of one that lies in the
/// time by which the packet was late.
pub fn longest_beyond(late: &[(Duration, u64)], standstills: &[Standstill]) -> Duration {
    let beyond = late.iter().map(|(added, arrived)| {
        let due = arrived - u64::try_from(added.as_nanos()).unwrap();
        let common = |it: &Standstill| it.to.min(*arrived).saturating_sub(it.from.max(due));
        let stood = standstills.iter().map(common).max().unwrap_or_default();
        added.saturating_sub(Duration::from_nanos(stood))
    });
    beyond.max().unwrap_or_default()
}

/// Has a thread run ahead of all that has no such priority, or a lower one.
pub fn run_ahead(thread: i32, priority: u8) {
    let (priority, thread) = (priority.to_string(), thread.to_string());
    let _ = Command::new("chrt").args(["--fifo", "--pid", &priority, &thread]).output();
}

/// The same of all threads of this process with a name.
pub fn run_named_ahead(name: &str, priority: u8) {
    for thread in fs::read_dir("/proc/self/task").unwrap() {
        let thread = thread.unwrap();
        // Another test's thread may be gone already.
        let is_named =
            fs::read_to_string(thread.path().join("comm")).is_ok_and(|it| it.trim() == name);
        if let (true, Ok(id)) = (is_named, thread.file_name().to_string_lossy().parse()) {
            run_ahead(id, priority);
        }
    }
}

/// The running watch.
pub struct Watch {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<Standstill>>>,
}

impl Watch {
    pub fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let cpus = thread::available_parallelism().unwrap().get();
        let threads = (0..cpus).map(|cpu| {
            let stopped = Arc::clone(&stop);
            thread::spawn(move || watch(cpu, &stopped))
        });
        Self { threads: threads.collect(), stop }
    }

    /// All standstills so far, and no more.
    pub fn stop(self) -> Vec<Standstill> {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    }
}

fn watch(cpu: usize, stop: &AtomicBool) -> Vec<Standstill> {
    let mut only = CpuSet::new();
    only.set(cpu).unwrap();
    sched_setaffinity(Pid::from_raw(0), &only).unwrap();
    run_ahead(namespace::thread(), 2);
    let mut found = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let started = Instant::now();
        sleep(NAP);
        let slept = started.elapsed();
        if slept > NAP + STANDSTILL {
            let to = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            let from = to.saturating_sub(slept);
            let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap();
            found.push(Standstill { from: nanoseconds(from), to: nanoseconds(to) });
        }
    }
    found
}
