//! How many packets ended with each verdict, from every place that counts.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use abi::verdict::{ALL, COUNT, Verdict};
use afxdp::StatisticsSource;
use aya::maps::{MapData, MapError, PerCpuArray};

use crate::interface::TransmitDrops;

/// The packet thread's verdicts since the process started.
#[derive(Debug)]
pub(crate) struct Counters([AtomicU64; COUNT]);

impl Default for Counters {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; COUNT])
    }
}

impl Counters {
    /// Adds a batch's verdicts and empties the tally. Only the packet thread calls this, so no
    /// atomic addition is needed.
    pub(crate) fn take(&self, tally: &mut Tally) {
        for (counter, count) in self.0.iter().zip(&mut tally.0) {
            if *count != 0 {
                let sum = counter.load(Ordering::Relaxed).wrapping_add(*count);
                counter.store(sum, Ordering::Relaxed);
                *count = 0;
            }
        }
    }
}

/// Verdicts of one batch.
#[derive(Debug)]
pub(crate) struct Tally([u64; COUNT]);

impl Default for Tally {
    fn default() -> Self {
        Self([0; COUNT])
    }
}

impl Tally {
    pub(crate) fn count(&mut self, verdict: Verdict) {
        if let Some(count) = self.0.get_mut(usize::from(verdict.number())) {
            *count += 1;
        }
    }
}

/// Everything that counts packets of this gateway.
pub(crate) struct Sources {
    /// The packet thread.
    pub(crate) thread: Arc<Counters>,
    /// The XDP program.
    pub(crate) program: PerCpuArray<MapData, [u64; COUNT]>,
    /// The AF_XDP sockets.
    pub(crate) sockets: Vec<StatisticsSource>,
    /// The interface.
    pub(crate) interface: TransmitDrops,
}

/// A counter could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("the XDP program's map COUNTERS cannot be read")]
    Program(#[from] MapError),
    #[error("getsockopt(XDP_STATISTICS) failed")]
    Socket(#[source] io::Error),
    #[error("the interface's counters cannot be read")]
    Interface(#[source] io::Error),
}

impl Sources {
    /// The sum of all sources, by name of the verdict, zeroes left out.
    pub(crate) fn totals(&self) -> Result<BTreeMap<&'static str, u64>, ReadError> {
        let mut totals = BTreeMap::new();
        let mut add = |verdict: Verdict, count: u64| {
            if count != 0 {
                *totals.entry(verdict.name()).or_default() += count;
            }
        };
        for (verdict, counter) in ALL.iter().zip(&self.thread.0) {
            add(*verdict, counter.load(Ordering::Relaxed));
        }
        for processor in self.program.get(&0, 0)?.iter() {
            for (verdict, count) in ALL.iter().zip(processor) {
                add(*verdict, *count);
            }
        }
        for socket in &self.sockets {
            let statistics = socket.read().map_err(ReadError::Socket)?;
            add(Verdict::KernelXskRingFull, statistics.receive_ring_full);
            add(Verdict::KernelXskFillEmpty, statistics.fill_empty);
            add(Verdict::KernelXskDropped, statistics.too_long);
        }
        add(Verdict::KernelRingFull, self.interface.read().map_err(ReadError::Interface)?);
        Ok(totals)
    }
}

#[cfg(test)]
mod tests;
