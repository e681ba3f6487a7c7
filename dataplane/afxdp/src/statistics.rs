//! What the kernel counts about a socket.

use std::{
    io,
    os::fd::{AsFd as _, OwnedFd},
    sync::Once,
};

use crate::sockopt;

/// What a socket has lost since it was bound (`XDP_STATISTICS`), in packets; none is in two of the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Received packets dropped because they are longer than [`crate::Socket::longest`]: before Linux
    /// 6.6 only.
    pub too_long: u64,
    /// Received packets dropped because the receive ring was full.
    pub receive_ring_full: u64,
    /// Received packets dropped because the fill ring was empty, or held fewer frames than they take.
    pub fill_empty: u64,
    /// Fill descriptors the kernel refused; any is a defect of ours.
    pub invalid_fill: u64,
    /// Transmit descriptors the kernel refused; any is a defect of ours.
    pub invalid_transmit: u64,
}

impl Statistics {
    /// The kernel counts in `dropped` what is too long and what finds too few frames, and the latter in
    /// `fill_empty` too if it finds none at all. What it counts in `dropped` alone is, where packets in
    /// several frames are taken, one of those, and else too long.
    pub(crate) fn of(kernel: &libc::xdp_statistics, several_frames: bool) -> Self {
        let fill_empty = kernel.rx_fill_ring_empty_descs;
        let rest = kernel.rx_dropped.saturating_sub(fill_empty);
        let (short, too_long) = if several_frames { (rest, 0) } else { (0, rest) };
        Self {
            too_long,
            receive_ring_full: kernel.rx_ring_full,
            fill_empty: fill_empty + short,
            invalid_fill: kernel.rx_invalid_descs,
            invalid_transmit: kernel.tx_invalid_descs,
        }
    }
}

/// Reads a socket's [`Statistics`] from any thread, while another uses the socket. It keeps the
/// socket's queue occupied: drop it together with the socket.
#[derive(Debug)]
pub struct StatisticsSource {
    descriptor: OwnedFd,
    several_frames: bool,
    defect: Once,
}

impl StatisticsSource {
    pub(crate) const fn new(descriptor: OwnedFd, several_frames: bool) -> Self {
        Self { descriptor, several_frames, defect: Once::new() }
    }

    /// The counters now. Descriptors the kernel refused are logged when first seen: no verdict
    /// fits a defect of ours. Fails only when the kernel refuses `getsockopt(XDP_STATISTICS)`.
    pub fn read(&self) -> io::Result<Statistics> {
        let statistics = sockopt::statistics(self.descriptor.as_fd())?;
        let statistics = Statistics::of(&statistics, self.several_frames);
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
