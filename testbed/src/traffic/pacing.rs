//! When to send how many packets.
//!
//! Packets are due at equal intervals from the start. A sender that wakes up late catches up, but
//! never faster than twice the rate and never with more than [`MOST_BURST`] packets back to back: a
//! veth's ring has 256 entries, and what overruns it would look like a loss of the network.

use std::time::{Duration, Instant};

/// Most packets sent back to back.
pub(super) const MOST_BURST: usize = 32;
/// Shortest time between two bursts; above 10,000 packets/s several packets share one wake-up.
const SHORTEST_PAUSE: Duration = Duration::from_micros(100);
/// Most packets/s that bursts and pauses allow.
pub(super) const MOST_PPS: u32 = 300_000;

/// The schedule of one flow.
#[derive(Clone, Debug)]
pub(super) struct Pacer {
    start: Instant,
    pps: u64,
    /// All packets of the flow; `None` until stopped.
    total: Option<u64>,
    burst: usize,
    taken: u64,
}

impl Pacer {
    /// A schedule from `start` on, for `duration` or until stopped.
    pub(super) fn new(start: Instant, pps: u32, duration: Option<Duration>) -> Self {
        let pps = u64::from(pps);
        let total = duration.map(|duration| scheduled(duration, pps));
        let shared = scheduled(SHORTEST_PAUSE, pps) + 1;
        let burst = usize::try_from(2 * shared).unwrap_or(MOST_BURST).min(MOST_BURST);
        Self { start, pps, total, burst, taken: 0 }
    }

    /// How many packets to send now.
    pub(super) fn due(&self, now: Instant) -> usize {
        usize::try_from(self.outstanding(now)).unwrap_or(usize::MAX).min(self.burst)
    }

    /// Packets were sent, or given up.
    pub(super) fn took(&mut self, packets: usize) {
        self.taken += packets as u64;
    }

    /// Whether all packets of the flow were taken.
    pub(super) fn is_done(&self) -> bool {
        self.total.is_some_and(|total| self.taken >= total)
    }

    /// When to look again after a burst at `now`.
    pub(super) fn next(&self, now: Instant) -> Instant {
        let nanoseconds = u128::from(self.taken) * 1_000_000_000 / u128::from(self.pps);
        let due = u64::try_from(nanoseconds).map_or(Duration::MAX, Duration::from_nanos);
        let due = self.start.checked_add(due).unwrap_or(now);
        due.max(now + SHORTEST_PAUSE)
    }

    fn outstanding(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.start);
        // The first packet is due at the start.
        let scheduled = scheduled(elapsed, self.pps) + 1;
        scheduled.min(self.total.unwrap_or(u64::MAX)).saturating_sub(self.taken)
    }
}

/// Packets of `pps` in a time, the one at its end left out.
fn scheduled(time: Duration, pps: u64) -> u64 {
    u64::try_from(time.as_nanos() * u128::from(pps) / 1_000_000_000).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
