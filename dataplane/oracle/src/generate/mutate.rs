//! One thing wrong with a frame.

use super::{address, dice::Dice, wrap::Frame};
use crate::compose::{summed, with, with_number};

/// The source MAC address: it counts frames.
const SERIAL: std::ops::Range<usize> = 6..12;

pub(super) fn once(dice: &mut Dice<'_>, frame: &mut Frame) {
    match dice.below(100) {
        0..14 => flip(dice, frame),
        14..26 => truncate(dice, frame),
        26..32 => extend(dice, frame),
        32..40 => retag(dice, frame),
        40..45 => ethertype(dice, frame),
        _ => header(dice, frame),
    }
}

/// A bit anywhere, mostly in the headers.
fn flip(dice: &mut Dice<'_>, frame: &mut Frame) {
    let within = if dice.percent(80) { frame.behind + 44 } else { frame.bytes.len() };
    let at = dice.below(within.min(frame.bytes.len()));
    if !SERIAL.contains(&at)
        && let Some(byte) = frame.bytes.get_mut(at)
    {
        *byte ^= 1 << dice.below(8);
    }
}

fn truncate(dice: &mut Dice<'_>, frame: &mut Frame) {
    let within = if dice.percent(70) { frame.behind + 50 } else { frame.bytes.len() };
    let length = 14 + dice.below(within.min(frame.bytes.len()).saturating_sub(14));
    frame.bytes.truncate(length);
}

fn extend(dice: &mut Dice<'_>, frame: &mut Frame) {
    let more = 1 + dice.below(64);
    let padding = dice.bytes(more);
    frame.bytes.extend(padding);
}

/// A tag too many, too few, or another.
fn retag(dice: &mut Dice<'_>, frame: &mut Frame) {
    let tpid = dice.one_of(&[0x8100_u16, 0x8100, 0x88a8, 0x9100]);
    let tci = dice.word();
    let tag = [tpid.to_be_bytes(), tci.to_be_bytes()].concat();
    let is_tagged = frame.behind > 14;
    match dice.below(3) {
        0 => {
            frame.bytes.splice(12..12, tag);
            frame.behind += 4;
        }
        1 if is_tagged && frame.bytes.len() >= 18 => {
            frame.bytes.drain(12..16);
            frame.behind -= 4;
        }
        _ if is_tagged => {
            let bit = 1 << dice.below(16);
            let at = 12 + 2 * dice.below(4);
            let word = crate::field::number(&frame.bytes, at).unwrap_or(0);
            replace(frame, |bytes| with_number(bytes, at, word ^ bit));
        }
        _ => {}
    }
}

fn ethertype(dice: &mut Dice<'_>, frame: &mut Frame) {
    let value = dice.one_of(&[0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x0000]);
    let at = frame.behind - 2;
    replace(frame, |bytes| with_number(bytes, at, value));
}

/// A field of the IP header, its checksum put right or not.
fn header(dice: &mut Dice<'_>, frame: &mut Frame) {
    let Some((link, packet)) = frame.bytes.split_at_checked(frame.behind) else { return };
    let (link, packet) = (link.to_vec(), packet.to_vec());
    let is_ipv6 = packet.first().is_some_and(|first| first >> 4 == 6);
    let mutated = if is_ipv6 { header_of_ipv6(dice, packet) } else { header_of_ipv4(dice, packet) };
    frame.bytes = [link, mutated].concat();
}

fn header_of_ipv4(dice: &mut Dice<'_>, packet: Vec<u8>) -> Vec<u8> {
    let length = packet.len();
    let right = dice.percent(80);
    let martian = address::martian4(dice).to_bits();
    let mutated = match dice.below(9) {
        0 => with(packet, 0, dice.byte()),
        1 => with(packet, 0, 0x40 | dice.byte() & 0x0f),
        2 => with_number(packet, 2, lie(dice, length)),
        3 => with_number(packet, 6, dice.word()),
        4 => with(packet, 8, dice.one_of(&[0, 1, 2, 255])),
        5 => with(packet, 9, dice.one_of(&[1, 6, 17, 58])),
        6 => return with_number(packet, 10, dice.one_of(&[0, 0xffff, 1, 0x8000])),
        at => {
            let at = if at == 7 { 12 } else { 16 };
            let high = with_number(packet, at, (martian >> 16) as u16);
            with_number(high, at + 2, martian as u16)
        }
    };
    if right { summed(mutated) } else { mutated }
}

fn header_of_ipv6(dice: &mut Dice<'_>, packet: Vec<u8>) -> Vec<u8> {
    let length = packet.len().saturating_sub(40);
    let martian = address::martian6(dice).octets();
    match dice.below(7) {
        0 => with(packet, 0, dice.byte()),
        1 => with_number(packet, 4, lie(dice, length)),
        2 => with(packet, 6, dice.one_of(&[0, 0, 58, 17, 44, 43])),
        3 => with(packet, 7, dice.one_of(&[0, 1, 2, 255])),
        4 => with_number(with(packet, 6, 0), 4, 0),
        at => {
            let start = if at == 5 { 8 } else { 24 };
            (start..).zip(martian).fold(packet, |packet, (at, octet)| with(packet, at, octet))
        }
    }
}

/// A length that is not it.
fn lie(dice: &mut Dice<'_>, length: usize) -> u16 {
    match dice.below(6) {
        0 => length.wrapping_add(1) as u16,
        1 => length.wrapping_sub(1) as u16,
        2 => dice.below(length + 1) as u16,
        3 => dice.one_of(&[0, 1, 19, 20, 21, 39, 40, 41]),
        4 => dice.one_of(&[0xffff, 0x8000, 1_500]),
        _ => dice.word(),
    }
}

fn replace(frame: &mut Frame, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    frame.bytes = change(std::mem::take(&mut frame.bytes));
}
