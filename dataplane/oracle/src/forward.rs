//! Out by a next hop.

use abi::verdict::Verdict;
use desired::MacAddress;

use crate::{
    ipv4, ipv6,
    judgement::{End, Judgement, Outcome},
    link::{self, IPV4, IPV6},
    packet::Packet,
    police::UsedUp,
    state::{Egress, NextHop},
};

/// The ends a packet may come to by a next hop: one for each station.
pub(crate) fn forward(packet: &Packet<'_>, next_hop: &NextHop, used_up: &UsedUp) -> Judgement {
    Judgement::any_of(next_hop.stations.iter().map(|station| match station {
        Some(mac) => {
            let bandwidth = used_up.admit_to_customer(next_hop);
            out(packet, next_hop.verdict, &next_hop.egress, *mac, bandwidth)
        }
        // RFC 1812 3.3.2: not for want of an address is a packet given up.
        None => End::punted(Verdict::NeighbourUnresolved),
    }))
}

fn out(
    packet: &Packet<'_>,
    verdict: Verdict,
    egress: &Egress,
    station: MacAddress,
    bandwidth: Result<(), End>,
) -> End {
    let room = egress.mtu.saturating_sub(egress.tags.length());
    let is_too_big = packet.bytes.len() as u64 > u64::from(room);
    // What goes on, in pieces or whole, pays; nothing else does.
    if (!is_too_big || packet.may_fragment)
        && let Err(end) = bandwidth
    {
        return end;
    }
    if is_too_big {
        return End::punted(if packet.may_fragment {
            // RFC 1812 4.2.2.7: a router fragments.
            Verdict::TooBigFragmentable
        } else {
            // RFC 1191 4, RFC 4443 3.2: it tells the sender.
            Verdict::TooBig
        });
    }
    let (ethertype, forwarded) = if packet.destination.is_ipv4() {
        (IPV4, ipv4::forwarded(packet.bytes))
    } else {
        (IPV6, ipv6::forwarded(packet.bytes))
    };
    let frame = [&station.0[..], &egress.mac.0, &ethertype.to_be_bytes(), &forwarded].concat();
    let sending = egress.send(link::tagged(&frame, egress.tags));
    End { verdict, outcome: Outcome::Sent(sending) }
}
