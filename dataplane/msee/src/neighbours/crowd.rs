//! Whether so much ARP and Neighbour Discovery is sent to a port that answers are lost in it.
//!
//! The fast path drops what is over a port's budget, whoever sent it. A neighbour that is asked meanwhile
//! cannot be told from one that is gone.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use abi::{
    image::PortKey,
    police::{Budget, Class},
};

use super::entry::RETRANSMIT;

const BUDGET: Budget = match Class::NeighbourUnicast.budget() {
    Some(budget) => budget,
    None => Budget { rate: u32::MAX, burst: u32::MAX },
};

/// Messages in a second that are about what the budget admits.
const CROWD: u32 = BUDGET.rate - BUDGET.rate / 10;

/// What one message takes of the budget.
const COST: Duration = Duration::from_nanos(1_000_000_000 / BUDGET.rate as u64);

/// Half of the burst is gone: what comes at once is soon lost, long before a second has passed.
const DRAINED: Duration = Duration::from_nanos(COST.as_nanos() as u64 * BUDGET.burst as u64 / 2);

/// What comes in by each port.
#[derive(Debug, Default)]
pub(super) struct Crowds(HashMap<PortKey, Messages>);

/// The messages of one second, and when there were too many last.
#[derive(Debug)]
struct Messages {
    since: Instant,
    count: u32,
    /// When all that came is paid for, as the policer of the port counts.
    paid: Instant,
    crowded: Option<Instant>,
}

impl Crowds {
    /// Notes a message to a port's own MAC address.
    pub(super) fn note(&mut self, port: PortKey, now: Instant) {
        let new = || Messages { since: now, count: 0, paid: now, crowded: None };
        let messages = self.0.entry(port).or_insert_with(new);
        if now.saturating_duration_since(messages.since) >= RETRANSMIT {
            (messages.since, messages.count) = (now, 0);
        }
        messages.count += 1;
        messages.paid = messages.paid.max(now) + COST;
        let debt = messages.paid.saturating_duration_since(now);
        if messages.count >= CROWD || debt >= DRAINED {
            messages.crowded = Some(now);
        }
    }

    /// Whether the answer to the last question may have been lost among others.
    pub(super) fn is_crowded(&self, port: PortKey, now: Instant) -> bool {
        let crowded = self.0.get(&port).and_then(|messages| messages.crowded);
        // A second for the answer, and one for the count to come as far as that.
        crowded.is_some_and(|last| now.saturating_duration_since(last) < 2 * RETRANSMIT)
    }

    /// Forgets the ports that nothing has come in by for a while.
    pub(super) fn tidy(&mut self, now: Instant) {
        let is_recent = |since| now.saturating_duration_since(since) < 4 * RETRANSMIT;
        self.0.retain(|_, messages| is_recent(messages.since));
    }
}
