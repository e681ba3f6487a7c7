//! Differences about IPv6.

use std::net::{IpAddr, Ipv6Addr};

use abi::verdict::Verdict;

use super::{
    Arrival, Difference,
    Instead::{Answers, Drops, Forwards},
    examples::{from6, hop_by_hop, solicitation, to6, turning_back},
};

pub(super) fn all() -> Vec<Difference> {
    vec![
        Difference {
            what: "IPv6 hop-by-hop options",
            why: "it reads them as RFC 2460 had it; RFC 8200 4 leaves them to routers that are told to",
            covers: |Arrival { packet, .. }| packet.is_ipv6() && packet.protocol() == 0,
            examples: || {
                vec![
                    (hop_by_hop([0x5e, 4, 0, 0, 0, 0]), Verdict::ForwardedCe, Drops),
                    (hop_by_hop([0xde, 4, 0, 0, 0, 0]), Verdict::ForwardedCe, Answers),
                ]
            },
        },
        Difference {
            what: "IPv6 addresses that are unspecified or IPv4-mapped",
            why: "it checks the first only as a source of what it forwards, and the second nowhere",
            covers: |Arrival { packet, .. }| {
                packet.source().is_some_and(is_odd) || packet.destination().is_some_and(is_odd)
            },
            examples: || {
                vec![
                    (from6("::ffff:10.10.0.9"), Verdict::CheckMartianSource, Forwards),
                    (to6("::ffff:10.10.0.9"), Verdict::CheckMartianDestination, Answers),
                    (to6("::"), Verdict::CheckMartianDestination, Answers),
                ]
            },
        },
        Difference {
            what: "IPv6 groups",
            why: "it is a member of some, of sites too, and listens to more than to discovery",
            covers: |Arrival { packet, .. }| matches!(packet.destination(), Some(IpAddr::V6(a)) if a.is_multicast()),
            examples: || vec![(solicitation("ff05::2"), Verdict::PortGroup, Answers)],
        },
        Difference {
            what: "IPv6 link-local sources of packets that turn back",
            why: "it leaves out its check of the source where it thinks of a redirect",
            covers: |Arrival { packet, turns_back, .. }| {
                *turns_back && packet.source().is_some_and(is_link_local)
            },
            examples: || vec![(turning_back("fe80::1"), Verdict::CheckLinkLocal, Answers)],
        },
    ]
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
