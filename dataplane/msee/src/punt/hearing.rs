//! What the stations on a fabric say of where they are: read from ARP and Neighbour Discovery, and only
//! of next hops that msee is to find. Of a neighbour that is declared nothing is believed.

use std::net::{IpAddr, Ipv4Addr};

use abi::{image::PortKey, verdict::Verdict};
use desired::MacAddress;
use packet::{ETHERTYPE_ARP, Ethernet, Packet};

use super::{decide::Punt, discovery::owner};
use crate::{
    arp,
    fastpath::{Compiled, Neighbour, Resolver},
    icmpv6::neighbour::Message,
    neighbours::Heard,
    vxlan,
};

/// The port that a punted message of ARP or Neighbour Discovery came in by, when it was sent to that port
/// alone.
pub(super) fn addressed(punt: &Punt<'_>) -> Option<PortKey> {
    let (key, frame) = message(punt)?;
    let [first, ..] = frame.destination;
    (first & 1 == 0).then_some(key)
}

/// What a punted frame says of a neighbour.
pub(super) fn heard(punt: &Punt<'_>, compiled: &Compiled) -> Option<(Neighbour, Heard)> {
    let (key, frame) = message(punt)?;
    // First, because it turns most speakers away and costs little.
    let is_asked_for =
        |address| compiled.resolver(&Neighbour::new(key, address)) == Some(Resolver::Msee);
    let slot = compiled.slot(key)?;
    let is_ours = |address| owner(compiled, slot, address).is_some();
    let (address, heard) = if frame.ethertype == ETHERTYPE_ARP {
        said_by_arp(&frame, is_asked_for, is_ours)?
    } else {
        said_by_discovery(&frame, is_asked_for, is_ours)?
    };
    let neighbour = Neighbour::new(key, address);
    let is_wrong = heard.mac.is_some_and(|mac| compiled.contradicts(&neighbour, mac));
    (!is_wrong && is_behind(punt, &neighbour, compiled)).then_some((neighbour, heard))
}

/// In a tunnel only the neighbour's own host is believed: what is sent to it goes to that host.
fn is_behind(punt: &Punt<'_>, neighbour: &Neighbour, compiled: &Compiled) -> bool {
    let tunnel = compiled.tunnel(compiled.tunnel_of(neighbour));
    tunnel.is_none_or(|tunnel| vxlan::host(tunnel) == Ipv4Addr::from(punt.metadata.host))
}

/// A punted frame that the fast path says is ARP or Neighbour Discovery, and what it arrived with.
fn message<'a>(punt: &Punt<'a>) -> Option<(PortKey, Ethernet<'a>)> {
    let punted_as = Verdict::from_number(punt.metadata.verdict);
    if !matches!(punted_as, Some(Verdict::LocalArp | Verdict::LocalNd)) {
        return None;
    }
    let frame = Ethernet::parse(punt.frame)?;
    Some((punt.key(&frame), frame))
}

/// RFC 826: whoever speaks says where it is, to whomever.
fn said_by_arp(
    frame: &Ethernet<'_>,
    is_asked_for: impl Fn(IpAddr) -> bool,
    is_ours: impl Fn(IpAddr) -> bool,
) -> Option<(IpAddr, Heard)> {
    let message = arp::Message::parse(frame.payload)?;
    if !is_asked_for(message.sender.into()) {
        return None;
    }
    let to_us = is_ours(message.target.into());
    let is_reply = message.operation == arp::Operation::Reply;
    let heard = Heard {
        mac: Some(MacAddress(message.sender_mac)),
        solicited: to_us && is_reply,
        overrides: true,
        asks_us: to_us && !is_reply,
    };
    Some((message.sender.into(), heard))
}

fn said_by_discovery(
    frame: &Ethernet<'_>,
    is_asked_for: impl Fn(IpAddr) -> bool,
    is_ours: impl Fn(IpAddr) -> bool,
) -> Option<(IpAddr, Heard)> {
    let Packet::Ipv6(packet) = Packet::parse(frame)? else { return None };
    match Message::parse(&packet)? {
        Message::Advertisement { target, mac, solicited, overrides }
            if is_asked_for(target.into()) =>
        {
            let mac = mac.map(MacAddress);
            Some((target.into(), Heard { mac, solicited, overrides, asks_us: false }))
        }
        // RFC 4861 7.2.3: a solicitation for somebody else is none of our business.
        Message::Solicitation { sender, target, mac }
            if is_asked_for(sender.into()) && is_ours(target.into()) =>
        {
            let mac = mac.map(MacAddress);
            let heard = Heard { mac, solicited: false, overrides: true, asks_us: true };
            Some((sender.into(), heard))
        }
        Message::Advertisement { .. } | Message::Solicitation { .. } => None,
    }
}

#[cfg(test)]
mod tests;
