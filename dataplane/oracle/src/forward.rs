//! Out by a next hop.

use abi::verdict::Verdict;

use crate::{
    ipv4, ipv6,
    judgement::{End, Judgement, Outcome},
    link::{self, IPV4, IPV6},
    packet::Packet,
    police::UsedUp,
    state::{Egress, NextHop, Station},
    tunnel,
};

/// The ends a packet may come to by a next hop: one for each station.
pub(crate) fn forward(packet: &Packet<'_>, next_hop: &NextHop, used_up: &UsedUp) -> Judgement {
    Judgement::any_of(next_hop.stations.iter().map(|station| {
        let bandwidth = used_up.admit_to_customer(next_hop);
        out(packet, next_hop.verdict, &next_hop.egress, station, bandwidth)
            // RFC 1812 3.3.2: not for want of an address is a packet given up.
            .unwrap_or(End::punted(Verdict::NeighbourUnresolved))
    }))
}

/// None when a MAC address on the way is not known.
fn out(
    packet: &Packet<'_>,
    verdict: Verdict,
    egress: &Egress,
    station: &Station,
    bandwidth: Result<(), End>,
) -> Option<End> {
    let mac = station.mac?;
    let tunnel = match &station.tunnel {
        None => None,
        Some(tunnel) => Some((tunnel, tunnel.mac?)),
    };
    let tags = egress.tags.length();
    let room = egress.mtu.saturating_sub(tunnel.map_or(tags, |_| tunnel::OVERHEAD));
    let is_too_big = packet.bytes.len() as u64 > u64::from(room);
    // What goes on, in pieces or whole, pays; nothing else does.
    if (!is_too_big || packet.may_fragment)
        && let Err(end) = bandwidth
    {
        return Some(end);
    }
    if is_too_big {
        return Some(End::punted(if packet.may_fragment {
            // RFC 1812 4.2.2.7: a router fragments.
            Verdict::TooBigFragmentable
        } else {
            // RFC 1191 4, RFC 4443 3.2: it tells the sender.
            Verdict::TooBig
        }));
    }
    let (ethertype, forwarded) = if packet.destination.is_ipv4() {
        (IPV4, ipv4::forwarded(packet.bytes))
    } else {
        (IPV6, ipv6::forwarded(packet.bytes))
    };
    let frame = [&mac.0[..], &egress.mac.0, &ethertype.to_be_bytes(), &forwarded].concat();
    let outcome = match tunnel {
        None => Outcome::Sent(egress.send(link::tagged(&frame, egress.tags))),
        Some((tunnel, host)) => {
            Outcome::Tunnelled(egress.send(tunnel::wrapped(&frame, tunnel, host, egress.mac)))
        }
    };
    Some(End { verdict, outcome })
}
