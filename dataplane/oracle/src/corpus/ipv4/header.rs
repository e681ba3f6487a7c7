//! Version, header length, checksum, and fields that a router does not look at.

use abi::verdict::Verdict::{
    CheckChecksum, CheckHeaderLength, CheckVersion, ForwardedDirect as Direct,
};

use super::{Case, circuit, good};
use crate::compose::{Ipv4, cut, summed, with, with_number};

pub(super) fn cases() -> Vec<Case> {
    let version = circuit(
        "ipv4 version",
        &[
            ("0", || first(0x05), CheckVersion),
            ("1", || first(0x15), CheckVersion),
            ("2", || first(0x25), CheckVersion),
            ("3", || first(0x35), CheckVersion),
            ("4", || first(0x45), Direct),
            ("5", || first(0x55), CheckVersion),
            ("6 behind the EtherType of 4", || first(0x65), CheckVersion),
            ("7", || first(0x75), CheckVersion),
            ("12", || first(0xc5), CheckVersion),
            ("15", || first(0xf5), CheckVersion),
            ("0 and a header of 0 words", || first(0x00), CheckVersion),
            ("15 and a header of 15 words", || first(0xff), CheckVersion),
        ],
    );
    let header_length = circuit(
        "ipv4 header length",
        &[
            ("0 words", || first(0x40), CheckHeaderLength),
            ("1 word", || first(0x41), CheckHeaderLength),
            ("2 words", || first(0x42), CheckHeaderLength),
            ("3 words", || first(0x43), CheckHeaderLength),
            ("4 words", || first(0x44), CheckHeaderLength),
            ("6 words of 5 that the frame has", || bare(0x46), CheckHeaderLength),
            ("10 words of 5 that the frame has", || bare(0x4a), CheckHeaderLength),
            ("15 words of 5 that the frame has", || bare(0x4f), CheckHeaderLength),
            ("15 words but for one byte", || cut(first(0x4f), 59), CheckHeaderLength),
            ("6 words, the sixth being payload", || unsummed(0x46), CheckChecksum),
            ("6 words, the sixth being payload and summed", || first(0x46), Direct),
            ("15 words, ten being payload and summed", || first(0x4f), Direct),
        ],
    );
    [version, header_length, checksum(), unread()].concat()
}

fn checksum() -> Vec<Case> {
    circuit(
        "ipv4 checksum",
        &[
            ("zero", || with_number(good().bytes(), 10, 0), CheckChecksum),
            ("all ones", || with_number(good().bytes(), 10, 0xffff), CheckChecksum),
            ("lowest bit flipped", || flipped(11, 0x01), CheckChecksum),
            ("highest bit flipped", || flipped(10, 0x80), CheckChecksum),
            ("bytes swapped", swapped, CheckChecksum),
            ("complement forgotten", complement, CheckChecksum),
            ("one too many", || off_by(1), CheckChecksum),
            ("one too few", || off_by(0xffff), CheckChecksum),
            ("TTL changed behind its back", || with(good().bytes(), 8, 63), CheckChecksum),
            ("source changed behind its back", || with(good().bytes(), 15, 7), CheckChecksum),
            ("destination changed behind its back", || with(good().bytes(), 19, 7), CheckChecksum),
            ("identification changed", || with(good().bytes(), 5, 0), CheckChecksum),
            ("payload changed, which it does not cover", || with(good().bytes(), 40, 7), Direct),
            ("words of the header exchanged, which no sum notices", exchanged, Direct),
            ("right and zero", || zero_sum(0x0000), Direct),
            ("right and zero, written as all ones", || zero_sum(0xffff), Direct),
            ("right and zero, written as one", || zero_sum(0x0001), CheckChecksum),
        ],
    )
}

fn unread() -> Vec<Case> {
    let cases: &[super::Row] = &[
        ("type of service all ones", || Ipv4 { service: 0xff, ..good() }.bytes(), Direct),
        ("ECN says congestion", || Ipv4 { service: 0x03, ..good() }.bytes(), Direct),
        ("identification zero", || Ipv4 { identification: 0, ..good() }.bytes(), Direct),
        ("identification all ones", || Ipv4 { identification: 0xffff, ..good() }.bytes(), Direct),
        ("protocol 0", || protocol(0), Direct),
        ("protocol 1 and a type that is none", || protocol(1), Direct),
        ("protocol 4, IPv4 in IPv4", || protocol(4), Direct),
        ("protocol 41, IPv6 in IPv4", || protocol(41), Direct),
        ("protocol 132", || protocol(132), Direct),
        ("protocol 253, for experiments", || protocol(253), Direct),
        ("protocol 255", || protocol(255), Direct),
        (
            "TCP with nothing of its header",
            || Ipv4 { protocol: 6, ..good() }.of_length(20).bytes(),
            Direct,
        ),
        ("UDP that says it is longer", || with_number(good().bytes(), 24, 9_999), Direct),
    ];
    circuit("ipv4 unread fields", cases)
}

/// The good packet with another first byte, its checksum right for the header it then has.
fn first(value: u8) -> Vec<u8> {
    summed(with(good().bytes(), 0, value))
}

fn unsummed(first: u8) -> Vec<u8> {
    with(good().bytes(), 0, first)
}

/// A header without payload.
fn bare(value: u8) -> Vec<u8> {
    with(good().of_length(20).bytes(), 0, value)
}

fn protocol(protocol: u8) -> Vec<u8> {
    Ipv4 { protocol, ..good() }.bytes()
}

fn right() -> u16 {
    let bytes = good().bytes();
    bytes
        .get(10..12)
        .map_or(0, |field| field.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte)))
}

fn flipped(at: usize, bits: u8) -> Vec<u8> {
    let bytes = good().bytes();
    let value = bytes.get(at).map_or(0, |byte| byte ^ bits);
    with(bytes, at, value)
}

fn swapped() -> Vec<u8> {
    with_number(good().bytes(), 10, right().swap_bytes())
}

fn complement() -> Vec<u8> {
    with_number(good().bytes(), 10, !right())
}

fn off_by(difference: u16) -> Vec<u8> {
    with_number(good().bytes(), 10, right().wrapping_add(difference))
}

/// Identification and the flags' word, which are alike to the sum.
fn exchanged() -> Vec<u8> {
    let bytes = Ipv4 { identification: 0x4000, fragmentation: 0, ..good() }.bytes();
    with_number(with_number(bytes, 4, 0), 6, 0x4000)
}

/// A packet whose checksum comes to zero, with something in the field.
fn zero_sum(field: u16) -> Vec<u8> {
    let without = Ipv4 { identification: 0, ..good() }.bytes();
    let sum = without
        .get(10..12)
        .map_or(0, |field| field.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte)));
    with_number(Ipv4 { identification: sum, ..good() }.bytes(), 10, field)
}
