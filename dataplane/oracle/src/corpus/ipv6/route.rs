//! Longest match, at the edges of prefixes and inside of each other; next hops that are not known.

use abi::verdict::Verdict::{
    ForwardedCe as Ce, ForwardedDirect as Direct, ForwardedGateway as Gateway, NeighbourUnresolved,
    NoRoute,
};

use super::{Case, address, circuit, fabric, to};
use crate::{compose::Ipv6, scene::VM6};

const LAST: u16 = 0xffff;

pub(super) fn cases() -> Vec<Case> {
    let customer = circuit(
        "ipv6 route",
        &[
            ("a host route", || to([0x2001, 0xdb8, 0xff, 0xa, 0, 0, 0, 4]), Direct),
            ("one before the host route", || to([0x2001, 0xdb8, 0xff, 0xa, 0, 0, 0, 3]), NoRoute),
            ("the first of a /48", || to([0x2001, 0xdb8, 0xfe, 0, 0, 0, 0, 0]), Gateway),
            (
                "the last of a /48",
                || to([0x2001, 0xdb8, 0xfe, LAST, LAST, LAST, LAST, LAST]),
                Gateway,
            ),
            (
                "one before a /48",
                || to([0x2001, 0xdb8, 0xfd, LAST, LAST, LAST, LAST, LAST]),
                NoRoute,
            ),
            ("a host route inside of a /48", || to([0x2001, 0xdb8, 0xfe, 0xa, 0, 0, 0, 4]), Direct),
            ("beside it", || to([0x2001, 0xdb8, 0xfe, 0xa, 0, 0, 0, 5]), Gateway),
            (
                "the first of a /58 inside of a /48",
                || to([0x2001, 0xdb8, 0xfe, 0x40, 0, 0, 0, 0]),
                Gateway,
            ),
            ("the last of it", || to([0x2001, 0xdb8, 0xfe, 0x7f, LAST, LAST, LAST, LAST]), Gateway),
            ("one behind it", || to([0x2001, 0xdb8, 0xfe, 0x80, 0, 0, 0, 0]), Gateway),
            ("a gateway of two instances", || to([0x2001, 0xdb8, 1, 3, 0, 0, 0, 4]), Gateway),
            ("back to the customer", || to([0x2001, 0xdb8, 0x10, 0, 0, 0, 0, 9]), Ce),
            ("to another link of the customer", || to([0x2001, 0xdb8, 0x12, 0, 0, 0, 0, 9]), Ce),
            (
                "a VM that is not known",
                || to([0x2001, 0xdb8, 0xff, 0xa, 0, 0, 0, 5]),
                NeighbourUnresolved,
            ),
            (
                "a customer edge that is not known",
                || to([0x2001, 0xdb8, 0x14, 0, 0, 0, 0, 1]),
                NeighbourUnresolved,
            ),
            (
                "a gateway of unknown instances",
                || to([0x2001, 0xdb8, 3, 0, 0, 0, 0, 1]),
                NeighbourUnresolved,
            ),
            (
                "only another customer's default route",
                || to([0x2600, 0, 0, 0, 0, 0, 0, 1]),
                NoRoute,
            ),
        ],
    );
    let vnet = fabric(
        "ipv6 route from a fabric",
        &[
            ("to the customer, untagged", || sent_to([0x2001, 0xdb8, 0x10, 0, 0, 0, 0, 9]), Ce),
            ("to the customer, 802.1Q", || sent_to([0x2001, 0xdb8, 0x11, 0, 0, 0, 0, 9]), Ce),
            ("to the customer, QinQ", || sent_to([0x2001, 0xdb8, 0x12, 0, 0, 0, 0, 9]), Ce),
            (
                "to the customer, QinQ of the other type",
                || sent_to([0x2001, 0xdb8, 0x13, 0, 0, 0, 0, 9]),
                Ce,
            ),
            ("to nowhere", || sent_to([0x2001, 0xdb8, 0xdead, 0, 0, 0, 0, 1]), NoRoute),
            ("to the other fabric", || sent_to([0x2001, 0xdb8, 1, 3, 0, 0, 0, 4]), Gateway),
            (
                "by another customer's default route",
                || by_fabrikam([0x2600, 0, 0, 0, 0, 0, 0, 1]),
                Gateway,
            ),
            (
                "to an address only the other has",
                || by_fabrikam([0x2001, 0xdb8, 0xff, 0xa, 0, 0, 0, 4]),
                Gateway,
            ),
            (
                "to a prefix both customers have",
                || by_fabrikam([0x2001, 0xdb8, 0x10, 0, 0, 0, 0, 9]),
                Ce,
            ),
        ],
    );
    [customer, vnet].concat()
}

fn sent_to(destination: super::Groups) -> Vec<u8> {
    Ipv6::udp(VM6, address(destination)).bytes()
}

fn by_fabrikam(destination: super::Groups) -> Vec<u8> {
    Ipv6::udp(address([0x2001, 0xdb8, 0xfe, 0xc0, 0, 0, 0, 7]), address(destination)).bytes()
}
