//! Differences about IPv4.

use std::net::IpAddr;

use abi::verdict::Verdict;

use super::{
    Arrival, Difference,
    Instead::{Answers, Drops, Forwards},
    examples::{from, long_last_fragment, optioned, to},
};
use crate::router;

pub(super) fn all() -> Vec<Difference> {
    vec![
        Difference {
            what: "IPv4 options",
            why: "it takes part in them (RFC 791 3.1), refuses source routes (RFC 7126 4.3, 4.4) and \
                  complains about broken ones; RFC 1812 4.2.2.1 lets a router do either",
            covers: |Arrival { packet, .. }| packet.is_ipv4() && packet.header_length() > 20,
            examples: || {
                vec![
                    (optioned(&[7, 7, 4, 0, 0, 0, 0, 0]), Verdict::ForwardedCe, Forwards),
                    (optioned(&[131, 7, 4, 10, 1, 3, 4, 0]), Verdict::ForwardedCe, Drops),
                    (optioned(&[7, 1, 4, 0]), Verdict::ForwardedCe, Answers),
                ]
            },
        },
        Difference {
            what: "IPv4 fragments past 65,535 bytes that must be cut again",
            why: "the offsets of the pieces run over into the flags; what becomes of them is a \
                  question to whoever fragments",
            covers: |Arrival { packet, .. }| {
                packet.is_ipv4() && packet.offset() + packet.length() > 65_535
            },
            examples: || vec![(long_last_fragment(), Verdict::TooBigFragmentable, Forwards)],
        },
        Difference {
            what: "IPv4 sources in 0/8 and 240/4",
            why: "Linux 5.3 made 0/8 an ordinary prefix, as 240/4 had been since 2.6.25",
            covers: |Arrival { packet, .. }| is_unusual(packet.source()),
            examples: || {
                vec![
                    (from([0, 1, 2, 3]), Verdict::CheckMartianSource, Forwards),
                    (from([250, 1, 2, 3]), Verdict::CheckMartianSource, Forwards),
                ]
            },
        },
        Difference {
            what: "IPv4 destinations in 0/8 and 240/4",
            why: "the same; here they have no route",
            covers: |Arrival { packet, .. }| is_unusual(packet.destination()),
            examples: || {
                vec![
                    (to([0, 1, 2, 3]), Verdict::CheckMartianDestination, Answers),
                    (to([250, 1, 2, 3]), Verdict::CheckMartianDestination, Answers),
                ]
            },
        },
        Difference {
            what: "IPv4 sources of the router's own",
            why: "it takes them for forged (RFC 1812 5.3.8 lets it); the oracle validates no source \
                  of a customer's",
            covers: |Arrival { packet, .. }| {
                packet.is_ipv4()
                    && packet.source().is_some_and(|address| {
                        router::owns("r0", address) || router::owns("r1", address)
                    })
            },
            examples: || vec![(from([172, 16, 1, 2]), Verdict::ForwardedCe, Drops)],
        },
    ]
}

/// 0/8 and 240/4, less the two addresses that mean something.
fn is_unusual(address: Option<IpAddr>) -> bool {
    let Some(IpAddr::V4(address)) = address else { return false };
    let means_something = address.is_unspecified() || address.is_broadcast();
    matches!(address.octets()[0], 0 | 240..) && !means_something
}
