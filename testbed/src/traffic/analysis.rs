//! What became of a flow's packets: takes what arrives, in bounded memory, and never reads a clock.

use std::{collections::BTreeMap, time::Duration};

use super::{
    latency::Latencies,
    payload::Probe,
    report::{Latency, Report},
    sequence::{Arrival, SequenceTracker},
};

/// Numbers remembered behind the highest: 20 s of 50,000 packets/s, in 128 KB.
const REMEMBERED: usize = 1 << 20;

/// One message at the receiver's socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'payload> {
    /// Its payload.
    pub(super) payload: &'payload [u8],
    /// When it arrived, by `CLOCK_MONOTONIC`.
    pub(super) arrived: Duration,
    /// The TTL it arrived with.
    pub(super) ttl: Option<u8>,
}

/// The state of one flow at its receiver.
#[derive(Clone, Debug)]
pub(super) struct Analysis {
    flow: u64,
    started: Duration,
    tracker: SequenceTracker,
    received: u64,
    duplicated: u64,
    reordered: u64,
    stale: u64,
    misdelivered: u64,
    corrupted: u64,
    latencies: Latencies,
    ttls: Box<[u64; 256]>,
    last_arrival: Option<Duration>,
    longest_gap: Gap,
}

/// A time without arrivals.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    length: Duration,
    began: Duration,
}

impl Analysis {
    /// Nothing has arrived of the flow with this number, which starts now.
    pub(super) fn new(flow: u64, started: Duration) -> Self {
        Self {
            flow,
            started,
            tracker: SequenceTracker::new(REMEMBERED),
            received: 0,
            duplicated: 0,
            reordered: 0,
            stale: 0,
            misdelivered: 0,
            corrupted: 0,
            latencies: Latencies::new(),
            ttls: Box::new([0; 256]),
            last_arrival: None,
            longest_gap: Gap::default(),
        }
    }

    /// Takes in one message.
    pub(super) fn record(&mut self, message: Message<'_>) {
        let Some(probe) = Probe::decode(message.payload) else {
            self.corrupted += 1;
            return;
        };
        if probe.flow != self.flow {
            self.misdelivered += 1;
            return;
        }
        self.note_gap(message.arrived);
        self.last_arrival = self.last_arrival.max(Some(message.arrived));
        if let Some(count) = message.ttl.and_then(|ttl| self.ttls.get_mut(usize::from(ttl))) {
            *count += 1;
        }
        match self.tracker.record(probe.sequence) {
            Arrival::InOrder => self.received += 1,
            Arrival::Reordered => {
                self.received += 1;
                self.reordered += 1;
            }
            Arrival::Duplicate => {
                self.duplicated += 1;
                return;
            }
            Arrival::Stale => {
                self.stale += 1;
                return;
            }
        }
        self.latencies.record(message.arrived.saturating_sub(probe.sent));
    }

    /// Different packets of the flow that arrived.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// When the last of them did.
    pub(super) fn last_arrival(&self) -> Option<Duration> {
        self.last_arrival
    }

    /// Counts the silence from the last arrival (or the start) to `now` as a gap, if it is the
    /// longest: packets were on their way all the time.
    pub(super) fn note_gap(&mut self, now: Duration) {
        let began = self.last_arrival.unwrap_or(now);
        let length = now.saturating_sub(began);
        if length > self.longest_gap.length {
            self.longest_gap = Gap { length, began };
        }
    }

    /// Fills in what the receiver knows. `sent` packets have left; with `finished` those not here
    /// are lost, before that only those that a later packet has overtaken.
    pub(super) fn report(&self, report: Report, sent: u64, finished: bool) -> Report {
        let expected = if finished { sent } else { sent.min(self.tracker.next()) };
        let gap = self.last_arrival.map(|_| self.longest_gap);
        let ttls = self.ttls.iter().enumerate().filter(|(_, count)| **count > 0);
        Report {
            sent,
            received: self.received,
            lost: expected.saturating_sub(self.received),
            in_flight: sent - expected,
            duplicated: self.duplicated,
            reordered: self.reordered,
            stale: self.stale,
            misdelivered: self.misdelivered,
            corrupted: self.corrupted,
            longest_gap_ms: gap.map(|gap| milliseconds(gap.length)),
            longest_gap_began_ms: gap
                .map(|gap| milliseconds(gap.began.saturating_sub(self.started))),
            latency_ms: self.latencies.summary().map(|summary| {
                let [minimum, median, maximum] = summary.map(milliseconds);
                Latency { minimum, median, maximum }
            }),
            ttl: ttls
                .filter_map(|(ttl, count)| Some((u8::try_from(ttl).ok()?, *count)))
                .collect::<BTreeMap<_, _>>(),
            ..report
        }
    }
}

/// With microseconds, more would be noise.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests;
