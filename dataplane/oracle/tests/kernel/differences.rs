//! Where the kernel does otherwise, and why it may.
//!
//! Whatever a difference covers is left out of the comparisons, and its examples prove that it is one.

use std::net::{IpAddr, Ipv6Addr};

use abi::verdict::Verdict;
use oracle::Oracle;

use crate::{
    differences::examples::{
        echo, echo6, from, from6, long_last_fragment, optioned, prioritised, solicitation, to, to6,
        turning_back,
    },
    expectation,
    namespace::within,
    packet::Packet,
    router,
    wire::{Seen, Wires},
};

mod examples;

/// Something the kernel does otherwise.
struct Difference {
    what: &'static str,
    why: &'static str,
    covers: fn(&Arrival<'_>) -> bool,
    /// Frames into `r0`, with what the oracle says and the kernel does.
    examples: Vec<(Vec<u8>, Verdict, Instead)>,
}

/// A frame at a port.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'f> {
    packet: Packet<'f>,
    /// Whether it would leave by the port it came in by.
    turns_back: bool,
}

impl<'f> Arrival<'f> {
    pub fn new(oracle: &Oracle, port: &str, frame: &'f [u8]) -> Self {
        let turns_back = expectation::next_port(oracle, frame) == Some(port);
        Self { packet: Packet::of(frame), turns_back }
    }
}

/// What the kernel does in place of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instead {
    /// Forwards, out of `r1`.
    Forwards,
    /// Sends something to the sender's side: an answer, an error, or the packet itself.
    Answers,
    Drops,
}

use Instead::{Answers, Drops, Forwards};

fn all() -> [Difference; 11] {
    let hop_by_hop = |option| examples::hop_by_hop(&[option, 4, 0, 0, 0, 0]);
    [
        Difference {
            what: "IPv4 options",
            why: "it takes part in them (RFC 791 3.1), refuses source routes (RFC 7126 4.3, 4.4) and \
                  complains about broken ones; RFC 1812 4.2.2.1 lets a router do either",
            covers: |Arrival { packet, .. }| packet.is_ipv4() && packet.header_length() > 20,
            examples: vec![
                (optioned(&[7, 7, 4, 0, 0, 0, 0, 0]), Verdict::ForwardedCe, Forwards),
                (optioned(&[131, 7, 4, 10, 1, 3, 4, 0]), Verdict::ForwardedCe, Drops),
                (optioned(&[7, 1, 4, 0]), Verdict::ForwardedCe, Answers),
            ],
        },
        Difference {
            what: "IPv4 fragments past 65,535 bytes that must be cut again",
            why: "the offsets of the pieces run over into the flags; what becomes of them is a \
                  question to whoever fragments",
            covers: |Arrival { packet, .. }| {
                packet.is_ipv4() && packet.offset() + packet.length() > 65_535
            },
            examples: vec![(long_last_fragment(), Verdict::TooBigFragmentable, Forwards)],
        },
        Difference {
            what: "IPv6 hop-by-hop options",
            why: "it reads them as RFC 2460 had it; RFC 8200 4 leaves them to routers that are told to",
            covers: |Arrival { packet, .. }| packet.is_ipv6() && packet.protocol() == 0,
            examples: vec![
                (hop_by_hop(0x5e), Verdict::ForwardedCe, Drops),
                (hop_by_hop(0xde), Verdict::ForwardedCe, Answers),
            ],
        },
        Difference {
            what: "IPv4 sources in 0/8 and 240/4",
            why: "Linux 5.3 made 0/8 an ordinary prefix, as 240/4 had been since 2.6.25",
            covers: |Arrival { packet, .. }| is_unusual(packet.source()),
            examples: vec![
                (from([0, 1, 2, 3]), Verdict::CheckMartianSource, Forwards),
                (from([250, 1, 2, 3]), Verdict::CheckMartianSource, Forwards),
            ],
        },
        Difference {
            what: "IPv4 destinations in 0/8 and 240/4",
            why: "the same; here they have no route",
            covers: |Arrival { packet, .. }| is_unusual(packet.destination()),
            examples: vec![
                (to([0, 1, 2, 3]), Verdict::CheckMartianDestination, Answers),
                (to([250, 1, 2, 3]), Verdict::CheckMartianDestination, Answers),
            ],
        },
        Difference {
            what: "IPv4 sources of the router's own",
            why: "it takes them for forged (RFC 1812 5.3.8 lets it); the oracle validates no source \
                  of a customer's",
            covers: |Arrival { packet, .. }| {
                packet.is_ipv4() && packet.source().is_some_and(router::is_own)
            },
            examples: vec![(from([172, 16, 1, 2]), Verdict::ForwardedCe, Drops)],
        },
        Difference {
            what: "the address of its other side",
            why: "a host knows all of its addresses; a customer of an MSEE knows one",
            covers: |Arrival { packet, .. }| packet.destination().is_some_and(router::is_own),
            examples: vec![
                (echo([172, 16, 2, 2]), Verdict::NoRoute, Answers),
                (echo6("2001:db8:272::2"), Verdict::NoRoute, Answers),
            ],
        },
        Difference {
            what: "IPv6 addresses that are unspecified, IPv4-mapped",
            why: "it checks the first only as a source of what it forwards, and the second nowhere",
            covers: |Arrival { packet, .. }| {
                packet.source().is_some_and(is_odd) || packet.destination().is_some_and(is_odd)
            },
            examples: vec![
                (from6("::ffff:10.10.0.9"), Verdict::CheckMartianSource, Forwards),
                (to6("::ffff:10.10.0.9"), Verdict::CheckMartianDestination, Answers),
                (to6("::"), Verdict::CheckMartianDestination, Answers),
            ],
        },
        Difference {
            what: "IPv6 groups",
            why: "it is a member of some, of sites too, and listens to more than to discovery",
            covers: |Arrival { packet, .. }| matches!(packet.destination(), Some(IpAddr::V6(a)) if a.is_multicast()),
            examples: vec![(solicitation("ff05::2"), Verdict::PortGroup, Answers)],
        },
        Difference {
            what: "IPv6 link-local sources of packets that turn back",
            why: "it leaves out its check of the source where it thinks of a redirect",
            covers: |Arrival { packet, turns_back }| {
                *turns_back && packet.source().is_some_and(is_link_local)
            },
            examples: vec![(turning_back("fe80::1"), Verdict::CheckLinkLocal, Answers)],
        },
        Difference {
            what: "tags of VLAN 0",
            why: "it takes them for no tag, as IEEE 802.1Q-2018 6.9 has it; a port here takes its own \
                  tags only",
            covers: |Arrival { packet, .. }| {
                packet.is_tagged() && packet.bytes.len() >= 2 && packet.word(0) & 0xfff == 0
            },
            examples: vec![(prioritised(), Verdict::PortTagged, Forwards)],
        },
    ]
}

/// Whether any of them covers a frame.
pub fn any(arrival: &Arrival<'_>) -> bool {
    all().iter().any(|difference| (difference.covers)(arrival))
}

/// 0/8 and 240/4, less the two addresses that mean something.
fn is_unusual(address: Option<IpAddr>) -> bool {
    let Some(IpAddr::V4(address)) = address else { return false };
    let means_something = address.is_unspecified() || address.is_broadcast();
    matches!(address.octets()[0], 0 | 240..) && !means_something
}

fn is_odd(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => {
            address == Ipv6Addr::UNSPECIFIED || address.to_ipv4_mapped().is_some()
        }
    }
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

#[test]
fn the_kernel_does_otherwise() {
    within(|| {
        router::set_up();
        let (oracle, mut wires) = (router::oracle(), Wires::open());
        for Difference { what, why, covers, examples } in all() {
            for (frame, verdict, instead) in examples {
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
        [] => Drops,
        _ if out_of("r1") => Forwards,
        _ if out_of("r0") => Answers,
        both => panic!("out of both: {both:02x?}"),
    }
}
