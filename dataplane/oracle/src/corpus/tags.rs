//! Tags that are a link's and tags that are not, whole and cut; and what the kernel sends.

mod cut_short;
mod from_kernel;
mod matching;

use abi::verdict::Verdict;
use desired::MacAddress;

use super::{FrameCase, OTHER, SENDER};
use crate::{
    compose::{Ipv4, Tag, ethernet},
    scene::{CE, VM},
};

pub(super) fn cases() -> Vec<FrameCase> {
    [matching::cases(), cut_short::cases(), from_kernel::cases()].concat()
}

const C: u16 = 0x8100;
const S: u16 = 0x88a8;

/// A line of a table.
type Row = (&'static str, &'static str, fn(MacAddress) -> Vec<u8>, Verdict);

fn table(rows: &[Row]) -> Vec<FrameCase> {
    rows.iter()
        .map(|(name, port, frame, verdict)| FrameCase {
            group: "tags",
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
