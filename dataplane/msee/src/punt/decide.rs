//! What the MSEE says about a packet the fast path could not finish: a pure function of the frame,
//! its metadata, the image in force, and the time.
//!
//! The trap is the way back. An answer is routed by the MSEE's own table, the VRF the packet came
//! from, never "back where it came from": towards a VNet without FastPath it passes that VNet's
//! gateway like all other traffic.
//!
//! Nothing is taken from the metadata but the verdict: the image may have been replaced since, and
//! what matters to the answer is the image in force now.

use std::{net::Ipv4Addr, time::Instant};

use abi::{
    image::{self, Adjacency},
    limits,
    punt::Metadata,
    verdict::Verdict,
};
use ipnetwork::Ipv4Network;
use packet::{
    ETHERNET_HEADER, ETHERTYPE_ARP, ETHERTYPE_IPV4, Ethernet, Ipv4, PROTOCOL_ICMP, PROTOCOL_TCP,
    PROTOCOL_UDP,
};

use crate::{
    arp,
    fastpath::Compiled,
    icmp::{
        echo,
        error::{self, ErrorMessage},
        limit::{Budget, Limiter, Rate, Scope},
        manners::{self, Side},
    },
};

/// Length of every link prefix between a customer edge and an MSEE.
const LINK_PREFIX: u8 = 30;

/// A frame as it came out of the AF_XDP socket of a port.
#[derive(Clone, Copy, Debug)]
pub struct Punt<'a> {
    /// Slot of the port, which is the socket's.
    pub port: u32,
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
    /// Slot of the port that the answer leaves by; `None` when there is no answer.
    pub send_by: Option<u32>,
}

/// Decides about punted packets; holds nothing but the rate limits.
#[derive(Debug)]
pub struct Responder {
    limiter: Limiter,
}

/// Where a packet came from, in terms of the image in force.
struct Origin {
    side: Side,
    root: u32,
    scope: Scope,
}

impl Responder {
    /// A responder with full buckets of `rate` for every circuit port and VNet.
    pub fn new(rate: Rate) -> Self {
        Self { limiter: Limiter::new(rate) }
    }

    /// Decides about `punt`, and writes the frame to send, if any, into `out`, replacing what was
    /// there. `out` grows at most to the longest frame, so a reused one allocates once.
    pub fn decide(
        &mut self,
        punt: &Punt<'_>,
        compiled: &Compiled,
        now: Instant,
        out: &mut Vec<u8>,
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
        out: &mut Vec<u8>,
    ) -> Result<(Verdict, u32), Verdict> {
        let frame = Ethernet::parse(punt.frame).ok_or(Verdict::PuntMalformed)?;
        if frame.ethertype == ETHERTYPE_ARP {
            return answer_arp(punt.port, &frame, compiled, out);
        }
        if frame.ethertype != ETHERTYPE_IPV4 {
            return Err(Verdict::PuntMalformed);
        }
        let packet = Ipv4::parse(frame.payload).ok_or(Verdict::PuntMalformed)?;
        let origin = origin(punt.port, &packet, compiled).ok_or(Verdict::IcmpUnroutable)?;
        let punted_as = Verdict::from_number(punt.metadata.verdict);
        let answer = Answer::to(punted_as, &packet, &origin, compiled)?;
        if !answer.is_allowed(&frame, &packet, &origin.side) {
            return Err(Verdict::IcmpNotAllowed);
        }
        // Our own packet takes our own table, from our address to the sender.
        let back = route(compiled, origin.root, origin.side.address, packet.source())
            .ok_or(Verdict::IcmpUnroutable)?;
        out.extend_from_slice(&back.macs);
        out.extend_from_slice(&ETHERTYPE_IPV4.to_be_bytes());
        match answer {
            Answer::Echo => echo::write_reply(&packet, out),
            Answer::Error(message) => error::write(message, &packet, origin.side.address, out),
        }
        if out.len() > ETHERNET_HEADER + back.mtu as usize {
            return Err(Verdict::TooBigFragmentable);
        }
        // Last, so that only an answer that is sent takes a token.
        if !self.limiter.take(origin.scope, answer.budget(), now) {
            return Err(Verdict::IcmpRateLimited);
        }
        Ok((answer.verdict(), back.port))
    }
}

/// What a packet deserves, manners and limits aside.
#[derive(Clone, Copy)]
enum Answer {
    Echo,
    Error(ErrorMessage),
}

impl Answer {
    /// What a packet deserves that the fast path punted with this verdict.
    fn to(
        punted_as: Option<Verdict>,
        packet: &Ipv4<'_>,
        origin: &Origin,
        compiled: &Compiled,
    ) -> Result<Self, Verdict> {
        Ok(Self::Error(match punted_as {
            Some(Verdict::LocalEcho) => return Ok(Self::Echo),
            Some(Verdict::TtlExpired) => ErrorMessage::TimeExceeded,
            Some(Verdict::NoRoute) => ErrorMessage::NetUnreachable,
            Some(Verdict::LocalUnreachable) => match packet.protocol() {
                PROTOCOL_UDP | PROTOCOL_TCP => ErrorMessage::PortUnreachable,
                _ => ErrorMessage::ProtocolUnreachable,
            },
            Some(Verdict::TooBig) => {
                let next_hop = route(compiled, origin.root, packet.source(), packet.destination());
                let mtu = next_hop.ok_or(Verdict::IcmpUnroutable)?.mtu;
                ErrorMessage::FragmentationNeeded { mtu: u16::try_from(mtu).unwrap_or(u16::MAX) }
            }
            _ => return Err(Verdict::PuntMalformed),
        }))
    }

    fn is_allowed(self, frame: &Ethernet<'_>, packet: &Ipv4<'_>, side: &Side) -> bool {
        match self {
            Self::Echo => echo::is_request(packet) && manners::allow_reply(packet, side),
            // To one of our own addresses all ICMP but echo requests ends here in silence.
            Self::Error(ErrorMessage::ProtocolUnreachable)
                if packet.protocol() == PROTOCOL_ICMP =>
            {
                false
            }
            Self::Error(_) => manners::allow_error(frame, packet, side),
        }
    }

    const fn budget(self) -> Budget {
        match self {
            Self::Echo => Budget::Echo,
            Self::Error(ErrorMessage::FragmentationNeeded { .. }) => Budget::PathMtu,
            Self::Error(_) => Budget::Error,
        }
    }

    const fn verdict(self) -> Verdict {
        match self {
            Self::Echo => Verdict::IcmpEchoReply,
            Self::Error(message) => message.verdict(),
        }
    }
}

/// Answers for the in-VNet addresses of the fabric port, those of all its VNets: a VM of a spoke
/// asks for the hub's address.
fn answer_arp(
    slot: u32,
    frame: &Ethernet<'_>,
    compiled: &Compiled,
    out: &mut Vec<u8>,
) -> Result<(Verdict, u32), Verdict> {
    let request = arp::Request::parse(frame.payload).ok_or(Verdict::ArpIgnored)?;
    let port = compiled.port(slot).ok_or(Verdict::ArpIgnored)?;
    let ours = port.kind == image::PORT_FABRIC && has_address(compiled, slot, request.target);
    if !ours {
        return Err(Verdict::ArpIgnored);
    }
    request.write_reply(port.mac, out);
    Ok((Verdict::ArpReply, slot))
}

/// Whether a VNet of the fabric port `slot` knows this MSEE by `address`.
fn has_address(compiled: &Compiled, slot: u32, address: Ipv4Addr) -> bool {
    let mut vnets = (0..limits::VNETS).filter_map(|index| compiled.vnet(index));
    vnets.any(|vnet| vnet.port == slot && vnet.address == address)
}

/// Who sent `packet`, as far as its port and source address tell; `None` when the image in force
/// no longer knows them.
fn origin(slot: u32, packet: &Ipv4<'_>, compiled: &Compiled) -> Option<Origin> {
    let port = compiled.port(slot)?;
    match port.kind {
        image::PORT_CIRCUIT => {
            let address = Ipv4Addr::from(port.address);
            let link = Ipv4Network::new(address, LINK_PREFIX).ok();
            Some(Origin { side: Side { address, link }, root: port.root, scope: Scope::Port(slot) })
        }
        image::PORT_FABRIC => {
            let index = compiled.source_vnet(slot, packet.source())?;
            let vnet = compiled.vnet(index)?;
            Some(Origin {
                side: Side { address: vnet.address, link: None },
                root: vnet.root,
                scope: Scope::Vnet(index),
            })
        }
        _ => None,
    }
}

/// The next hop of a packet of our table; of a gateway's instances, the one the pair of addresses
/// picks. `None` when there is no route or it says drop.
fn route(
    compiled: &Compiled,
    root: u32,
    source: Ipv4Addr,
    destination: Ipv4Addr,
) -> Option<Adjacency> {
    let first = compiled.lookup(root, destination)?;
    let members = u32::from(compiled.adjacency(first)?.members).max(1);
    let pair = u32::from(source) ^ u32::from(destination);
    // Fibonacci hashing: neighbouring addresses differ in the low bits, the product in the high.
    let member = (pair.wrapping_mul(0x9e37_79b1) >> 16) % members;
    let adjacency = compiled.adjacency(first.checked_add(member)?)?;
    (adjacency.kind != image::ADJACENCY_DROP).then_some(*adjacency)
}

#[cfg(test)]
mod tests;
