//! One neighbour: its state, and how long each lasts.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::{Duration, Instant},
};

use desired::MacAddress;

use super::store::Packet;
use crate::fastpath::{Neighbour, Resolver};

/// Between two solicitations (RFC 4861 10, RETRANS_TIMER; the most that RFC 1122 2.3.2.1 allows).
pub(super) const RETRANSMIT: Duration = Duration::from_secs(1);

/// Solicitations without an answer that are enough (RFC 4861 10, MAX_MULTICAST_SOLICIT and
/// MAX_UNICAST_SOLICIT).
pub(super) const TRIES: u8 = 3;

/// How long a neighbour counts as failed: its packets are answered at once, and nobody is asked.
pub(super) const FAILED: Duration = Duration::from_secs(3);

/// From a MAC address that nobody confirmed to the first question (RFC 4861 10,
/// DELAY_FIRST_PROBE_TIME).
pub(super) const DELAY: Duration = Duration::from_secs(5);

/// How long a station is given to contradict another one that claims its address. Shorter than
/// [`RETRANSMIT`]: packets for a neighbour that has moved are lost meanwhile.
pub(super) const CLAIM: Duration = Duration::from_millis(300);

/// Between two claims to one neighbour's address that are looked into (as Linux `locktime`): one that
/// changes all the time does not make images all the time.
pub(super) const HOLD: Duration = Duration::from_secs(1);

/// How often the kernel is reminded that an unconfirmed neighbour is still in use. It needs 8 s to
/// confirm it or to give it up.
pub(super) const REMIND: Duration = Duration::from_secs(10);

/// What is known about a neighbour (RFC 4861 7.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has been asked for so often, and packets wait.
    Incomplete {
        /// Solicitations sent.
        asked: u8,
    },
    /// It answered within its time.
    Reachable(MacAddress),
    /// It said where it is, and nobody has confirmed that.
    Stale(MacAddress),
    /// It is asked whether it is still there.
    Probe {
        /// Where it was.
        mac: MacAddress,
        /// Solicitations sent.
        asked: u8,
    },
    /// It did not answer. RFC 4861 forgets it at once; here that is remembered for a while, so that a
    /// flood to nobody does not become a flood of solicitations.
    Failed,
}

impl State {
    /// Where packets for it go.
    pub const fn mac(self) -> Option<MacAddress> {
        match self {
            Self::Incomplete { .. } | Self::Failed => None,
            Self::Reachable(mac) | Self::Stale(mac) | Self::Probe { mac, .. } => Some(mac),
        }
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incomplete { .. } => "incomplete",
            Self::Reachable(_) => "reachable",
            Self::Stale(_) => "stale",
            Self::Probe { .. } => "probe",
            Self::Failed => "failed",
        }
    }
}

/// A neighbour of the table.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) state: State,
    pub(super) resolver: Resolver,
    /// Slot of the port whose packet asked for it first.
    pub(super) port: u16,
    /// When the state ends by itself.
    pub(super) deadline: Option<Instant>,
    /// When it was last heard of, or first asked for.
    pub(super) heard: Instant,
    /// Where somebody says that it is, while where it was is being asked.
    pub(super) claim: Option<MacAddress>,
    /// When a claim was last looked into, or came true.
    pub(super) disputed: Option<Instant>,
    pub(super) waiting: VecDeque<Packet>,
}

impl Entry {
    pub(super) fn new(resolver: Resolver, state: State, port: u16, now: Instant) -> Self {
        Self {
            state,
            resolver,
            port,
            deadline: None,
            heard: now,
            claim: None,
            disputed: None,
            waiting: VecDeque::new(),
        }
    }
}

/// How long an answer is good for (RFC 4861 6.3.2: varied, so that not all are polled at once; here
/// from 10 to 20 s and always the same for one neighbour). A station that silently became another one
/// is noticed within this and three solicitations.
pub(super) fn reachable_time(neighbour: &Neighbour) -> Duration {
    Duration::from_secs(10) + variation(neighbour)
}

/// From the adoption of a neighbour to the first question: within [`DELAY`], and not all at once.
pub(super) fn first_poll(neighbour: &Neighbour) -> Duration {
    variation(neighbour) * 2 / 5
}

/// From 0 to 10 s, always the same for one neighbour.
fn variation(neighbour: &Neighbour) -> Duration {
    let mut hasher = DefaultHasher::new();
    neighbour.hash(&mut hasher);
    Duration::from_millis(hasher.finish() % 10_000)
}
