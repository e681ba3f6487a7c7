//! Neighbours whose MAC addresses nobody declares: found by ARP and Neighbour Discovery, by msee towards
//! VMs and by the kernel towards the customer, and kept current.

mod customer;
mod declared;
mod flood;
pub(crate) mod flow;
mod moving;
mod nobody;
mod restart;
mod scan;
pub(crate) mod scene;
mod unresolved;
mod vm;
mod wiretap;

use std::{
    net::IpAddr,
    thread::sleep,
    time::{Duration, Instant},
};

use abi::verdict::Verdict;
use serde_json::Value;

use crate::{books::Changes, lab::Msee};

/// What the admin socket says of a neighbour.
fn neighbour(msee: &Msee, address: impl Into<IpAddr>) -> Option<Value> {
    neighbours(msee, address).into_iter().next()
}

/// The same of all neighbours with an address, one on each port.
pub(crate) fn neighbours(msee: &Msee, address: impl Into<IpAddr>) -> Vec<Value> {
    let address = address.into().to_string();
    let all = msee.get("/neighbours");
    let all = all["neighbours"].as_array().unwrap();
    all.iter().filter(|neighbour| neighbour["address"] == address).cloned().collect()
}

/// How often a verdict was counted.
pub(crate) fn count(counters: &Value, verdict: &str) -> u64 {
    counters["verdicts"][verdict].as_u64().unwrap_or(0)
}

/// What is adopted is asked for within 5 s, three times; the kernel needs as long.
const BOUND: Duration = Duration::from_secs(12);

/// Waits until a neighbour is in a state, or is none; how long that took.
fn wait_for(msee: &Msee, address: impl Into<IpAddr> + Copy, state: Option<&str>) -> Duration {
    let started = Instant::now();
    loop {
        let found = neighbour(msee, address);
        if found.as_ref().map(|found| &found["state"]) == state.map(Value::from).as_ref() {
            return started.elapsed();
        }
        assert!(started.elapsed() < BOUND, "{found:?}");
        sleep(Duration::from_millis(50));
    }
}

/// So many packets and as many answers were forwarded once, by the fast path or from userspace, and
/// none was lost.
fn assert_delivered(changes: &Changes, packets: u64) {
    for way in [Verdict::ForwardedDirect, Verdict::ForwardedCe] {
        assert_eq!(changes.of(way), packets, "{changes:?}");
    }
    assert!(changes.losses().is_empty(), "{changes:?}");
}
