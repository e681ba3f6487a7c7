//! What becomes of a packet the fast path could not finish: a pure function of the frame, its metadata,
//! the image in force, what is known of neighbours, and the time.
//!
//! The trap is the way back. An answer is routed by the MSEE's own table, the VRF the packet came
//! from, never "back where it came from": towards a VNet without FastPath it passes that VNet's
//! gateway like all other traffic.
//!
//! Little is taken from the metadata but the verdict: the image may have been replaced since, and what
//! matters is the image in force now. So a packet that has waited for a neighbour is simply decided
//! about again.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Instant,
};

use abi::{
    image::{self, PortKey, Tunnel},
    punt::Metadata,
    verdict::Verdict,
};
use desired::MacAddress;
use ipnetwork::Ipv4Network;
use packet::{ETHERTYPE_ARP, Ethernet, Packet};

use super::{
    Frames,
    answer::Answer,
    discovery,
    forward::{self, Onward},
    way::{self, Open, Way, put_link_header},
};
use crate::{
    fastpath::{Compiled, NextHop, Roots},
    icmp::limit::{Limiter, Rate, Scope},
    neighbours::Table,
    vxlan::Ends,
};

/// Length of every link prefix between a customer edge and an MSEE.
const LINK_PREFIX: u8 = 30;

/// A frame as it came out of the AF_XDP socket of an interface.
#[derive(Clone, Copy, Debug)]
pub struct Punt<'a> {
    /// Index of the interface, which is the socket's.
    pub ifindex: u32,
    /// What the fast path says about it.
    pub metadata: Metadata,
    /// The frame, Ethernet header first.
    pub frame: &'a [u8],
}

impl Punt<'_> {
    /// What selects the port that it came in by.
    pub(super) const fn key(&self, frame: &Ethernet<'_>) -> PortKey {
        if self.metadata.vni == 0 {
            PortKey { ifindex: self.ifindex, outer: frame.outer, inner: frame.inner }
        } else {
            PortKey::in_tunnel(self.ifindex, self.metadata.vni)
        }
    }

    /// The tunnel back to the host that it came from, if it came in one: there alone may whoever asks
    /// for a MAC address be.
    pub(super) fn tunnel_back(&self, compiled: &Compiled) -> Option<Tunnel> {
        let Metadata { vni, host, host_mac, .. } = self.metadata;
        let key = PortKey::in_tunnel(self.ifindex, vni);
        let underlay = compiled.underlay(key).filter(|_| vni != 0)?;
        let mut octets = [0; 6];
        for (pair, word) in octets.as_chunks_mut::<2>().0.iter_mut().zip(host_mac) {
            *pair = word.to_ne_bytes();
        }
        let ends = Ends {
            mac: MacAddress(underlay.mac),
            endpoint: underlay.address_ipv4.into(),
            host_mac: MacAddress(octets),
            host: host.into(),
        };
        Some(ends.tunnel(vni))
    }
}

/// What becomes of a punted packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Frames are sent: an answer, or the packet itself.
    Send {
        /// What to count it as when they are.
        verdict: Verdict,
        /// Slot of the port that they leave by.
        port: u32,
    },
    /// It ends in silence.
    End(Verdict),
    /// It waits until more is known of a neighbour, and is decided about again.
    Wait(NextHop),
}

/// Why nothing is sent now.
pub(super) enum Stop {
    /// Nothing ever will be.
    End(Verdict),
    /// The neighbour that it goes to is not known.
    Wait(NextHop),
}

impl From<Verdict> for Stop {
    fn from(verdict: Verdict) -> Self {
        Self::End(verdict)
    }
}

/// Decides about punted packets; holds nothing but the rate limits.
#[derive(Debug)]
pub struct Responder {
    limiter: Limiter,
}

/// Where a packet came from, in terms of the image in force.
pub(super) struct Origin {
    /// The address that side knows us by, of the packet's IP version. Without one packets go on, and
    /// nobody is answered.
    pub(super) address: Option<IpAddr>,
    /// The link's prefix where there is one (a circuit's `/30`), for its directed broadcast.
    pub(super) link: Option<Ipv4Network>,
    /// The tables of the VRF.
    pub(super) roots: Roots,
    scope: Scope,
}

impl Responder {
    /// A responder with full buckets of `rate` for every circuit port and VNet.
    pub fn new(rate: Rate) -> Self {
        Self { limiter: Limiter::new(rate) }
    }

    /// Decides about `punt`, and writes the frames to send, if any, into `out`, replacing what was
    /// there.
    pub fn decide(
        &mut self,
        punt: &Punt<'_>,
        compiled: &Compiled,
        neighbours: &Table,
        now: Instant,
        out: &mut Frames,
    ) -> Decision {
        out.clear();
        let stop = match self.send(punt, compiled, neighbours, now, out) {
            Ok((verdict, port)) => return Decision::Send { verdict, port },
            Err(stop) => stop,
        };
        out.clear();
        match stop {
            Stop::End(verdict) => Decision::End(verdict),
            Stop::Wait(next_hop) => Decision::Wait(next_hop),
        }
    }

    /// The verdict of a packet that something in `out` is sent for, and the port.
    fn send(
        &mut self,
        punt: &Punt<'_>,
        compiled: &Compiled,
        neighbours: &Table,
        now: Instant,
        out: &mut Frames,
    ) -> Result<(Verdict, u32), Stop> {
        let frame = Ethernet::parse(punt.frame).ok_or(Verdict::PuntMalformed)?;
        let slot = compiled.slot(punt.key(&frame)).ok_or(Verdict::IcmpUnroutable)?;
        if frame.ethertype == ETHERTYPE_ARP {
            return Ok(discovery::answer_arp(slot, punt, &frame, compiled, out)?);
        }
        let packet = Packet::parse(&frame).ok_or(Verdict::PuntMalformed)?;
        let punted_as = Verdict::from_number(punt.metadata.verdict);
        if let (Some(Verdict::LocalNd), Packet::Ipv6(packet)) = (punted_as, &packet) {
            return Ok(discovery::answer_nd(slot, punt, &frame, packet, compiled, out)?);
        }
        let origin = origin(slot, &packet, compiled).ok_or(Verdict::IcmpUnroutable)?;
        let goes_on =
            matches!(punted_as, Some(Verdict::NeighbourUnresolved | Verdict::TooBigFragmentable));
        let answer = if goes_on {
            match forward::forward(punt, &packet, &origin, compiled, neighbours, out)? {
                Onward::Sent(verdict, port) => return Ok((verdict, port)),
                Onward::Ended(message) => Answer::Error(message),
            }
        } else {
            Answer::to(punted_as, &packet, &origin, compiled)?
        };
        let address = origin.address.ok_or(Verdict::IcmpUnroutable)?;
        if !answer.is_allowed(&frame, &packet, (address, origin.link)) {
            return Err(Verdict::IcmpNotAllowed.into());
        }
        // Our own packet takes our own table, from our address to the sender.
        let back = way::lookup(compiled, origin.roots, address, packet.source());
        let Open { adjacency: back, tunnel } =
            match back.and_then(|index| way::way(compiled, neighbours, index)) {
                Some(Way::Open(back)) => back,
                Some(Way::Unknown(next_hop)) => return Err(Stop::Wait(next_hop)),
                Some(Way::Unreachable) | None => return Err(Verdict::IcmpUnroutable.into()),
            };
        let mut length = 0;
        out.add(tunnel.as_ref(), |out| {
            put_link_header(&back, packet.ethertype(), out);
            let header = out.len();
            answer.write(&packet, address, out);
            length = out.len() - header;
        });
        // An echo reply may be as long as its request; nobody asked for it in pieces.
        if length > usize::from(back.mtu) {
            return Err(Verdict::IcmpTooBig.into());
        }
        // Last, so that only an answer that is sent takes a token.
        if !self.limiter.take(origin.scope, answer.budget(), now) {
            return Err(Verdict::IcmpRateLimited.into());
        }
        Ok((answer.verdict(), u32::from(back.port)))
    }
}

/// Who sent `packet`, as far as its port and source address tell; `None` when the image in force
/// no longer knows them.
fn origin(slot: u32, packet: &Packet<'_>, compiled: &Compiled) -> Option<Origin> {
    let port = compiled.port(slot)?;
    match port.kind {
        image::PORT_CIRCUIT => {
            let ipv4 = Ipv4Addr::from(port.address_ipv4);
            let address = match packet {
                Packet::Ipv4(_) => ipv4.into(),
                Packet::Ipv6(_) => IpAddr::from(port.address_ipv6),
            };
            let link = Ipv4Network::new(ipv4, LINK_PREFIX).ok();
            let (roots, scope) = (Compiled::port_roots(port), Scope::Port(slot));
            let address = Some(address).filter(|address| !address.is_unspecified());
            Some(Origin { address, link, roots, scope })
        }
        image::PORT_FABRIC => {
            let index = compiled.source_vnet(slot, packet.source())?;
            let vnet = compiled.vnet(index)?;
            let address = match packet {
                Packet::Ipv4(_) => Some(vnet.address.into()),
                Packet::Ipv6(_) => vnet.address_ipv6.map(IpAddr::from),
            };
            Some(Origin { address, link: None, roots: vnet.roots, scope: Scope::Vnet(index) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
