//! What the admin socket says of neighbours, and the task that has what was learned take effect.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::{sync::watch, time::sleep};

use super::{SharedRouter, chain, lock};
use crate::{
    fastpath::{Compiled, Neighbour, Neighbours, Resolver},
    neighbours::Report,
};

/// How long after a failure what was learned is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A neighbour, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeighbourReport {
    /// Name of the port.
    pub port: String,
    /// The neighbour's address.
    pub address: IpAddr,
    /// Its MAC address, when it is known.
    pub mac: Option<String>,
    /// A state of RFC 4861, or `permanent`.
    pub state: &'static str,
    /// Where that comes from.
    pub source: Source,
    /// Seconds since it was last heard of, or first asked for; none for what is declared.
    pub age: Option<u64>,
}

/// Where a MAC address comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The desired state.
    Declared,
    /// The kernel's table of neighbours.
    Kernel,
    /// msee asked, or was told.
    Learned,
}

/// All neighbours: those the image has from the desired state, then those of `reports`.
pub(super) fn report(
    compiled: &Compiled,
    reports: &[Report],
    now: Instant,
) -> Vec<NeighbourReport> {
    let port = |neighbour: &Neighbour| {
        let slot = compiled.slot(neighbour.port());
        let port = slot.and_then(|slot| compiled.bound_port(slot));
        port.map_or_else(|| "?".to_owned(), |port| port.name.clone())
    };
    let declared = compiled.declared().map(|(neighbour, mac)| NeighbourReport {
        port: port(neighbour),
        address: neighbour.address,
        mac: Some(mac.to_string()),
        state: "permanent",
        source: Source::Declared,
        age: None,
    });
    let found = reports.iter().map(|report| NeighbourReport {
        port: port(&report.neighbour),
        address: report.neighbour.address,
        mac: report.state.mac().map(|mac| mac.to_string()),
        state: report.state.name(),
        source: if report.resolver == Resolver::Kernel { Source::Kernel } else { Source::Learned },
        age: Some(now.saturating_duration_since(report.heard).as_secs()),
    });
    declared.chain(found).collect()
}

/// Has what was learned take effect, until the punt thread is gone.
pub(super) async fn learn(router: &SharedRouter, mut learned: watch::Receiver<Arc<Neighbours>>) {
    let mut has_failed = false;
    loop {
        tokio::select! {
            changed = learned.changed() => if changed.is_err() { return },
            () = sleep(RETRY), if has_failed => {}
        }
        let latest = Arc::clone(&learned.borrow_and_update());
        let result = tokio::task::block_in_place(|| {
            lock(router).as_mut().map_or(Ok(()), |router| router.learn(latest))
        });
        has_failed = result.is_err();
        if let Err(error) = result {
            tracing::error!(event = "neighbours_not_applied", error = chain(&error));
        }
    }
}

#[cfg(test)]
mod tests;
