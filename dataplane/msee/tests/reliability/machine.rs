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

use crate::{namespace, traffic::Late};

const NAP: Duration = Duration::from_micros(200);
/// A nap that lasted so much longer is a standstill.
const STANDSTILL: Duration = Duration::from_micros(500);

/// A time in which a CPU ran nothing, not even what is ahead of all: in nanoseconds of the clock that
/// stamps packets.
#[derive(Clone, Copy, Debug)]
pub struct Standstill {
    pub cpu: usize,
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

/// The longest that a gap grew by beyond what a standstill of the packet's CPU accounts for: the longest part of
/// one that lies in the time by which it was late, and no more than `excused`.
pub fn longest_beyond(late: &[Late], standstills: &[Standstill], excused: Duration) -> Duration {
    let beyond = late.iter().map(|Late { added, arrived, cpu }| {
        let due = arrived - u64::try_from(added.as_nanos()).unwrap();
        let common = |it: &Standstill| it.to.min(*arrived).saturating_sub(it.from.max(due));
        let own = standstills.iter().filter(|it| it.cpu == *cpu);
        let stood = Duration::from_nanos(own.map(common).max().unwrap_or_default());
        added.saturating_sub(stood.min(excused))
    });
    beyond.max().unwrap_or_default()
}

#[test]
fn a_late_packet_is_excused_by_its_own_cpu_and_no_longer_than_without_a_swap() {
    let millisecond = 1_000_000;
    let late = Late { added: Duration::from_millis(8), arrived: 10 * millisecond, cpu: 1 };
    let stood = |cpu| Standstill { cpu, from: 0, to: 9 * millisecond };
    let beyond = |cpu, excused| {
        longest_beyond(&[late], &[stood(cpu)], Duration::from_millis(excused)).as_millis()
    };
    assert_eq!(beyond(1, 100), 1, "it stood still for 7 of the 8");
    assert_eq!(beyond(1, 3), 5, "and never longer than 3 before");
    assert_eq!(beyond(0, 100), 8, "another CPU");
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
            found.push(Standstill { cpu, from: nanoseconds(from), to: nanoseconds(to) });
        }
    }
    found
}
