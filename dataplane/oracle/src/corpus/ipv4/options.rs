//! Options: a router that processes none passes them all (RFC 1812 4.2.2.1, 5.2.4; RFC 7126), and
//! broken ones too, which the receiver may complain about.

use abi::verdict::Verdict::{
    CheckChecksum, ForwardedDirect as Direct, LocalEcho, LocalKernel, NoRoute, TooBig, TtlExpired,
};

use super::{Case, circuit, good};
use crate::{
    compose::{Ipv4, echo, with},
    scene::{CE, NOWHERE, OURS},
};

pub(super) fn cases() -> Vec<Case> {
    [kinds(), broken(), elsewhere()].concat()
}

fn kinds() -> Vec<Case> {
    circuit(
        "ipv4 options",
        &[
            ("no operation", || optioned(&[1, 1, 1, 1]), Direct),
            ("end of list", || optioned(&[0, 0, 0, 0]), Direct),
            ("end of list and something behind it", || optioned(&[0, 7, 7, 7]), Direct),
            ("record route", || optioned(&[7, 7, 4, 0, 0, 0, 0, 0]), Direct),
            ("record route that is full", || optioned(&[7, 7, 8, 9, 9, 9, 9, 0]), Direct),
            ("record route of nine", record_route_of_nine, Direct),
            ("timestamp", || optioned(&[68, 8, 5, 0, 0, 0, 0, 0]), Direct),
            (
                "timestamp overflowed fifteen times",
                || optioned(&[68, 8, 9, 0xf0, 0, 0, 0, 0]),
                Direct,
            ),
            ("loose source route", || optioned(&[131, 7, 4, 10, 1, 3, 4, 0]), Direct),
            ("strict source route", || optioned(&[137, 7, 4, 10, 1, 3, 4, 0]), Direct),
            ("source route that is used up", || optioned(&[131, 7, 8, 10, 1, 3, 4, 0]), Direct),
            ("security", security, Direct),
            ("stream id", || optioned(&[136, 4, 0, 1]), Direct),
            ("router alert", || optioned(&[148, 4, 0, 0]), Direct),
            ("commercial security", || optioned(&[134, 8, 0, 0, 0, 1, 0, 0]), Direct),
            ("quick start", || optioned(&[25, 8, 0, 0, 0, 0, 0, 0]), Direct),
            ("one that nobody knows", || optioned(&[0x5e, 4, 1, 2]), Direct),
            ("ten words of no operation", || optioned(&[1; 40]), Direct),
        ],
    )
}

fn broken() -> Vec<Case> {
    circuit(
        "ipv4 broken options",
        &[
            ("a length of 0", || optioned(&[7, 0, 4, 0]), Direct),
            ("a length of 1", || optioned(&[7, 1, 4, 0]), Direct),
            ("a length past the header", || optioned(&[7, 40, 4, 0]), Direct),
            ("a length of 255", || optioned(&[131, 255, 4, 0]), Direct),
            ("no length in the last byte", || optioned(&[1, 1, 1, 7]), Direct),
            ("a pointer before the data", || optioned(&[7, 7, 3, 0, 0, 0, 0, 0]), Direct),
            ("a pointer past the option", || optioned(&[131, 7, 200, 0, 0, 0, 0, 0]), Direct),
            ("two source routes", two_source_routes, Direct),
            ("all ones", || optioned(&[0xff; 40]), Direct),
            ("a byte the checksum does not know", || with(optioned(&[1; 4]), 21, 0), CheckChecksum),
        ],
    )
}

fn elsewhere() -> Vec<Case> {
    circuit(
        "ipv4 options on the way",
        &[
            ("whose TTL ends", || Ipv4 { ttl: 1, ..with_options() }.bytes(), TtlExpired),
            ("to nowhere", || Ipv4 { destination: NOWHERE, ..with_options() }.bytes(), NoRoute),
            ("to the MSEE", || Ipv4 { destination: OURS, ..with_options() }.bytes(), LocalKernel),
            ("an echo request to the MSEE", || echo_with(&[1; 8]), LocalEcho),
            ("that begin like an echo request, to the MSEE", like_an_echo, LocalKernel),
            ("that count towards the length", || long(1_401), TooBig),
            ("that just fit", || long(1_400), Direct),
        ],
    )
}

fn optioned(options: &[u8]) -> Vec<u8> {
    Ipv4 { options: options.to_vec(), ..good() }.bytes()
}

fn with_options() -> Ipv4 {
    Ipv4 { options: vec![148, 4, 0, 0], ..good() }
}

fn record_route_of_nine() -> Vec<u8> {
    let mut options = vec![0; 40];
    options.splice(..3, [7, 39, 4]);
    optioned(&options)
}

/// RFC 1108: unclassified.
fn security() -> Vec<u8> {
    optioned(&[130, 11, 0xab, 0, 0, 0, 0, 0, 0, 0, 0, 0])
}

fn two_source_routes() -> Vec<u8> {
    optioned(&[131, 7, 4, 10, 1, 3, 4, 137, 7, 4, 10, 1, 3, 4, 0, 0])
}

fn echo_with(options: &[u8]) -> Vec<u8> {
    let packet = Ipv4::udp(CE, OURS);
    Ipv4 { protocol: 1, options: options.to_vec(), payload: echo(), ..packet }.bytes()
}

/// The message itself is an echo reply.
fn like_an_echo() -> Vec<u8> {
    let reply = crate::compose::icmp(0, 0, &[0; 4]);
    let options = vec![8, 0, 0, 0];
    Ipv4 { protocol: 1, options, payload: reply, ..Ipv4::udp(CE, OURS) }.bytes()
}

fn long(length: usize) -> Vec<u8> {
    let packet = Ipv4 { fragmentation: Ipv4::DONT_FRAGMENT, ..with_options() };
    packet.of_length(length).bytes()
}
