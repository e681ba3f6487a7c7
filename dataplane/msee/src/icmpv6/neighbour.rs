//! Neighbour Discovery on fabric ports (RFC 4861): who solicits one of our in-VNet addresses is told
//! the port's MAC address, and next hops without a declared one are solicited.
//!
//! As with ARP there is no kernel interface behind a fabric port that could do either.

use std::net::Ipv6Addr;

use packet::{Ipv6, Ipv6Header, PROTOCOL_ICMPV6};

use super::{NEIGHBOUR_ADVERTISEMENT, NEIGHBOUR_SOLICITATION, pseudo, write as put};

/// 7.1: whatever passed a router is no Neighbour Discovery.
const HOP_LIMIT: u8 = 255;
/// Length of a solicitation or advertisement without options.
const MESSAGE: usize = 24;
/// Option Source Link-Layer Address.
const SOURCE_LINK_LAYER: u8 = 1;
/// Option Target Link-Layer Address.
const TARGET_LINK_LAYER: u8 = 2;
/// Flags of an advertisement: router, solicited, override.
const ROUTER: u8 = 0x80;
const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;

/// ff02::1, where a solicitation from nobody (duplicate address detection) is answered.
pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// A message of Neighbour Discovery about one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// Who has the target?
    Solicitation {
        /// Who asks; `::` in duplicate address detection.
        sender: Ipv6Addr,
        /// The address that is asked for.
        target: Ipv6Addr,
        /// The MAC address of who asks, if it says so.
        mac: Option<[u8; 6]>,
    },
    /// The target is there.
    Advertisement {
        /// The address.
        target: Ipv6Addr,
        /// Its owner's MAC address. Who was asked by the MAC address that it has may leave it out
        /// (4.4).
        mac: Option<[u8; 6]>,
        /// Whether it answers a solicitation.
        solicited: bool,
        /// Whether it replaces what is known.
        overrides: bool,
    },
}

impl Message {
    /// Reads a packet by the rules of 7.1.1 and 7.1.2; `None` when one fails.
    pub fn parse(packet: &Ipv6<'_>) -> Option<Self> {
        let message = packet.payload();
        let valid = packet.next_header() == PROTOCOL_ICMPV6
            && packet.hop_limit() == HOP_LIMIT
            && message.len() >= MESSAGE
            && pseudo(packet.source(), packet.destination(), message) == 0;
        let [kind, 0, _, _, flags, ..] = *message.first_chunk::<8>()? else { return None };
        let (body, options) = message.split_first_chunk::<MESSAGE>()?;
        let target = Ipv6Addr::from(*body.last_chunk::<16>()?);
        if !valid || target.is_multicast() {
            return None;
        }
        match kind {
            NEIGHBOUR_SOLICITATION => {
                let mac = link_layer(options, SOURCE_LINK_LAYER).ok()?;
                Some(Self::Solicitation { sender: packet.source(), target, mac })
            }
            NEIGHBOUR_ADVERTISEMENT => {
                let mac = link_layer(options, TARGET_LINK_LAYER).ok()?;
                let solicited = flags & SOLICITED != 0;
                // 7.1.2: nobody solicits for a whole group.
                if solicited && packet.destination().is_multicast() {
                    return None;
                }
                let overrides = flags & OVERRIDE != 0;
                Some(Self::Advertisement { target, mac, solicited, overrides })
            }
            _ => None,
        }
    }
}

/// Appends to `out` the IPv6 packet that tells `sender` that `target` is at `mac`.
pub fn write_advertisement(sender: Ipv6Addr, target: Ipv6Addr, mac: [u8; 6], out: &mut Vec<u8>) {
    let (destination, solicited) =
        if sender.is_unspecified() { (ALL_NODES, 0) } else { (sender, SOLICITED) };
    let ip = header(target, destination);
    let mut message = [0; MESSAGE];
    message[0] = NEIGHBOUR_ADVERTISEMENT;
    message[4] = ROUTER | solicited | OVERRIDE;
    put_target(&mut message, target);
    put(ip, [&message, &option(TARGET_LINK_LAYER, mac)], out);
}

/// Appends to `out` the IPv6 packet by which `sender`, at `mac`, asks who has `target`. It goes to
/// `destination`: the target's [`solicited_node`] group, or, to confirm what is known, the target.
pub fn write_solicitation(
    (sender, mac): (Ipv6Addr, [u8; 6]),
    target: Ipv6Addr,
    destination: Ipv6Addr,
    out: &mut Vec<u8>,
) {
    let ip = header(sender, destination);
    let mut message = [0; MESSAGE];
    message[0] = NEIGHBOUR_SOLICITATION;
    put_target(&mut message, target);
    put(ip, [&message, &option(SOURCE_LINK_LAYER, mac)], out);
}

/// The group that the owner of `address` listens to (RFC 4291 2.7.1).
pub fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = address.octets();
    let (high, low) = (0xff00 | u16::from(a), u16::from_be_bytes([b, c]));
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, high, low)
}

/// The link-local address of an interface that has no other (RFC 4291 2.5.6 and appendix A).
pub fn link_local(mac: [u8; 6]) -> Ipv6Addr {
    let [a, b, c, device @ ..] = mac;
    // The universal bit is inverted.
    let mut octets = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, 0, 0, 0];
    if let Some(place) = octets.last_chunk_mut() {
        *place = device;
    }
    octets.into()
}

/// The MAC address that frames for a multicast address go to (RFC 2464 section 7).
pub fn group_mac(group: Ipv6Addr) -> [u8; 6] {
    let [.., a, b, c, d] = group.octets();
    [0x33, 0x33, a, b, c, d]
}

fn header(source: Ipv6Addr, destination: Ipv6Addr) -> Ipv6Header {
    let (traffic_class, hop_limit) = (0, HOP_LIMIT);
    Ipv6Header { traffic_class, next_header: PROTOCOL_ICMPV6, hop_limit, source, destination }
}

fn put_target(message: &mut [u8; MESSAGE], target: Ipv6Addr) {
    if let Some(place) = message.last_chunk_mut() {
        *place = target.octets();
    }
}

fn option(kind: u8, mac: [u8; 6]) -> [u8; 8] {
    let mut option = [kind, 1, 0, 0, 0, 0, 0, 0];
    if let Some(place) = option.last_chunk_mut() {
        *place = mac;
    }
    option
}

/// An option without a length, or with a group's address: the message is to be discarded.
struct Malformed;

/// The MAC address in the options, if any.
fn link_layer(mut options: &[u8], wanted: u8) -> Result<Option<[u8; 6]>, Malformed> {
    let mut found = None;
    while let [kind, length, ..] = *options {
        let (option, rest) = options.split_at_checked(usize::from(length) * 8).ok_or(Malformed)?;
        let content = option.get(2..).ok_or(Malformed)?;
        if kind == wanted {
            found = content.first_chunk().copied();
        }
        options = rest;
    }
    let is_group = found.is_some_and(|[first, ..]: [u8; 6]| first & 1 == 1);
    if is_group { Err(Malformed) } else { Ok(found) }
}

#[cfg(test)]
mod tests;
