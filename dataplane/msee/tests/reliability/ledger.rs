//! Sent = delivered + dropped by name, and nothing else: the difference is 0.

use abi::verdict::{self, Verdict};

type Counters = [u64; verdict::COUNT];

/// The counters before traffic.
pub struct Ledger(Counters);

impl Ledger {
    pub const fn open(counters: &Counters) -> Self {
        Self(*counters)
    }

    /// How often a verdict was counted since.
    pub fn of(&self, verdict: Verdict, now: &Counters) -> u64 {
        let number = usize::from(verdict.number());
        now[number] - self.0[number]
    }

    /// How many were dropped since, by whatever name.
    pub fn dropped(&self, now: &Counters) -> u64 {
        let losses = verdict::ALL.into_iter().filter(|verdict| verdict.is_loss());
        losses.map(|verdict| self.of(verdict, now)).sum()
    }

    /// Prints where what was sent ended, and fails when a packet is missing or counted twice.
    pub fn settle(&self, what: &str, now: &Counters, sent: u64, delivered: u64) {
        let losses = verdict::ALL.into_iter().filter(|verdict| verdict.is_loss());
        let named: Vec<_> = losses
            .map(|verdict| (verdict.name(), self.of(verdict, now)))
            .filter(|(_, count)| *count > 0)
            .collect();
        let dropped = self.dropped(now);
        let difference = i128::from(sent) - i128::from(delivered) - i128::from(dropped);
        println!(
            "{what}: {sent} sent = {delivered} delivered + {dropped} dropped {named:?}, \
             difference {difference}"
        );
        assert_eq!(difference, 0, "{what}");
    }
}
