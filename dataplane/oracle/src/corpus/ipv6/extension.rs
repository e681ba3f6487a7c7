//! Extension headers: the receiver's, and passed as they are, broken ones too (RFC 8200 4, RFC 7045).

use abi::verdict::Verdict::{
    ForwardedDirect as Direct, LocalEcho, LocalKernel, LocalUnreachable, NoRoute, TooBig,
    TtlExpired,
};

use super::{Case, circuit, fabric, good};
use crate::{
    compose::{Ipv6, cut, echo6, extension, fragment_header, udp},
    scene::{CE6, HUB6, NOWHERE6, OURS6, VM6},
};

pub(super) fn cases() -> Vec<Case> {
    let through = circuit(
        "ipv6 extension",
        &[
            ("hop-by-hop padding", || behind(0, &[1, 4, 0, 0, 0, 0]), Direct),
            ("hop-by-hop router alert", || behind(0, &[5, 2, 0, 0, 1, 0]), Direct),
            ("hop-by-hop option to drop by", || behind(0, &[0x5e, 4, 0, 0, 0, 0]), Direct),
            ("hop-by-hop option to complain about", || behind(0, &[0xde, 4, 0, 0, 0, 0]), Direct),
            (
                "hop-by-hop jumbo payload of a short packet",
                || behind(0, &[0xc2, 4, 0, 1, 0, 8]),
                Direct,
            ),
            ("hop-by-hop past the packet", hop_by_hop_past_the_packet, Direct),
            ("hop-by-hop of one byte", hop_by_hop_of_one_byte, Direct),
            ("hop-by-hop option past its header", || behind(0, &[5, 200, 0, 0, 1, 0]), Direct),
            ("hop-by-hop behind a destination header", misplaced, Direct),
            ("destination options", || behind(60, &[1, 4, 0, 0, 0, 0]), Direct),
            ("routing type 0, forbidden to hosts", || behind(43, &routing(0)), Direct),
            ("routing type 4, segments", || behind(43, &routing(4)), Direct),
            ("authentication", || behind(51, &[0; 22]), Direct),
            ("mobility", || behind(135, &[0; 6]), Direct),
            ("shim", || behind(140, &[0; 6]), Direct),
            ("of a type nobody knows", || behind(253, &[0; 6]), Direct),
            ("eight of them", chain, Direct),
            ("whose hop limit ends", || Ipv6 { hop_limit: 1, ..optioned() }.bytes(), TtlExpired),
            ("to nowhere", || Ipv6 { destination: NOWHERE6, ..optioned() }.bytes(), NoRoute),
            ("too long for the next port", too_long, TooBig),
        ],
    );
    let fragments = circuit(
        "ipv6 fragment",
        &[
            ("the first", || fragment(0, true, 64), Direct),
            ("one of the middle", || fragment(1_480, true, 64), Direct),
            ("the last", || fragment(1_480, false, 64), Direct),
            ("atomic", || fragment(0, false, 64), Direct),
            ("that overlaps another", || fragment(8, true, 64), Direct),
            ("the first, of 8 bytes", || fragment(0, true, 8), Direct),
            ("without a payload", || fragment(0, true, 0), Direct),
            ("more to come of an odd length", || fragment(0, true, 13), Direct),
            ("the highest offset", || fragment(0xfff8, false, 8), Direct),
            ("that ends past 65,535 bytes", || fragment(0xfff8, true, 64), Direct),
            ("a header cut short", || cut_fragment(4), Direct),
            ("too long for the next port", || fragment(1_480, true, 1_353), TooBig),
        ],
    );
    [through, fragments, local()].concat()
}

fn local() -> Vec<Case> {
    let kernel = circuit(
        "ipv6 extension to the MSEE",
        &[
            ("an echo request", || echo(58, echo6(CE6, OURS6)), LocalEcho),
            ("an echo request behind hop-by-hop options", || echo(0, options()), LocalKernel),
            ("an echo request behind destination options", || echo(60, options()), LocalKernel),
            ("an echo request in a fragment", || echo(44, atomic()), LocalKernel),
        ],
    );
    let hub = fabric(
        "ipv6 extension to the MSEE on a fabric",
        &[
            ("an echo request", || from_vm(58, echo6(VM6, HUB6)), LocalEcho),
            (
                "an echo request behind hop-by-hop options",
                || from_vm(0, options()),
                LocalUnreachable,
            ),
            ("an echo request in a fragment", || from_vm(44, atomic()), LocalUnreachable),
        ],
    );
    [kernel, hub].concat()
}

/// UDP behind one header.
fn behind(next_header: u8, body: &[u8]) -> Vec<u8> {
    Ipv6 { next_header, payload: extension(17, body, &udp(32)), ..good() }.bytes()
}

fn optioned() -> Ipv6 {
    Ipv6 { next_header: 0, payload: extension(17, &[1, 4, 0, 0, 0, 0], &udp(32)), ..good() }
}

/// One segment left, of one address (RFC 5095 withdrew type 0).
fn routing(kind: u8) -> Vec<u8> {
    [&[kind, 1, 0, 0, 0, 0][..], &VM6.octets()].concat()
}

fn hop_by_hop_past_the_packet() -> Vec<u8> {
    Ipv6 { next_header: 0, payload: vec![17, 200, 1, 4, 0, 0, 0, 0], ..good() }.bytes()
}

fn hop_by_hop_of_one_byte() -> Vec<u8> {
    Ipv6 { next_header: 0, payload: vec![17], ..good() }.bytes()
}

fn misplaced() -> Vec<u8> {
    let hop_by_hop = extension(17, &[1, 4, 0, 0, 0, 0], &udp(32));
    let payload = extension(0, &[1, 4, 0, 0, 0, 0], &hop_by_hop);
    Ipv6 { next_header: 60, payload, ..good() }.bytes()
}

fn chain() -> Vec<u8> {
    let payload = (0..8).fold(udp(32), |payload, depth| {
        let next_header = if depth == 0 { 17 } else { 60 };
        extension(next_header, &[1, 4, 0, 0, 0, 0], &payload)
    });
    Ipv6 { next_header: 60, payload, ..good() }.bytes()
}

fn too_long() -> Vec<u8> {
    let payload = extension(17, &[1, 4, 0, 0, 0, 0], &udp(1_353));
    Ipv6 { next_header: 0, payload, ..good() }.bytes()
}

fn fragment(offset: u16, more: bool, length: usize) -> Vec<u8> {
    let payload = fragment_header(17, offset, more, &udp(length));
    Ipv6 { next_header: 44, payload, ..good() }.bytes()
}

fn cut_fragment(length: usize) -> Vec<u8> {
    let payload = cut(fragment_header(17, 0, true, &[]), length);
    Ipv6 { next_header: 44, payload, ..good() }.bytes()
}

fn options() -> Vec<u8> {
    extension(58, &[1, 4, 0, 0, 0, 0], &echo6(CE6, OURS6))
}

fn atomic() -> Vec<u8> {
    fragment_header(58, 0, false, &echo6(CE6, OURS6))
}

fn echo(next_header: u8, payload: Vec<u8>) -> Vec<u8> {
    Ipv6 { next_header, payload, ..Ipv6::udp(CE6, OURS6) }.bytes()
}

fn from_vm(next_header: u8, payload: Vec<u8>) -> Vec<u8> {
    Ipv6 { next_header, payload, ..Ipv6::udp(VM6, HUB6) }.bytes()
}
