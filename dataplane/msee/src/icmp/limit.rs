//! Rate limits of what the MSEE answers (RFC 1812 4.3.2.8): token buckets that take `now`.
//!
//! Each circuit port and each VNet has buckets of its own, so one tenant's flood does not silence
//! another's traceroute; and each kind of answer has its own, so a flood of expiring packets does
//! not starve path MTU discovery.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// How many answers, and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Answers a second in the long run, at least 1.
    pub per_second: u32,
    /// Answers at once after a pause, at least 1.
    pub burst: u32,
}

impl Default for Rate {
    /// Enough for many traceroutes at once, and under 5 Mbit/s of the largest errors.
    fn default() -> Self {
        Self { per_second: 1_000, burst: 50 }
    }
}

/// A token bucket, kept as the instant at which it will be full again.
///
/// That is the generic cell rate algorithm: no fractions of tokens, no drift, nothing to refill.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    token: Duration,
    capacity: Duration,
    full_at: Option<Instant>,
}

impl TokenBucket {
    /// A full bucket.
    pub fn new(rate: Rate) -> Self {
        let token = Duration::from_secs(1) / rate.per_second.max(1);
        Self { token, capacity: token * rate.burst.max(1), full_at: None }
    }

    /// Takes one token; `false` when there is none. A `now` before the last one takes as if no
    /// time had passed.
    pub fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + self.token;
        let allowed = full_at.saturating_duration_since(now) <= self.capacity;
        if allowed {
            self.full_at = Some(full_at);
        }
        allowed
    }
}

/// Whose answers are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A circuit port, by slot.
    Port(u32),
    /// A VNet, by its index in the image.
    Vnet(u32),
}

/// Kinds of answers that do not take each other's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Budget {
    /// Time Exceeded and the unreachables.
    Error,
    /// Fragmentation Needed: without it connections hang, so nothing else may starve it.
    PathMtu,
    /// Echo replies.
    Echo,
}

/// All buckets of one MSEE. Bounded by the image: ports and VNets, three budgets each.
#[derive(Debug)]
pub struct Limiter {
    rate: Rate,
    buckets: HashMap<(Scope, Budget), TokenBucket>,
}

impl Limiter {
    /// Full buckets of `rate` for everybody.
    pub fn new(rate: Rate) -> Self {
        let capacity = 3 * (abi::limits::PORTS + abi::limits::VNETS) as usize;
        Self { rate, buckets: HashMap::with_capacity(capacity) }
    }

    /// Takes a token; `false` when the budget is used up.
    pub fn take(&mut self, scope: Scope, budget: Budget, now: Instant) -> bool {
        let rate = self.rate;
        self.buckets.entry((scope, budget)).or_insert_with(|| TokenBucket::new(rate)).take(now)
    }
}

#[cfg(test)]
mod tests;
