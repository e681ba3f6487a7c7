//! What happens to the neighbour table, and what it wants done.

use std::{collections::VecDeque, time::Instant};

use desired::MacAddress;

use super::{entry::State, store::Packet};
use crate::fastpath::{Neighbour, Resolver};

/// What is known about where a neighbour is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Packets go there.
    At(MacAddress),
    /// It is to be asked for, or is being asked for.
    No,
    /// It was asked for and did not answer.
    Failed,
}

/// What a message of ARP or Neighbour Discovery says of its sender, in the words of RFC 4861.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Where it is; none where the message only confirms what is known.
    pub mac: Option<MacAddress>,
    /// Whether it answers a question of ours.
    pub solicited: bool,
    /// Whether it replaces a MAC address that is known.
    pub overrides: bool,
    /// Whether it asks us something, so that it is worth knowing where to answer.
    pub asks_us: bool,
}

/// What the kernel says of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is there, confirmed.
    Reachable(MacAddress),
    /// It was there; the kernel will look when told that it is in use.
    Stale(MacAddress),
    /// It was there, and the kernel is looking.
    Probe(MacAddress),
    /// It did not answer.
    Failed,
    /// The kernel has forgotten it.
    Gone,
}

impl Told {
    /// Where it is.
    pub const fn mac(self) -> Option<MacAddress> {
        match self {
            Self::Reachable(mac) | Self::Stale(mac) | Self::Probe(mac) => Some(mac),
            Self::Failed | Self::Gone => None,
        }
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask for a neighbour.
    Solicit {
        /// Which.
        neighbour: Neighbour,
        /// Who asks: [`Resolver::Msee`] or [`Resolver::Kernel`].
        resolver: Resolver,
        /// The MAC address to confirm; without one, everybody is asked.
        confirm: Option<MacAddress>,
    },
    /// Decide about these packets anew: the neighbour they waited for is known, or has failed, or is
    /// no next hop any more.
    Release(VecDeque<Packet>),
}

/// A neighbour, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which.
    pub neighbour: Neighbour,
    /// Its state.
    pub state: State,
    /// Who finds it.
    pub resolver: Resolver,
    /// When it was last heard of, or first asked for.
    pub heard: Instant,
}
