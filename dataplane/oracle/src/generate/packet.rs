//! Packets as senders of the state would send them.

use std::net::IpAddr;

use super::{
    address,
    atlas::{Atlas, Place, Sender},
    dice::Dice,
    payload,
};
use crate::compose::{Ipv4, Ipv6};

/// A packet, or something else behind an EtherType.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    pub(super) ethertype: u16,
    pub(super) carried: Vec<u8>,
    /// Neighbour Discovery and ARP go to groups as often as not.
    pub(super) to_group: bool,
}

pub(super) fn any(dice: &mut Dice<'_>, atlas: &Atlas, place: &Place, longest: usize) -> Plain {
    match dice.below(100) {
        0..4 => {
            let length = dice.below(60);
            Plain { ethertype: 0x0806, carried: dice.bytes(length), to_group: dice.percent(50) }
        }
        4..7 => {
            let ethertype = dice.one_of(&[0x8847, 0x9100, 0x88cc, 0x0801, 0x86dc, 46, 0x8864]);
            let length = dice.below(60);
            Plain { ethertype, carried: dice.bytes(length), to_group: dice.percent(20) }
        }
        7..55 => ipv4(dice, atlas, place, longest),
        _ => ipv6(dice, atlas, place, longest),
    }
}

fn ipv4(dice: &mut Dice<'_>, atlas: &Atlas, place: &Place, longest: usize) -> Plain {
    let route = ends(dice, atlas, place, false);
    let (IpAddr::V4(source), IpAddr::V4(destination)) = (route.source, route.destination) else {
        return Plain { ethertype: 0x0800, carried: Vec::new(), to_group: false };
    };
    let words = if dice.percent(12) { dice.below(11) } else { 0 };
    let options = payload::options(dice, words);
    let (protocol, fragmentation) = (payload::protocol(dice), payload::fragmentation(dice));
    let room = length(dice, route.room, atlas, longest).saturating_sub(20 + options.len());
    let payload = payload::ipv4(dice, protocol, room);
    let ttl = hop_limit(dice);
    let (service, identification) = (dice.byte(), dice.word());
    let packet = Ipv4 {
        service,
        identification,
        fragmentation,
        ttl,
        protocol,
        source,
        destination,
        options,
        payload,
    };
    Plain { ethertype: 0x0800, carried: packet.bytes(), to_group: dice.percent(2) }
}

fn ipv6(dice: &mut Dice<'_>, atlas: &Atlas, place: &Place, longest: usize) -> Plain {
    let route = ends(dice, atlas, place, true);
    let (IpAddr::V6(source), IpAddr::V6(destination)) = (route.source, route.destination) else {
        return Plain { ethertype: 0x86dd, carried: Vec::new(), to_group: false };
    };
    if dice.percent(12) {
        return payload::discovery(dice, source, destination);
    }
    let room = length(dice, route.room, atlas, longest).saturating_sub(40);
    let (next_header, payload) = payload::ipv6(dice, source, destination, room);
    let hop_limit = hop_limit(dice);
    let flow = dice.number() as u32;
    let packet = Ipv6 { flow, next_header, hop_limit, source, destination, payload };
    Plain { ethertype: 0x86dd, carried: packet.bytes(), to_group: dice.percent(2) }
}

struct Ends {
    source: IpAddr,
    destination: IpAddr,
    room: usize,
}

fn ends(dice: &mut Dice<'_>, atlas: &Atlas, place: &Place, ipv6: bool) -> Ends {
    let sender = dice.pick(&place.senders);
    let source = source(dice, sender, ipv6);
    let (destination, room) = destination(dice, atlas, sender, ipv6);
    Ends { source, destination, room: room.unwrap_or(1_500) }
}

fn source(dice: &mut Dice<'_>, sender: Option<&Sender>, ipv6: bool) -> IpAddr {
    let known = sender.and_then(|sender| {
        let mut prefixes = sender.prefixes.clone();
        prefixes.retain(|prefix| prefix.is_ipv6() == ipv6);
        dice.pick(&prefixes).copied()
    });
    match (dice.below(100), known) {
        (0..4, _) => address::martian(dice, ipv6),
        (4..8, _) if ipv6 => address::link_local(dice).into(),
        (8..90, Some(prefix)) => address::within(dice, prefix),
        _ => address::anywhere(dice, ipv6),
    }
}

fn destination(
    dice: &mut Dice<'_>,
    atlas: &Atlas,
    sender: Option<&Sender>,
    ipv6: bool,
) -> (IpAddr, Option<usize>) {
    let chance = dice.below(100);
    let target = match (chance, sender) {
        (0..65, Some(sender)) => atlas.target(dice, sender, ipv6),
        (65..70, _) => atlas.foreign(dice, ipv6),
        _ => None,
    };
    if let Some(target) = target {
        return (address::within(dice, target.prefix), Some(target.room));
    }
    let mut own = match (chance, sender) {
        (0..85, Some(sender)) => sender.own.clone(),
        (85..88, _) => atlas.own.clone(),
        _ => Vec::new(),
    };
    own.retain(|address| address.is_ipv6() == ipv6);
    let address = match (dice.pick(&own), chance) {
        (Some(own), _) => *own,
        (None, 88..93) => address::martian(dice, ipv6),
        (None, 93..96) if ipv6 => address::link_local(dice).into(),
        _ => address::anywhere(dice, ipv6),
    };
    (address, None)
}

fn hop_limit(dice: &mut Dice<'_>) -> u8 {
    if dice.percent(80) { 2 + dice.byte() % 254 } else { dice.one_of(&[0, 1, 2, 254, 255]) }
}

/// Mostly short, often right at what the next port carries.
fn length(dice: &mut Dice<'_>, room: usize, atlas: &Atlas, longest: usize) -> usize {
    let around = |room: usize, dice: &mut Dice<'_>| (room + dice.below(7)).saturating_sub(3);
    let length = match dice.below(100) {
        0..60 => 20 + dice.below(180),
        60..82 => around(room, dice),
        82..88 => {
            let other = dice.pick(&atlas.rooms).copied().unwrap_or(room);
            around(other, dice)
        }
        88..92 => around(1_280, dice),
        _ => dice.below(longest),
    };
    length.min(longest.saturating_sub(22))
}
