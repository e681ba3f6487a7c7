//! Named frames and what each must come to, by the [`scene`](crate::scene)'s state.
//!
//! The verdicts are written by hand, by the RFCs; none was computed. [`cases`] are packets behind a
//! link header without tags of their own: [`Case::frames`] puts the tags of each link in, and those on a
//! fabric into a tunnel too, and the verdict is the same on all of them. [`frame_cases`] are about the
//! tags and tunnels themselves. [`cuts`] are the
//! beginnings of a frame, for which only an [`Oracle`](crate::Oracle) has the verdicts.

mod ethernet;
mod ipv4;
mod ipv6;
mod tags;
mod tunnel;

use abi::verdict::Verdict;
use desired::MacAddress;

use crate::{Port, compose};

/// A packet and what it must come to.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What the case is about (`ipv4 header`).
    pub group: &'static str,
    /// Its name, of its own in the group.
    pub name: &'static str,
    /// Where it arrives.
    pub side: Side,
    /// Which station it is sent to.
    pub to: To,
    /// The EtherType in front of it.
    pub ethertype: u16,
    /// What is behind the EtherType.
    pub carried: fn() -> Vec<u8>,
    /// What it must come to.
    pub verdict: Verdict,
}

/// A whole frame and what it must come to.
#[derive(Clone, Copy, Debug)]
pub struct FrameCase {
    /// What the case is about.
    pub group: &'static str,
    /// Its name, of its own in the group.
    pub name: &'static str,
    /// Name of a port of the interface on which it arrives.
    pub port: &'static str,
    /// The frame, for the MAC address of that interface.
    pub frame: fn(MacAddress) -> Vec<u8>,
    /// What it must come to.
    pub verdict: Verdict,
}

impl FrameCase {
    /// The case's frame, if its port is among the ports.
    pub fn framed(&self, ports: &[Port]) -> Option<Framed> {
        let port = ports.iter().find(|port| port.name == self.port)?;
        Some(Framed { port: self.port, ifindex: port.ifindex, bytes: (self.frame)(port.mac) })
    }
}

/// Links that treat a packet alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A circuit: untagged, 802.1Q, and QinQ of both types.
    Circuit,
    /// A circuit whose links have no kernel: untagged, 802.1Q and QinQ.
    Kernelless,
    /// The near fabric, which is untagged, and the same in tunnels.
    Fabric,
    /// The far one.
    FarFabric,
}

/// The station a frame is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// The port.
    Port,
    /// Another.
    Other,
    /// A group, or whatever the address says.
    Mac([u8; 6]),
}

/// A frame of a case on one link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framed {
    /// Name of the link's port.
    pub port: &'static str,
    /// Index of its interface.
    pub ifindex: u32,
    /// The frame.
    pub bytes: Vec<u8>,
}

/// Where a frame of the corpus comes from.
const SENDER: MacAddress = MacAddress([2, 0, 0, 0, 0xee, 1]);
/// The fabric whose frames are in tunnels.
const TUNNELS: &str = "eth7";
/// A station that is no port.
const OTHER: MacAddress = MacAddress([2, 0, 0, 0, 0xee, 2]);

/// All of them.
pub fn cases() -> Vec<Case> {
    [ethernet::cases(), ipv4::cases(), ipv6::cases()].concat()
}

/// Those that are about tags and tunnels, each a whole frame.
pub fn frame_cases() -> Vec<FrameCase> {
    [tags::cases(), tunnel::cases()].concat()
}

/// The beginnings of a frame, from its 14 bytes that a driver always delivers to one less than all.
pub fn cuts(frame: &[u8]) -> impl Iterator<Item = &[u8]> {
    (14..frame.len()).filter_map(|length| frame.get(..length))
}

impl Case {
    /// The case's frame on each link of its side that is among the ports.
    pub fn frames(&self, ports: &[Port]) -> Vec<Framed> {
        let carried = (self.carried)();
        let mut frames = Vec::new();
        for (name, tags) in self.side.links() {
            if let Some(port) = ports.iter().find(|port| port.name == *name) {
                let destination = match self.to {
                    To::Port => port.mac,
                    To::Other => OTHER,
                    To::Mac(octets) => MacAddress(octets),
                };
                let mut bytes =
                    compose::ethernet(destination, SENDER, tags, self.ethertype, &carried);
                if *name == TUNNELS {
                    bytes = tunnel::from_host(port.mac, bytes);
                }
                frames.push(Framed { port: name, ifindex: port.ifindex, bytes });
            }
        }
        frames
    }
}

impl Side {
    const fn links(self) -> &'static [(&'static str, &'static [compose::Tag])] {
        match self {
            Self::Circuit => &[
                ("eth1", &[]),
                ("eth1.100", &[(0x8100, 100)]),
                ("eth1.20.100", &[(0x8100, 20), (0x8100, 100)]),
                ("eth1.21.100", &[(0x88a8, 21), (0x8100, 100)]),
            ],
            Self::Kernelless => &[
                ("eth4", &[]),
                ("eth4.100", &[(0x8100, 100)]),
                ("eth4.20.100", &[(0x88a8, 20), (0x8100, 100)]),
            ],
            Self::Fabric => &[("eth2", &[]), (TUNNELS, &[])],
            Self::FarFabric => &[("eth3", &[])],
        }
    }
}

/// A line of a table.
type Row = (&'static str, fn() -> Vec<u8>, Verdict);

/// A table whose packets are sent to the port.
fn table(group: &'static str, side: Side, ethertype: u16, rows: &[Row]) -> Vec<Case> {
    rows.iter()
        .map(|(name, carried, verdict)| Case {
            group,
            name,
            side,
            to: To::Port,
            ethertype,
            carried: *carried,
            verdict: *verdict,
        })
        .collect()
}

#[cfg(test)]
mod tests;
