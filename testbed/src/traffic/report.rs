//! What is told about a flow.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One flow, while it runs or after its end. Always `sent` = `received` + `lost` + `in_flight`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Name of the flow.
    pub name: String,
    /// Whether it has ended and stragglers were waited for.
    pub finished: bool,
    /// Packets/s asked for.
    pub pps: u32,
    /// How long the sender has sent, in seconds.
    pub seconds: f64,
    /// Packets the sender's kernel took.
    pub sent: u64,
    /// Packets it refused, by reason (`Network is unreachable`); they are not in `sent`.
    pub unsent: BTreeMap<String, u64>,
    /// Different packets that arrived.
    pub received: u64,
    /// Packets that did not arrive; while the flow runs, those that a later packet has overtaken.
    pub lost: u64,
    /// Packets that may still arrive; 0 at the end.
    pub in_flight: u64,
    /// Arrivals of a packet that had arrived before.
    pub duplicated: u64,
    /// Packets that arrived after a later one (RFC 4737).
    pub reordered: u64,
    /// Arrivals so late that it is not known whether they arrived before; neither in `received`
    /// nor in `duplicated`.
    pub stale: u64,
    /// Packets of other flows that arrived here.
    pub misdelivered: u64,
    /// Messages that are no probe, or not as they were sent.
    pub corrupted: u64,
    /// Of the lost ones, those the receiver's own socket had no room for: not the network's fault.
    pub receiver_overflow: u64,
    /// Longest time without an arrival, in milliseconds; `None` when nothing arrived: there is no
    /// gap without packets around it.
    pub longest_gap_ms: Option<f64>,
    /// When it began, in milliseconds from the start of the flow.
    pub longest_gap_began_ms: Option<f64>,
    /// One way latency; `None` when nothing arrived.
    pub latency_ms: Option<Latency>,
    /// Arrivals by the TTL they had: one router more on the way is one less.
    pub ttl: BTreeMap<u8, u64>,
}

/// One-way latency in milliseconds, from before the send call to the kernel's receive stamp.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Smallest.
    pub minimum: f64,
    /// Median, within 0.1%.
    pub median: f64,
    /// Largest.
    pub maximum: f64,
}

impl Report {
    /// Whether every packet arrived once and as sent; the order may differ.
    pub fn is_clean(&self) -> bool {
        self.lost == 0
            && self.in_flight == 0
            && self.unsent.is_empty()
            && self.duplicated == 0
            && self.stale == 0
            && self.misdelivered == 0
            && self.corrupted == 0
    }
}
