//! What the kernel counts about a socket.

use std::{
    io,
    os::fd::{AsFd as _, OwnedFd},
    sync::Once,
};

use crate::sockopt;

/// The kernel's counters of one socket since it was bound (`XDP_STATISTICS`), in frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Received frames dropped: too long for a frame of ours, or no free frame. The kernel counts
    /// the latter in [`Statistics::fill_empty`] too; see [`Statistics::dropped_for_length`].
    pub dropped: u64,
    /// Received frames dropped because the receive ring was full.
    pub receive_ring_full: u64,
    /// Received frames dropped because the fill ring was empty.
    pub fill_empty: u64,
    /// Fill descriptors the kernel refused; any is a defect of ours.
    pub invalid_fill: u64,
    /// Transmit descriptors the kernel refused; any is a defect of ours.
    pub invalid_transmit: u64,
}

impl Statistics {
    /// Frames dropped although a free frame was there: longer than a frame takes ([`crate::Config::frame_size`]). In copy mode each drop for want of a free
    /// frame is counted by the kernel twice, in `dropped` and in `fill_empty`; here it is taken out
    /// again, so that this, `fill_empty` and `receive_ring_full` add up to all the losses.
    pub const fn dropped_for_length(&self) -> u64 {
        self.dropped.saturating_sub(self.fill_empty)
    }
}

/// Reads a socket's [`Statistics`] from any thread, while another uses the socket. It keeps the
/// socket's queue occupied: drop it together with the socket.
#[derive(Debug)]
pub struct StatisticsSource {
    descriptor: OwnedFd,
    defect: Once,
}

impl StatisticsSource {
    pub(crate) const fn new(descriptor: OwnedFd) -> Self {
        Self { descriptor, defect: Once::new() }
    }

    /// The counters now. Descriptors the kernel refused are logged when first seen: no verdict
    /// fits a defect of ours. Fails only when the kernel refuses `getsockopt(XDP_STATISTICS)`.
    pub fn read(&self) -> io::Result<Statistics> {
        let statistics = sockopt::statistics(self.descriptor.as_fd())?;
        let Statistics { invalid_fill: fill, invalid_transmit: transmit, .. } = statistics;
        if fill + transmit > 0 {
            self.defect.call_once(|| {
                tracing::error!(event = "xsk_descriptors_refused", fill, transmit, "a defect");
            });
        }
        Ok(statistics)
    }
}

#[cfg(test)]
mod tests;
