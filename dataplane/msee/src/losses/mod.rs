//! Losses after our verdict, read from the kernel's own counters.
//!
//! A frame that the fast path redirected can still be refused by the far port's driver, overflow
//! a receive ring, or find an AF_XDP socket full. Only the kernel knows; what it counts is mapped
//! here to verdicts, so that sent = delivered + named losses.

mod ethtool;

use abi::verdict::Verdict;
pub use ethtool::StatisticsError;

/// What the driver of `interface` has lost since the interface was made: frames that overflowed
/// its receive rings, and redirected frames it refused to transmit.
pub fn of_driver(interface: &str) -> Result<[(Verdict, u64); 2], StatisticsError> {
    let statistics = ethtool::statistics(interface)?;
    let total = |prefix: &str, suffix: &str| {
        let queues = statistics.iter().filter(|(name, _)| is_queue_counter(name, prefix, suffix));
        queues.map(|(_, value)| value).sum()
    };
    Ok([
        (Verdict::KernelRingFull, total("rx_queue_", "_drops")),
        (Verdict::KernelDevmapError, total("tx_queue_", "_xdp_xmit_errors")),
    ])
}

/// Whether `name` is `prefix`, a queue number, `suffix`: `rx_queue_0_drops`, but not
/// `rx_queue_0_xdp_drops`, which counts our own verdicts.
fn is_queue_counter(name: &str, prefix: &str, suffix: &str) -> bool {
    let queue = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
    queue.is_some_and(|queue| !queue.is_empty() && queue.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What an AF_XDP socket has lost since it was bound.
pub fn of_socket(statistics: &afxdp::Statistics) -> [(Verdict, u64); 3] {
    [
        (Verdict::KernelXskRingFull, statistics.receive_ring_full),
        (Verdict::KernelXskDropped, statistics.dropped_for_length()),
        (Verdict::KernelXskFillEmpty, statistics.fill_empty),
    ]
}

#[cfg(test)]
mod tests;
