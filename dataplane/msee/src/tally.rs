//! Counts of verdicts reached in userspace.

use std::sync::atomic::{AtomicU64, Ordering};

use abi::verdict::{COUNT, Verdict};

/// One counter a verdict, shared between the thread that counts and whoever reads.
#[derive(Debug)]
pub struct Tally([AtomicU64; COUNT]);

impl Default for Tally {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; COUNT])
    }
}

impl Tally {
    /// Counts one packet.
    pub fn count(&self, verdict: Verdict) {
        self.add(verdict, 1);
    }

    /// Counts `packets`.
    pub fn add(&self, verdict: Verdict, packets: u64) {
        // A verdict's number is below COUNT by construction.
        if let Some(counter) = self.0.get(usize::from(verdict.number())) {
            counter.fetch_add(packets, Ordering::Relaxed);
        }
    }

    /// Packets counted so far, by verdict number.
    pub fn read(&self) -> [u64; COUNT] {
        self.0.each_ref().map(|counter| counter.load(Ordering::Relaxed))
    }
}
