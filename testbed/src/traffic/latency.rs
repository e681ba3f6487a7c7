//! Latencies in bounded memory: counts in intervals whose width grows with the value.
//!
//! Each power of two of nanoseconds is divided into 1,024 equal intervals, so a value read back is at
//! most 1/1,024 (0.1%) from the one put in. Minimum and maximum are exact.

use std::time::Duration;

/// Intervals in one power of two.
const DIVISIONS: u64 = 1_024;
/// Below this every nanosecond has an interval of its own.
const EXACT: u64 = 2 * DIVISIONS;
/// The highest power of two kept apart: 2^38 ns, over 4 minutes.
const INTERVALS: usize = interval(1 << 38) as usize + 1;

/// The counts.
#[derive(Clone, Debug)]
pub(super) struct Latencies {
    counts: Box<[u64]>,
    total: u64,
    minimum: Duration,
    maximum: Duration,
}

impl Latencies {
    /// No latency yet.
    pub(super) fn new() -> Self {
        Self {
            counts: vec![0; INTERVALS].into_boxed_slice(),
            total: 0,
            minimum: Duration::MAX,
            maximum: Duration::ZERO,
        }
    }

    /// Takes in one.
    pub(super) fn record(&mut self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        let place = usize::try_from(interval(nanoseconds)).unwrap_or(usize::MAX);
        if let Some(count) = self.counts.get_mut(place.min(INTERVALS - 1)) {
            *count += 1;
        }
        self.total += 1;
        self.minimum = self.minimum.min(latency);
        self.maximum = self.maximum.max(latency);
    }

    /// Smallest, median and largest; `None` before the first.
    pub(super) fn summary(&self) -> Option<[Duration; 3]> {
        if self.total == 0 {
            return None;
        }
        let mut before = 0;
        let middle = self.counts.iter().position(|count| {
            before += count;
            before > (self.total - 1) / 2
        });
        let median = Duration::from_nanos(lowest(middle.unwrap_or_default() as u64));
        Some([self.minimum, median.clamp(self.minimum, self.maximum), self.maximum])
    }
}

/// The interval a value belongs to.
const fn interval(nanoseconds: u64) -> u64 {
    if nanoseconds < EXACT {
        return nanoseconds;
    }
    let power = (nanoseconds.ilog2() - DIVISIONS.ilog2()) as u64;
    power * DIVISIONS + (nanoseconds >> power)
}

/// The lowest value of an interval.
const fn lowest(interval: u64) -> u64 {
    if interval < EXACT {
        return interval;
    }
    let power = interval / DIVISIONS - 1;
    (interval % DIVISIONS + DIVISIONS) << power
}

#[cfg(test)]
mod tests;
