//! Neighbours whose MAC addresses nobody declares: found by ARP and Neighbour Discovery, by msee towards
//! VMs and by the kernel towards the customer, and kept current.

mod customer;
mod declared;
mod flow;
mod moving;
mod nobody;
mod restart;
mod scan;
pub(crate) mod scene;
mod vm;
mod wiretap;

use std::net::IpAddr;

use serde_json::Value;

use crate::lab::Msee;

/// What the admin socket says of a neighbour.
fn neighbour(msee: &Msee, address: impl Into<IpAddr>) -> Option<Value> {
    let address = address.into().to_string();
    let all = msee.get("/neighbours");
    let all = all["neighbours"].as_array().unwrap();
    all.iter().find(|neighbour| neighbour["address"] == address).cloned()
}

/// How often a verdict was counted.
fn count(counters: &Value, verdict: &str) -> u64 {
    counters["verdicts"][verdict].as_u64().unwrap_or(0)
}

/// How many packets came to another end in userspace than being sent on.
fn ended(counters: &Value) -> u64 {
    let told = ["icmp_net_unreachable", "icmp_rate_limited", "icmp_not_allowed", "icmp_unroutable"];
    let lost = [
        "neighbour_queue_full",
        "punt_refused",
        "icmp_send_failed",
        "kernel_xsk_ring_full",
        "kernel_xsk_fill_empty",
    ];
    told.iter().chain(&lost).map(|verdict| count(counters, verdict)).sum()
}
