//! The real traceroute in a node's namespace: GNU inetutils, as on the lab's machines.
//!
//! **What it sends.** UDP datagrams of nine bytes, three a hop, one after another. All probes of a
//! hop go to the same port and each further hop to the next: hop `n`, counted from 1, to
//! [`FIRST_HOP_PORT`]` + n - 1`. The source port is the kernel's choice and the same for a whole
//! run, another in the next. The last hop is told by *any* Destination Unreachable about that port.
//!
//! **What it takes for an answer.** Any ICMP message that reaches the namespace and quotes the port
//! of the current hop, whoever the probe was for: two runs in one namespace at the same time take
//! each other's answers. An answer that comes after the wait is taken for the next probe's, with a
//! wrong time. So the wait, in whole seconds, has to be above any round trip; one second is.
//!
//! **What it costs.** A silent hop costs three waits, and the tool never gives up before its limit
//! of 64 hops: behind a dead path that is three minutes. [`run`] ends it after a number of silent
//! hops in a row.

mod parse;
mod render;
mod run;

use std::{net::Ipv4Addr, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

pub use self::{
    parse::parse,
    render::{render_ios, render_linux},
    run::{TracerouteError, run},
};

/// Destination port of the probes of the first hop.
///
/// Every probe of hop `n` (counted from 1) goes to `FIRST_HOP_PORT + n - 1`.
pub const FIRST_HOP_PORT: u16 = 33_434;

/// A traceroute to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracerouteSpec {
    /// Network namespace of the sender, as under /run/netns.
    pub namespace: String,
    /// Lab whose mark the tool's process carries, so that `erlab destroy` finds and ends it.
    pub lab: Option<String>,
    /// Destination.
    pub to: Ipv4Addr,
    /// Highest TTL tried, 1 to 255.
    pub max_hops: u8,
    /// How long to wait for an answer; rounded up to whole seconds, 1 to 60.
    pub wait: Duration,
    /// Ends the run after this many hops in a row without any answer; `None`: goes on to `max_hops`.
    pub silent_hops: Option<usize>,
}

impl TracerouteSpec {
    /// Of no lab; 64 hops as the tool's default, one second a probe, five silent hops.
    pub fn new(namespace: impl Into<String>, to: Ipv4Addr) -> Self {
        Self {
            namespace: namespace.into(),
            lab: None,
            to,
            max_hops: 64,
            wait: Duration::from_secs(1),
            silent_hops: Some(5),
        }
    }
}

/// What a run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Destination.
    pub to: Ipv4Addr,
    /// The hops, TTL 1 first.
    pub hops: Vec<Hop>,
    /// Whether the destination itself answered.
    pub reached: bool,
    /// The tool's output, byte for byte.
    pub raw: String,
}

/// The probes with one TTL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// The TTL.
    pub ttl: u8,
    /// Who answered first; `None` when nobody did.
    pub address: Option<Ipv4Addr>,
    /// Each probe, usually three.
    pub probes: Vec<Probe>,
}

/// One probe; all `None` when no answer came in time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Who answered.
    pub address: Option<Ipv4Addr>,
    /// Round trip in milliseconds.
    pub rtt_ms: Option<f64>,
    /// What the answer says beside "time exceeded" and "port unreachable": `!N`, `!H`, ...
    pub annotation: Option<String>,
}

/// What is expected of one hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Somebody answers and everybody who does has this address.
    Address(Ipv4Addr),
    /// Nobody answers: `*`.
    Silent,
}

impl FromStr for Expect {
    type Err = std::net::AddrParseError;

    /// An address, or `*`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" { Ok(Self::Silent) } else { text.parse().map(Self::Address) }
    }
}

impl Trace {
    /// Whether the hops are exactly these.
    pub fn matches(&self, expected: &[Expect]) -> bool {
        self.hops.len() == expected.len()
            && self.hops.iter().zip(expected).all(|(hop, expect)| hop.is(*expect))
    }

    /// The hops as a list for messages: the address that answered first, or `*`.
    pub fn hop_list(&self) -> Vec<String> {
        let one = |hop: &Hop| hop.address.map_or("*".to_owned(), |address| address.to_string());
        self.hops.iter().map(one).collect()
    }
}

impl Hop {
    /// Whether it is as expected.
    pub fn is(&self, expect: Expect) -> bool {
        let mut answers = self.probes.iter().filter_map(|probe| probe.address);
        match expect {
            Expect::Silent => self.is_silent(),
            Expect::Address(address) => {
                !self.is_silent() && answers.all(|answer| answer == address)
            }
        }
    }

    /// Whether no probe was answered.
    pub fn is_silent(&self) -> bool {
        self.probes.iter().all(|probe| probe.address.is_none())
    }
}

#[cfg(test)]
mod tests;
