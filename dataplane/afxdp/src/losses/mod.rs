//! Losses after our verdict, read from the kernel's own counters.
//!
//! A frame that an XDP program redirected can still be refused by the far port's driver, find an
//! AF_XDP socket full, or, sent by us, overflow the far end's ring. Only the kernel knows; what it
//! counts is mapped here to verdicts, so that sent = delivered + named losses.
//!
//! The trap: a veth counts some losses twice. A frame that an AF_XDP socket refused is also in
//! `rx_queue_N_drops`, where every failed redirect is; and a frame that the far end refused is in
//! `tx_queue_N_xdp_xmit_errors` and in the interface's transmit drops.
//!
//! The counters of a socket end with its process, those of the driver do not: what the socket of a
//! killed process refused is a `redirect_refused` to the next one.

mod ethtool;
mod interfaces;
mod ports;

use abi::verdict::{self, Verdict};
pub use ethtool::{StatisticsError, statistics};
pub use ports::{PortLosses, ReadError};

use crate::statistics::Statistics;

/// Packets lost at a port after our verdict. None is in two of the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Redirects that were refused at once, those to AF_XDP sockets apart.
    pub redirect_refused: u64,
    /// Redirected frames that the driver did not transmit.
    pub transmit_refused: u64,
    /// Frames that we or the kernel sent and the far end's receive ring had no room for.
    pub ring_full: u64,
    /// What the port's AF_XDP sockets lost.
    pub socket: SocketLosses,
}

/// Frames that AF_XDP sockets lost. None is in two of the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketLosses {
    /// The receive ring was full.
    pub ring_full: u64,
    /// Longer than a frame takes.
    pub dropped: u64,
    /// No free frame in the fill ring.
    pub fill_empty: u64,
}

impl Losses {
    /// The losses, each under its verdict.
    pub const fn by_verdict(&self) -> [(Verdict, u64); 6] {
        [
            (Verdict::KernelRedirectRefused, self.redirect_refused),
            (Verdict::KernelDevmapError, self.transmit_refused),
            (Verdict::KernelRingFull, self.ring_full),
            (Verdict::KernelXskRingFull, self.socket.ring_full),
            (Verdict::KernelXskDropped, self.socket.dropped),
            (Verdict::KernelXskFillEmpty, self.socket.fill_empty),
        ]
    }

    /// Adds the losses to counters by verdict number.
    pub fn add_to(&self, counters: &mut [u64; verdict::COUNT]) {
        for (verdict, count) in self.by_verdict() {
            if let Some(counter) = counters.get_mut(usize::from(verdict.number())) {
                *counter += count;
            }
        }
    }

    fn plus(self, more: Self) -> Self {
        Self {
            redirect_refused: self.redirect_refused + more.redirect_refused,
            transmit_refused: self.transmit_refused + more.transmit_refused,
            ring_full: self.ring_full + more.ring_full,
            socket: self.socket.plus(more.socket),
        }
    }
}

impl SocketLosses {
    fn plus(self, more: Self) -> Self {
        Self {
            ring_full: self.ring_full + more.ring_full,
            dropped: self.dropped + more.dropped,
            fill_empty: self.fill_empty + more.fill_empty,
        }
    }

    const fn total(&self) -> u64 {
        self.ring_full + self.dropped + self.fill_empty
    }
}

impl From<Statistics> for SocketLosses {
    fn from(statistics: Statistics) -> Self {
        Self {
            ring_full: statistics.receive_ring_full,
            dropped: statistics.dropped_for_length(),
            fill_empty: statistics.fill_empty,
        }
    }
}

#[cfg(test)]
mod tests;
