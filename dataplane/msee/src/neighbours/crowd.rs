//! Whether so much ARP and Neighbour Discovery is sent to a port that answers are lost in it.
//!
//! The fast path drops what is over a port's budget, whoever sent it. A neighbour that is asked meanwhile
//! cannot be told from one that is gone.

use std::{collections::HashMap, time::Instant};

use abi::{image::PortKey, police::Class};

use super::entry::RETRANSMIT;

/// Messages in a second that are about what the budget admits.
const CROWD: u32 = match Class::NeighbourUnicast.budget() {
    Some(budget) => budget.rate - budget.rate / 10,
    None => u32::MAX,
};

/// What comes in by each port.
#[derive(Debug, Default)]
pub(super) struct Crowds(HashMap<PortKey, Messages>);

/// The messages of one second, and when there were too many last.
#[derive(Debug)]
struct Messages {
    since: Instant,
    count: u32,
    crowded: Option<Instant>,
}

impl Crowds {
    /// Notes a message to a port's own MAC address.
    pub(super) fn note(&mut self, port: PortKey, now: Instant) {
        let new = || Messages { since: now, count: 0, crowded: None };
        let messages = self.0.entry(port).or_insert_with(new);
        if now.saturating_duration_since(messages.since) >= RETRANSMIT {
            (messages.since, messages.count) = (now, 0);
        }
        messages.count += 1;
        if messages.count >= CROWD {
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
