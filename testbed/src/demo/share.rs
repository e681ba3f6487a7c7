//! Which share of a VM's packets passed its gateway.
//!
//! Not through the commands, as everything else here: the two counters must be read within a
//! millisecond or two of each other, or the packets that pass in between blur the share.

use std::fs;

use serde_json::Value;

use super::story::Stop;
use crate::{
    commands::Failure,
    control::Client,
    lifecycle::Lab,
    network::namespace::{self, NamespaceError},
};

/// Packets for one VM at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sample {
    /// Delivered to the VM by its gateway.
    gateway: u64,
    /// Received by the VM's interface.
    vm: u64,
}

/// The VM's counter cannot be read.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("cannot read the interface counters of {vm}")]
struct CounterError {
    vm: String,
    #[source]
    source: NamespaceError,
}

impl Sample {
    /// Reads the counters of `vm` and of its gateway.
    pub(super) async fn take(lab: &Lab, gateway: &str, vm: &str) -> Result<Self, Stop> {
        let counters = Client::connect(lab.admin_socket(gateway)).get("/counters").await;
        let gateway = delivered(&counters.map_err(Failure::from)?, vm);
        let namespace = format!("{}-{vm}", lab.name());
        // `/proc/net` would be the namespace of the process, not of the thread that entered this one.
        let interfaces = namespace::in_namespace(&namespace, || {
            fs::read_to_string("/proc/thread-self/net/dev").unwrap_or_default()
        });
        let interfaces = interfaces
            .map_err(|source| Failure::failed(CounterError { vm: vm.to_owned(), source }))?;
        Ok(Self { gateway, vm: received(&interfaces).unwrap_or(0) })
    }

    /// Share of the VM's packets since `earlier` that passed the gateway, in percent. `None` when
    /// it received nothing.
    pub(super) fn share_since(self, earlier: Self) -> Option<f64> {
        let count =
            |now: u64, then: u64| u32::try_from(now.saturating_sub(then)).map(f64::from).ok();
        let gateway = count(self.gateway, earlier.gateway)?;
        let vm = count(self.vm, earlier.vm).filter(|packets| *packets > 0.0)?;
        // The gateway's counter is read first: a packet or two more than the VM had is that moment.
        Some((100.0 * gateway / vm).min(100.0))
    }
}

fn delivered(counters: &Value, vm: &str) -> u64 {
    counters["endpoints"][vm].as_u64().unwrap_or(0)
}

/// Packets received on `eth1`: the second figure of its line, proc_pid_net_dev(5).
fn received(interfaces: &str) -> Option<u64> {
    let line = interfaces.lines().find_map(|line| line.trim().strip_prefix("eth1:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests;
