//! Tags that are a link's and tags that are not, whole and cut; and what the kernel sends.

mod cut_short;
mod from_kernel;
mod matching;

use abi::verdict::Verdict;
use desired::MacAddress;

use super::{Framed, OTHER, SENDER};
use crate::{
    Port,
    compose::{Ipv4, Tag, ethernet},
    scene::{CE, VM},
};

/// A whole frame and what it must come to.
#[derive(Clone, Copy, Debug)]
pub struct TagCase {
    /// Its name.
    pub name: &'static str,
    /// Name of a port of the interface on which it arrives.
    pub port: &'static str,
    /// The frame, for the MAC address of that interface.
    pub frame: fn(MacAddress) -> Vec<u8>,
    /// What it must come to.
    pub verdict: Verdict,
}

impl TagCase {
    /// The case's frame, if its port is among the ports.
    pub fn framed(&self, ports: &[Port]) -> Option<Framed> {
        let port = ports.iter().find(|port| port.name == self.port)?;
        Some(Framed { port: self.port, ifindex: port.ifindex, bytes: (self.frame)(port.mac) })
    }
}

pub(super) fn cases() -> Vec<TagCase> {
    [matching::cases(), cut_short::cases(), from_kernel::cases()].concat()
}

const C: u16 = 0x8100;
const S: u16 = 0x88a8;

/// A line of a table.
type Row = (&'static str, &'static str, fn(MacAddress) -> Vec<u8>, Verdict);

fn table(rows: &[Row]) -> Vec<TagCase> {
    rows.iter()
        .map(|(name, port, frame, verdict)| TagCase {
            name,
            port,
            frame: *frame,
            verdict: *verdict,
        })
        .collect()
}

/// A good packet behind tags.
fn good(mac: MacAddress, tags: &[Tag]) -> Vec<u8> {
    ethernet(mac, SENDER, tags, 0x0800, &Ipv4::udp(CE, VM).bytes())
}

/// Anything behind tags.
fn with(mac: MacAddress, tags: &[Tag], ethertype: u16, carried: &[u8]) -> Vec<u8> {
    ethernet(mac, SENDER, tags, ethertype, carried)
}

/// A good packet to another station.
fn misdirected(tags: &[Tag]) -> Vec<u8> {
    ethernet(OTHER, SENDER, tags, 0x0800, &Ipv4::udp(CE, VM).bytes())
}
