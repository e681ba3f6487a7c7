//! How many packets ended with each verdict, from every place that counts.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use abi::verdict::{ALL, COUNT, Verdict};
use afxdp::{
    StatisticsSource,
    losses::{self, PortLosses},
    tally::Tally,
};
use aya::maps::{MapData, MapError, PerCpuArray};

/// Verdicts of one batch.
#[derive(Debug)]
pub(crate) struct Batch([u64; COUNT]);

impl Default for Batch {
    fn default() -> Self {
        Self([0; COUNT])
    }
}

impl Batch {
    pub(crate) fn count(&mut self, verdict: Verdict) {
        if let Some(count) = self.0.get_mut(usize::from(verdict.number())) {
            *count += 1;
        }
    }

    /// Adds them to `tally` and forgets them.
    pub(crate) fn count_in(&mut self, tally: &Tally) {
        for (verdict, count) in ALL.iter().zip(&mut self.0) {
            if *count != 0 {
                tally.add(*verdict, std::mem::take(count));
            }
        }
    }
}

/// The fabric port.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) interface: String,
    pub(crate) ifindex: u32,
}

/// Everything that counts packets of this gateway.
pub(crate) struct Sources {
    /// The packet thread.
    thread: Arc<Tally>,
    /// The XDP program.
    program: PerCpuArray<MapData, [u64; COUNT]>,
    port: Port,
    /// The kernel, behind both.
    losses: Mutex<PortLosses>,
}

/// A counter could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("the XDP program's map COUNTERS cannot be read")]
    Program(#[from] MapError),
    #[error("the kernel's counters of {interface} cannot be read")]
    Kernel {
        interface: String,
        #[source]
        source: losses::ReadError,
    },
}

impl Sources {
    /// `sockets` are all those of `port`.
    pub(crate) fn new(
        thread: Arc<Tally>,
        program: PerCpuArray<MapData, [u64; COUNT]>,
        port: Port,
        sockets: Vec<StatisticsSource>,
    ) -> Self {
        let mut losses = PortLosses::default();
        losses.open(&port.interface, port.ifindex, sockets);
        Self { thread, program, port, losses: Mutex::new(losses) }
    }

    /// The sum of all sources, by name of the verdict, zeroes left out.
    pub(crate) fn totals(&self) -> Result<BTreeMap<&'static str, u64>, ReadError> {
        let mut totals = self.thread.read();
        for processor in self.program.get(&0, 0)?.iter() {
            for (total, count) in totals.iter_mut().zip(processor) {
                *total += count;
            }
        }
        let Port { interface, ifindex } = &self.port;
        // A panic while it was held leaves readings that are still some.
        let mut losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
        losses
            .read(interface, *ifindex)
            .map_err(|source| ReadError::Kernel { interface: interface.clone(), source })?;
        losses.total().add_to(&mut totals);
        let counted = ALL.iter().zip(totals).filter(|(_, count)| *count != 0);
        Ok(counted.map(|(verdict, count)| (verdict.name(), count)).collect())
    }
}

#[cfg(test)]
mod tests;
