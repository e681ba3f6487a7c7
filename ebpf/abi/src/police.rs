//! Policers: what keeps a customer to its bandwidth, and each kind of punt from starving the others.
//!
//! A policer is one `u64` of the map `POLICERS`, written by the packets themselves: the time at which
//! all that was admitted is paid for, in units of 2^-[`SHIFT`] nanoseconds of the monotonic clock. That
//! is the generic cell rate algorithm: a packet is admitted when paying for it would end at most a
//! burst ahead of now. 0 is a policer that has admitted nothing.

/// Bits of a nanosecond's fraction in a policer: without them the cost of a small packet on a fast
/// circuit would be rounded by a percent. 2^58 nanoseconds are nine years of uptime.
pub const SHIFT: u32 = 6;

/// Policers of one port.
pub const CLASSES: u32 = 8;

/// What a policer of a port is for.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The circuit's bandwidth, from the customer.
    FromCustomer,
    /// The circuit's bandwidth, to the customer.
    ToCustomer,
    /// For the MSEE's kernel: BGP, BFD and whatever else is addressed to it.
    Control,
    /// ARP and Neighbour Discovery to a group: what all stations of a link send, to whomever.
    Neighbour,
    /// Echo requests to the MSEE.
    Echo,
    /// Packets that are too long for their next hop: path MTU discovery depends on the answer.
    PathMtu,
    /// Every other exception: expired, unroutable, unreachable, unresolved.
    Exception,
    /// ARP and Neighbour Discovery to the port's own MAC address: among them the answers to what we ask,
    /// which no amount of questions to everybody may displace.
    NeighbourUnicast,
}

/// A budget of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Packets a second.
    pub rate: u32,
    /// Packets at once after a pause.
    pub burst: u32,
}

impl Class {
    /// What a port may punt of this class. The classes of bandwidth have none: it is the circuit's.
    /// A second of all budgets of a port is less than one punt thread handles.
    #[allow(clippy::inline_always, reason = "in eBPF a call costs more than its constant")]
    #[inline(always)]
    pub const fn budget(self) -> Option<Budget> {
        Some(match self {
            Self::FromCustomer | Self::ToCustomer => return None,
            Self::Control => Budget { rate: 20_000, burst: 2_000 },
            Self::Echo | Self::PathMtu => Budget { rate: 2_000, burst: 500 },
            Self::Neighbour | Self::NeighbourUnicast => Budget { rate: 1_000, burst: 250 },
            Self::Exception => Budget { rate: 10_000, burst: 1_000 },
        })
    }

    /// Its number among the policers of a port.
    #[allow(clippy::inline_always, reason = "in eBPF a call costs more than its constant")]
    #[inline(always)]
    pub const fn number(self) -> u32 {
        self as u32
    }
}

const _: () = assert!(Class::NeighbourUnicast.number() < CLASSES);
