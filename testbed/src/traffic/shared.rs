//! What the two threads of a flow and its owner share.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use nix::errno::Errno;

use super::{FlowSpec, analysis::Analysis, monotonic, report::Report};

/// The state of one flow.
#[derive(Debug)]
pub(super) struct Shared {
    name: String,
    pps: u32,
    started: Duration,
    stopping: AtomicBool,
    finished: AtomicBool,
    sent: AtomicU64,
    receiver_overflow: AtomicU64,
    unsent: Mutex<BTreeMap<i32, u64>>,
    ended: Mutex<Option<Ended>>,
    analysis: Mutex<Analysis>,
}

/// The end of sending.
#[derive(Clone, Copy, Debug)]
struct Ended {
    at: Duration,
    seconds: f64,
}

impl Shared {
    /// A flow that starts now.
    pub(super) fn new(spec: &FlowSpec, flow: u64) -> Self {
        let started = monotonic();
        Self {
            name: spec.name.clone(),
            pps: spec.pps,
            started,
            stopping: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            receiver_overflow: AtomicU64::new(0),
            unsent: Mutex::default(),
            ended: Mutex::default(),
            analysis: Mutex::new(Analysis::new(flow, started)),
        }
    }

    /// Asks the sender to end.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// The receiver has ended.
    pub(super) fn finish(&self) {
        self.finished.store(true, Ordering::Release);
    }

    /// Whether it has.
    pub(super) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    /// The kernel took these packets.
    pub(super) fn add_sent(&self, packets: u64) {
        self.sent.fetch_add(packets, Ordering::Release);
    }

    /// Packets the kernel took.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Acquire)
    }

    /// The kernel refused a packet.
    pub(super) fn add_unsent(&self, error: &io::Error) {
        *lock(&self.unsent).entry(error.raw_os_error().unwrap_or_default()).or_default() += 1;
    }

    /// The sender has ended after sending for this long.
    pub(super) fn end_sending(&self, time: Duration) {
        let at = monotonic();
        // While packets were sent, none arriving is a gap.
        self.analysis().note_gap(at);
        *lock(&self.ended) = Some(Ended { at, seconds: time.as_secs_f64() });
    }

    /// When the sender ended, by `CLOCK_MONOTONIC`.
    pub(super) fn sending_ended(&self) -> Option<Duration> {
        lock(&self.ended).map(|ended| ended.at)
    }

    /// Packets the receiver's socket had no room for, in all.
    pub(super) fn set_receiver_overflow(&self, packets: u64) {
        self.receiver_overflow.store(packets, Ordering::Relaxed);
    }

    /// What has arrived.
    pub(super) fn analysis(&self) -> MutexGuard<'_, Analysis> {
        lock(&self.analysis)
    }

    /// All that is known now.
    pub(super) fn report(&self) -> Report {
        let finished = self.is_finished();
        let analysis = self.analysis();
        // Read after the analysis is held: nothing in it can have been sent later.
        let sent = self.sent();
        let ended = *lock(&self.ended);
        let running = monotonic().saturating_sub(self.started).as_secs_f64();
        let named =
            |(number, count): (&i32, &u64)| (Errno::from_raw(*number).desc().to_owned(), *count);
        let report = Report {
            name: self.name.clone(),
            finished,
            pps: self.pps,
            seconds: ended.map_or(running, |ended| ended.seconds),
            unsent: lock(&self.unsent).iter().map(named).collect(),
            receiver_overflow: self.receiver_overflow.load(Ordering::Relaxed),
            ..Report::default()
        };
        analysis.report(report, sent, finished)
    }
}

/// A panicked thread leaves counts that are still counts.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
