//! What packets carry: what a router reads of them, and what it must not.

use std::net::Ipv6Addr;

use super::{dice::Dice, packet::Plain};
use crate::compose::{self, Ipv6, extension, fragment_header};

pub(super) fn protocol(dice: &mut Dice<'_>) -> u8 {
    match dice.below(100) {
        0..50 => 17,
        50..60 => 6,
        60..90 => 1,
        90..93 => 58,
        _ => dice.byte(),
    }
}

/// Flags and offset: mostly none or Don't Fragment.
pub(super) fn fragmentation(dice: &mut Dice<'_>) -> u16 {
    match dice.below(100) {
        0..45 => 0,
        45..80 => 0x4000,
        80..84 => 0x2000,
        84..88 => 0x8000,
        88..93 => 1 + dice.word() % 0x1fff,
        _ => dice.word(),
    }
}

/// Options of some words.
pub(super) fn options(dice: &mut Dice<'_>, words: usize) -> Vec<u8> {
    let mut options = dice.bytes(words * 4);
    let first = dice.one_of(&[0, 1, 7, 68, 130, 131, 137, 148, 8, 0xff]);
    if let Some([kind, length, ..]) = options.first_chunk_mut::<4>() {
        *kind = first;
        if *length & 1 == 0 {
            *length = (words * 4) as u8;
        }
    }
    options
}

/// A payload of a length.
pub(super) fn ipv4(dice: &mut Dice<'_>, protocol: u8, length: usize) -> Vec<u8> {
    let kind = dice.one_of(&[8, 8, 8, 0, 3, 5, 11, 13, 128]);
    first_byte(dice.bytes(length), if protocol == 1 { Some(kind) } else { None })
}

/// A payload of a length and the number of its first header.
pub(super) fn ipv6(
    dice: &mut Dice<'_>,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    length: usize,
) -> (u8, Vec<u8>) {
    let kind = dice.one_of(&[128, 128, 128, 129, 1, 2, 3, 133, 134, 135, 136, 137, 8]);
    let icmp = first_byte(dice.bytes(length), Some(kind));
    match dice.below(100) {
        0..45 => (17, dice.bytes(length)),
        45..52 => (6, dice.bytes(length)),
        52..72 => (58, icmp),
        72..75 => (58, compose::echo6(source, destination)),
        75..80 => (44, fragment_header(58, dice.word(), dice.percent(50), &cut(icmp, 8))),
        80..88 => {
            let next_header = dice.one_of(&[0, 0, 43, 60, 51, 135]);
            let body = dice.bytes(6);
            (next_header, extension(58, &body, &cut(icmp, 8)))
        }
        88..92 => (dice.one_of(&[0, 59, 58, 44]), Vec::new()),
        _ => (dice.byte(), dice.bytes(length)),
    }
}

/// A discovery message, to a group or to one address, and as often as not with something about it
/// that another router would have left.
pub(super) fn discovery(dice: &mut Dice<'_>, source: Ipv6Addr, destination: Ipv6Addr) -> Plain {
    let solicited = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, destination.segments()[7]);
    let all = Ipv6Addr::new(dice.one_of(&[0xff02, 0xff02, 0xff05]), 0, 0, 0, 0, 0, 0, 1);
    let source = if dice.percent(15) { Ipv6Addr::UNSPECIFIED } else { source };
    let link_local = super::address::link_local(dice);
    let to_group = dice.percent(60);
    let towards = match (to_group, dice.below(100)) {
        (true, 0..60) => solicited,
        (true, 60..90) => all,
        (false, 0..40) => link_local,
        _ => destination,
    };
    let kind = dice.one_of(&[135, 135, 135, 136, 136, 133, 134, 137, 132, 138]);
    let hop_limit = dice.one_of(&[255, 255, 255, 255, 254, 64, 1]);
    let payload = compose::neighbour(source, towards, kind, destination);
    let packet = Ipv6 { next_header: 58, hop_limit, payload, ..Ipv6::udp(source, towards) };
    Plain { ethertype: 0x86dd, carried: packet.bytes(), to_group }
}

fn first_byte(bytes: Vec<u8>, value: Option<u8>) -> Vec<u8> {
    match value {
        Some(value) => compose::with(bytes, 0, value),
        None => bytes,
    }
}

/// Leaves room for a header in front.
fn cut(bytes: Vec<u8>, less: usize) -> Vec<u8> {
    let length = bytes.len().saturating_sub(less);
    compose::cut(bytes, length)
}
