//! Frame after frame, and what the kernel did otherwise than the oracle says.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use abi::verdict::Verdict;
use oracle::Oracle;

use crate::{differences, expectation, packet::Packet, router, wire::Wires};

/// How many Net Unreachables the kernel sends to one address before it holds back, which cannot be
/// set in a namespace (`net.ipv4.route.error_burst`).
const BURST: u32 = 5;

/// One router and its wires.
pub struct Comparison {
    oracle: Oracle,
    wires: Wires,
    /// Occasions for a Net Unreachable, by whom it is for.
    told: BTreeMap<Ipv4Addr, u32>,
    /// Frames by verdict.
    compared: BTreeMap<Verdict, u32>,
    complaints: Vec<String>,
}

impl Comparison {
    /// Makes the router in the namespace of the calling thread.
    pub fn start() -> Self {
        router::set_up();
        Self {
            oracle: router::oracle(),
            wires: Wires::open(),
            told: BTreeMap::new(),
            compared: BTreeMap::new(),
            complaints: Vec::new(),
        }
    }

    /// Sends a frame to both, but for those that a known difference covers.
    pub fn compare(&mut self, name: &str, port: &'static str, frame: &[u8]) {
        let arrival = differences::Arrival::new(&self.oracle, port, frame);
        if differences::any(&arrival) {
            return;
        }
        let (verdict, expected) = expectation::expected(&self.oracle, port, frame);
        let seen = self.wires.exchange(port, frame);
        *self.compared.entry(verdict).or_default() += 1;
        let is_held_back = self.is_held_back(verdict, frame) && seen.frames.is_empty();
        if let Err(complaint) = expected.compare(frame, &seen)
            && !is_held_back
        {
            let verdict = verdict.name();
            self.complaints.push(format!(
                "{name}: {complaint}: {verdict}: {frame:02x?}, expected {expected:02x?}, {seen:02x?}"
            ));
        }
    }

    /// Whether an error may be missing because its receiver has had enough of them. Those that are
    /// not allowed (of ICMP errors) count too.
    fn is_held_back(&mut self, verdict: Verdict, frame: &[u8]) -> bool {
        match (verdict, Packet::of(frame).source()) {
            (Verdict::NoRoute, Some(IpAddr::V4(source))) => {
                let told = self.told.entry(source).or_default();
                *told += 1;
                *told > BURST
            }
            _ => false,
        }
    }

    /// Fails if there was a complaint; returns how many frames were compared, by verdict.
    pub fn finish(self) -> BTreeMap<Verdict, u32> {
        let Self { compared, complaints, .. } = self;
        let all: u32 = compared.values().sum();
        let first = complaints.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n");
        assert!(complaints.is_empty(), "{} of {all}:\n{first}", complaints.len());
        compared
    }
}
