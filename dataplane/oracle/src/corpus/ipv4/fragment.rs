//! Fragments: forwarded one by one, and never looked into (RFC 1812 4.2.2.7).

use abi::verdict::Verdict::{
    ForwardedDirect as Direct, LocalEcho, LocalKernel, LocalUnreachable, TooBig,
    TooBigFragmentable, TtlExpired,
};

use super::{Case, circuit, fabric, good};
use crate::{
    compose::{Ipv4, cut, echo},
    scene::{CE, HUB, OURS, VM},
};

const MORE: u16 = Ipv4::MORE_FRAGMENTS;
const DONT: u16 = Ipv4::DONT_FRAGMENT;
const RESERVED: u16 = Ipv4::RESERVED;

pub(super) fn cases() -> Vec<Case> {
    let through = circuit(
        "ipv4 fragment",
        &[
            ("the first", || place(MORE), Direct),
            ("one of the middle", || place(MORE | 0xb9), Direct),
            ("the last", || place(0xb9), Direct),
            ("offset 1, over the port numbers", || place(1), Direct),
            ("that overlaps another", || place(MORE | 7), Direct),
            ("the first, of 8 bytes", tiny, Direct),
            ("more to come and Don't Fragment", || place(MORE | DONT), Direct),
            ("the last and Don't Fragment", || place(0xb9 | DONT), Direct),
            ("the highest offset", || place(0x1fff), Direct),
            ("that ends past 65,535 bytes", || place(MORE | 0x1fff), Direct),
            ("more to come of an odd length", odd, Direct),
            ("without a payload", empty, Direct),
            ("only the reserved flag", || place(RESERVED), Direct),
            ("every flag and bit", || place(0xffff), Direct),
            ("whose TTL ends", || Ipv4 { ttl: 1, ..at(0xb9) }.bytes(), TtlExpired),
            (
                "too long for the next port",
                || at(0xb9).of_length(1_401).bytes(),
                TooBigFragmentable,
            ),
            ("too long and Don't Fragment", || at(DONT | 3).of_length(1_401).bytes(), TooBig),
        ],
    );
    let local = circuit(
        "ipv4 fragment to the MSEE",
        &[
            ("whole, Don't Fragment", || echo_at(DONT), LocalEcho),
            ("whole, the reserved flag", || echo_at(RESERVED), LocalEcho),
            ("the first of an echo request", || echo_at(MORE), LocalKernel),
            ("a later one that begins like an echo request", || echo_at(1), LocalKernel),
            ("the highest offset", || echo_at(0x1fff), LocalKernel),
        ],
    );
    let hub = fabric(
        "ipv4 fragment to the MSEE on a fabric",
        &[
            ("whole", || from_vm(0), LocalEcho),
            ("the first of an echo request", || from_vm(MORE), LocalUnreachable),
            ("a later one that begins like an echo request", || from_vm(0x20), LocalUnreachable),
        ],
    );
    [through, local, hub].concat()
}

fn at(fragmentation: u16) -> Ipv4 {
    Ipv4 { fragmentation, ..good() }
}

fn place(fragmentation: u16) -> Vec<u8> {
    at(fragmentation).bytes()
}

fn tiny() -> Vec<u8> {
    at(MORE).of_length(28).bytes()
}

fn odd() -> Vec<u8> {
    at(MORE).of_length(33).bytes()
}

fn empty() -> Vec<u8> {
    cut(at(MORE).of_length(20).bytes(), 20)
}

fn echo_at(fragmentation: u16) -> Vec<u8> {
    Ipv4 { fragmentation, protocol: 1, payload: echo(), ..Ipv4::udp(CE, OURS) }.bytes()
}

fn from_vm(fragmentation: u16) -> Vec<u8> {
    Ipv4 { fragmentation, protocol: 1, payload: echo(), ..Ipv4::udp(VM, HUB) }.bytes()
}
