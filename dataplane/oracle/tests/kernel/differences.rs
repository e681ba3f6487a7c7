//! Where the kernel does otherwise, and why it may.
//!
//! Whatever a difference covers is left out of the comparisons, and its examples prove that it is one.

use abi::verdict::Verdict;
use oracle::Oracle;

use crate::{
    differences::examples::{echo, echo6, prioritised},
    expectation,
    namespace::within,
    packet::Packet,
    router,
    wire::{Seen, Wires},
};

mod examples;
mod ipv4;
mod ipv6;

/// Something the kernel does otherwise.
struct Difference {
    what: &'static str,
    why: &'static str,
    covers: fn(&Arrival<'_>) -> bool,
    examples: fn() -> Vec<Example>,
}

/// A frame into `r0`, with what the oracle says and the kernel does.
type Example = (Vec<u8>, Verdict, Instead);

/// A frame at a port.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'f> {
    port: &'f str,
    packet: Packet<'f>,
    /// Whether it would leave by the port it came in by.
    turns_back: bool,
}

impl<'f> Arrival<'f> {
    pub fn new(oracle: &Oracle, port: &'f str, frame: &'f [u8]) -> Self {
        let turns_back = expectation::next_port(oracle, frame) == Some(port);
        Self { port, packet: Packet::of(frame), turns_back }
    }
}

/// What the kernel does in place of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instead {
    /// Forwards, out of `r1`.
    Forwards,
    /// Sends something to the sender's side: an answer, an error, or the packet itself.
    Answers,
    /// Sends nothing.
    Drops,
}

/// All of them.
fn all() -> Vec<Difference> {
    [ipv4::all(), ipv6::all(), of_either()].into_iter().flatten().collect()
}

fn of_either() -> Vec<Difference> {
    vec![
        Difference {
            what: "the address of its other side",
            why: "a host knows all of its addresses; a customer of an MSEE knows one",
            covers: |Arrival { packet, port, .. }| {
                let other = if *port == "r0" { "r1" } else { "r0" };
                packet.destination().is_some_and(|address| router::owns(other, address))
            },
            examples: || {
                vec![
                    (echo([172, 16, 2, 2]), Verdict::NoRoute, Instead::Answers),
                    (echo6("2001:db8:272::2"), Verdict::NoRoute, Instead::Answers),
                ]
            },
        },
        Difference {
            what: "tags of VLAN 0",
            why: "it takes them for no tag, as IEEE 802.1Q has it; a port here takes its own \
                  tags only",
            covers: |Arrival { packet, .. }| packet.vlan() == Some(0),
            examples: || vec![(prioritised(), Verdict::PortTagged, Instead::Forwards)],
        },
    ]
}

/// Whether any of them covers a frame.
pub fn any(arrival: &Arrival<'_>) -> bool {
    all().iter().any(|difference| (difference.covers)(arrival))
}

#[test]
fn the_kernel_does_otherwise() {
    within(|| {
        router::set_up();
        let (oracle, mut wires) = (router::oracle(), Wires::open());
        for Difference { what, why, covers, examples } in all() {
            for (frame, verdict, instead) in examples() {
                let context = format!("{what}, because {why}: {frame:02x?}");
                assert!(covers(&Arrival::new(&oracle, "r0", &frame)), "{context}");
                let (said, expected) = expectation::expected(&oracle, "r0", &frame);
                assert_eq!(said, verdict, "{context}");
                let seen = wires.exchange("r0", &frame);
                assert_eq!(done(&seen), instead, "{context}");
                assert!(expected.compare(&frame, &seen).is_err(), "no difference: {context}");
            }
        }
    });
}

fn done(seen: &Seen) -> Instead {
    let out_of = |port: &str| seen.frames.iter().all(|(seen_at, _)| *seen_at == port);
    match &seen.frames[..] {
        [] => Instead::Drops,
        _ if out_of("r1") => Instead::Forwards,
        _ if out_of("r0") => Instead::Answers,
        both => panic!("out of both: {both:02x?}"),
    }
}
