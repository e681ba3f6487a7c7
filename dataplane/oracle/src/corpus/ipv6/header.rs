//! Version, payload length, padding, frames that end early, and fields that a router does not look at.

use abi::verdict::Verdict::{
    CheckTotalLength, CheckVersion, ForwardedDirect as Direct, PortTruncated,
};

use super::{Case, circuit, good};
use crate::compose::{Ipv6, cut, padded, with, with_number};

pub(super) fn cases() -> Vec<Case> {
    let version = circuit(
        "ipv6 version",
        &[
            ("0", || first(0x00), CheckVersion),
            ("1", || first(0x10), CheckVersion),
            ("4 behind the EtherType of 6", || first(0x45), CheckVersion),
            ("5", || first(0x50), CheckVersion),
            ("6", || first(0x60), Direct),
            ("7", || first(0x70), CheckVersion),
            ("14", || first(0xe0), CheckVersion),
            ("15", || first(0xff), CheckVersion),
        ],
    );
    let length = circuit(
        "ipv6 payload length",
        &[
            ("0, the rest being padding", || says(0), Direct),
            ("1", || says(1), Direct),
            ("1 less than the frame has", || says(63), Direct),
            ("as the frame has", || says(64), Direct),
            ("1 more than the frame has", || says(65), CheckTotalLength),
            ("256 more", || says(64 + 256), CheckTotalLength),
            ("that counts the header", || says(104), CheckTotalLength),
            ("in the wrong byte order", || says(64 << 8), CheckTotalLength),
            ("65,535", || says(65_535), CheckTotalLength),
            ("0 before hop-by-hop options: a jumbogram", jumbogram, CheckTotalLength),
            ("0 before hop-by-hop options and no byte more", empty_hop_by_hop, CheckTotalLength),
            ("0 before a routing header", || no_payload(43), Direct),
            ("0 before no next header", || no_payload(59), Direct),
            ("0 before ICMPv6", || no_payload(58), Direct),
        ],
    );
    let padding = circuit(
        "ipv6 padding",
        &[
            ("none", || good().bytes(), Direct),
            ("1 byte", || padded(good().bytes(), 1), Direct),
            ("to the shortest frame", || padded(good().of_length(40).bytes(), 6), Direct),
            ("1,000 bytes", || padded(good().bytes(), 1_000), Direct),
            (
                "that makes the frame too long",
                || padded(good().of_length(1_400).bytes(), 10),
                Direct,
            ),
        ],
    );
    let truncated = circuit(
        "ipv6 truncated",
        &[
            ("nothing behind the EtherType", Vec::new, PortTruncated),
            ("1 byte", || cut(good().bytes(), 1), PortTruncated),
            ("1 byte of another version", || vec![0x45], PortTruncated),
            ("20 bytes", || cut(good().bytes(), 20), PortTruncated),
            ("39 bytes", || cut(good().bytes(), 39), PortTruncated),
            ("40 bytes", || cut(good().bytes(), 40), CheckTotalLength),
            ("1 byte missing", || cut(good().bytes(), 103), CheckTotalLength),
        ],
    );
    [version, length, padding, truncated, unread()].concat()
}

fn unread() -> Vec<Case> {
    circuit(
        "ipv6 unread fields",
        &[
            ("traffic class and flow label all ones", || flow(0x0fff_ffff), Direct),
            ("traffic class and flow label zero", || flow(0), Direct),
            ("ECN says congestion", || flow(0x0030_0000), Direct),
            ("next header 4, IPv4 in IPv6", || next_header(4), Direct),
            ("next header 6, TCP", || next_header(6), Direct),
            ("next header 41, IPv6 in IPv6", || next_header(41), Direct),
            ("next header 50, ESP", || next_header(50), Direct),
            ("next header 59 and a payload", || next_header(59), Direct),
            ("next header 253, for experiments", || next_header(253), Direct),
            ("next header 255", || next_header(255), Direct),
        ],
    )
}

fn first(value: u8) -> Vec<u8> {
    with(good().bytes(), 0, value)
}

fn says(length: u16) -> Vec<u8> {
    with_number(good().bytes(), 4, length)
}

fn flow(flow: u32) -> Vec<u8> {
    Ipv6 { flow, ..good() }.bytes()
}

fn next_header(next_header: u8) -> Vec<u8> {
    Ipv6 { next_header, ..good() }.bytes()
}

fn no_payload(next_header: u8) -> Vec<u8> {
    Ipv6 { next_header, payload: Vec::new(), ..good() }.bytes()
}

/// RFC 2675: the option says how long it is.
fn jumbogram() -> Vec<u8> {
    let payload = [&[17, 0, 0xc2, 4, 0, 1, 0, 8][..], &[0; 64]].concat();
    with_number(Ipv6 { next_header: 0, payload, ..good() }.bytes(), 4, 0)
}

fn empty_hop_by_hop() -> Vec<u8> {
    no_payload(0)
}
