//! What the MSEE says about a packet the fast path could not finish: a pure function of the frame,
//! its metadata, the image in force, and the time.
//!
//! The trap is the way back. An answer is routed by the MSEE's own table, the VRF the packet came
//! from, never "back where it came from": towards a VNet without FastPath it passes that VNet's
//! gateway like all other traffic.
//!
//! Nothing is taken from the metadata but the verdict: the image may have been replaced since, and
//! what matters to the answer is the image in force now.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Instant,
};

use abi::{
    image::{self, Adjacency, PortKey},
    punt::Metadata,
    verdict::Verdict,
};
use ipnetwork::Ipv4Network;
use packet::{ETHERTYPE_ARP, ETHERTYPE_IPV4, Ethernet, Ipv4, Packet};

use super::{Frames, answer::Answer, discovery, fragment};
use crate::{
    fastpath::{Compiled, Roots},
    icmp::limit::{Limiter, Rate, Scope},
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

/// What becomes of a punted packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What to count it as.
    pub verdict: Verdict,
    /// Slot of the port that the frames leave by; `None` when there are none.
    pub send_by: Option<u32>,
}

/// Decides about punted packets; holds nothing but the rate limits.
#[derive(Debug)]
pub struct Responder {
    limiter: Limiter,
}

/// Where a packet came from, in terms of the image in force.
pub(super) struct Origin {
    /// The address that side knows us by, of the packet's IP version.
    pub(super) address: IpAddr,
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
        now: Instant,
        out: &mut Frames,
    ) -> Decision {
        out.clear();
        match self.answer(punt, compiled, now, out) {
            Ok((verdict, port)) => Decision { verdict, send_by: Some(port) },
            Err(verdict) => {
                out.clear();
                Decision { verdict, send_by: None }
            }
        }
    }

    /// The verdict of an answer that is in `out` and its port, or the verdict of silence.
    fn answer(
        &mut self,
        punt: &Punt<'_>,
        compiled: &Compiled,
        now: Instant,
        out: &mut Frames,
    ) -> Result<(Verdict, u32), Verdict> {
        let frame = Ethernet::parse(punt.frame).ok_or(Verdict::PuntMalformed)?;
        let key = PortKey { ifindex: punt.ifindex, outer: frame.outer, inner: frame.inner };
        let slot = compiled.slot(key).ok_or(Verdict::IcmpUnroutable)?;
        if frame.ethertype == ETHERTYPE_ARP {
            return discovery::answer_arp(slot, &frame, compiled, out);
        }
        let packet = Packet::parse(&frame).ok_or(Verdict::PuntMalformed)?;
        let punted_as = Verdict::from_number(punt.metadata.verdict);
        if let (Some(Verdict::LocalNd), Packet::Ipv6(packet)) = (punted_as, &packet) {
            return discovery::answer_nd(slot, &frame, packet, compiled, out);
        }
        let origin = origin(slot, &packet, compiled).ok_or(Verdict::IcmpUnroutable)?;
        if let (Some(Verdict::TooBigFragmentable), Packet::Ipv4(packet)) = (punted_as, &packet) {
            return send_in_fragments(packet, &origin, compiled, out);
        }
        let answer = Answer::to(punted_as, &packet, &origin, compiled)?;
        if !answer.is_allowed(&frame, &packet, &origin) {
            return Err(Verdict::IcmpNotAllowed);
        }
        // Our own packet takes our own table, from our address to the sender.
        let back = route(compiled, origin.roots, origin.address, packet.source())
            .ok_or(Verdict::IcmpUnroutable)?;
        let mut length = 0;
        out.add(|out| {
            put_link_header(&back, packet.ethertype(), out);
            let header = out.len();
            answer.write(&packet, &origin, out);
            length = out.len() - header;
        });
        // An echo reply may be as long as its request; nobody asked for it in pieces.
        if length > usize::from(back.mtu) {
            return Err(Verdict::IcmpTooBig);
        }
        // Last, so that only an answer that is sent takes a token.
        if !self.limiter.take(origin.scope, answer.budget(), now) {
            return Err(Verdict::IcmpRateLimited);
        }
        Ok((answer.verdict(), u32::from(back.port)))
    }
}

/// Sends a packet on in pieces that its next hop takes.
fn send_in_fragments(
    packet: &Ipv4<'_>,
    origin: &Origin,
    compiled: &Compiled,
    out: &mut Frames,
) -> Result<(Verdict, u32), Verdict> {
    let (source, destination) = (packet.source().into(), packet.destination().into());
    let next_hop =
        route(compiled, origin.roots, source, destination).ok_or(Verdict::IcmpUnroutable)?;
    fragment::fragment(packet, next_hop.mtu.into(), |header, data| {
        out.add(|out| {
            put_link_header(&next_hop, ETHERTYPE_IPV4, out);
            out.extend_from_slice(header);
            out.extend_from_slice(data);
        });
    })
    .ok_or(Verdict::PuntMalformed)?;
    Ok((Verdict::Fragmented, u32::from(next_hop.port)))
}

/// Appends MAC addresses, tags and EtherType.
fn put_link_header(next_hop: &Adjacency, ethertype: u16, out: &mut Vec<u8>) {
    let length = image::MACS + usize::from(next_hop.tag_length);
    out.extend_from_slice(next_hop.header.get(..length).unwrap_or_default());
    out.extend_from_slice(&ethertype.to_be_bytes());
}

/// Who sent `packet`, as far as its port and source address tell; `None` when the image in force
/// no longer knows them, or has no address of the packet's IP version there.
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
            (!address.is_unspecified()).then_some(Origin { address, link, roots, scope })
        }
        image::PORT_FABRIC => {
            let index = compiled.source_vnet(slot, packet.source())?;
            let vnet = compiled.vnet(index)?;
            let address = match packet {
                Packet::Ipv4(_) => vnet.address.into(),
                Packet::Ipv6(_) => vnet.address_ipv6?.into(),
            };
            Some(Origin { address, link: None, roots: vnet.roots, scope: Scope::Vnet(index) })
        }
        _ => None,
    }
}

/// The next hop of a packet of our table; of a gateway's instances, the one the pair of addresses
/// picks. `None` when there is no route, it says drop, or the next hop is not resolved.
pub(super) fn route(
    compiled: &Compiled,
    roots: Roots,
    source: IpAddr,
    destination: IpAddr,
) -> Option<Adjacency> {
    let leaf = compiled.lookup(roots, destination)?;
    let pair = low_bits(source) ^ low_bits(destination);
    // Fibonacci hashing: neighbouring addresses differ in the low bits, the product in the high.
    let hash = pair.wrapping_mul(0x9e37_79b1) >> 16;
    let adjacency = compiled.adjacency(compiled.member(leaf, hash)?)?;
    let usable = !matches!(adjacency.kind, image::ADJACENCY_DROP | image::ADJACENCY_UNRESOLVED);
    usable.then_some(*adjacency)
}

fn low_bits(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            (bits ^ bits >> 64) as u32 ^ (bits >> 32) as u32
        }
    }
}

#[cfg(test)]
mod tests;
