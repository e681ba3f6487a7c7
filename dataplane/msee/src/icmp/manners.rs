//! When an ICMP error must not be sent (RFC 1812 4.3.2.7, RFC 1122 3.2.2).

use std::net::Ipv4Addr;

use ipnetwork::Ipv4Network;

use packet::{Ethernet, Ipv4, PROTOCOL_ICMP};

/// What the MSEE knows of the side a packet came from.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// Our address on that side.
    pub address: Ipv4Addr,
    /// The link's prefix where there is one (a circuit's `/30`), for its directed broadcast.
    pub link: Option<Ipv4Network>,
}

/// Whether an ICMP error about `packet`, which came in `frame`, may be sent.
pub fn allow_error(frame: &Ethernet<'_>, packet: &Ipv4<'_>, side: &Side) -> bool {
    // Only the first fragment carries what the sender can recognise.
    if packet.fragment_offset() != 0 {
        return false;
    }
    // An error about an error could go on for ever. The type is read only now: a later fragment
    // has other bytes there.
    if packet.protocol() == PROTOCOL_ICMP
        && !packet.payload().first().is_some_and(|kind| is_query(*kind))
    {
        return false;
    }
    // Every receiver of a group would answer, whether the group is the link's or IP's.
    let destination = packet.destination();
    !frame.is_group_addressed()
        && is_unicast(destination)
        && !is_edge_of_link(destination, side.link)
        && allow_reply(packet, side)
}

/// Whether `packet` has one sender that an answer can go to, other than ourselves; the part of the
/// rules that holds for echo replies too.
pub fn allow_reply(packet: &Ipv4<'_>, side: &Side) -> bool {
    let source = packet.source();
    source != side.address && is_unicast(source) && !is_edge_of_link(source, side.link)
}

/// Whether this is a request or reply (RFC 792, 950, 1256, 8335). Any other type counts as an
/// error, known or not: silence is the safe side.
const fn is_query(kind: u8) -> bool {
    matches!(kind, 0 | 8 | 9 | 10 | 13..=18 | 42 | 43)
}

/// Not 0/8, 127/8, 224/4 or 240/4 (RFC 1812 5.3.7; 255.255.255.255 is in the last).
fn is_unicast(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    !matches!(first, 0 | 127 | 224..=255)
}

/// Whether the address is the network or broadcast address of the link; a /31 has neither
/// (RFC 3021).
fn is_edge_of_link(address: Ipv4Addr, link: Option<Ipv4Network>) -> bool {
    link.is_some_and(|link| {
        link.prefix() <= 30 && (address == link.network() || address == link.broadcast())
    })
}

#[cfg(test)]
mod tests;
