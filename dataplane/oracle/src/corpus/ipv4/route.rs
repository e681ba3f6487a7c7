//! Longest match, at the edges of prefixes and inside of each other; next hops that are not known.

use std::net::Ipv4Addr;

use abi::verdict::Verdict::{
    self, ForwardedCe as Ce, ForwardedDirect as Direct, ForwardedGateway, NeighbourUnresolved,
    NoRoute,
};

use super::{Case, circuit, fabric, to};
use crate::{compose::Ipv4, scene::VM};

pub(super) const GATEWAY: Verdict = ForwardedGateway;

pub(super) fn cases() -> Vec<Case> {
    let customer = circuit(
        "ipv4 route",
        &[
            ("a host route", || to(10, 255, 10, 4), Direct),
            ("one before the host route", || to(10, 255, 10, 3), NoRoute),
            ("one behind the host routes", || to(10, 255, 10, 6), NoRoute),
            ("the first of a /16", || to(10, 254, 0, 0), GATEWAY),
            ("the last of a /16", || to(10, 254, 255, 255), GATEWAY),
            ("one before a /16", || to(10, 253, 255, 255), NoRoute),
            ("one behind the last /16", || to(10, 4, 0, 0), NoRoute),
            ("a host route inside of a /16", || to(10, 254, 10, 4), Direct),
            ("beside a host route inside of a /16", || to(10, 254, 10, 5), GATEWAY),
            ("the first of a /18 inside of a /16", || to(10, 254, 64, 0), GATEWAY),
            ("the last of a /18 inside of a /16", || to(10, 254, 127, 255), GATEWAY),
            ("the last before that /18", || to(10, 254, 63, 255), GATEWAY),
            ("a gateway of two instances", || to(10, 1, 3, 4), GATEWAY),
            ("back to the customer", || to(10, 10, 0, 9), Ce),
            ("to another link of the customer", || to(10, 12, 0, 9), Ce),
            ("a VM that is not known", || to(10, 255, 10, 5), NeighbourUnresolved),
            ("a customer edge that is not known", || to(10, 14, 0, 1), NeighbourUnresolved),
            ("a gateway of which no instance is known", || to(10, 3, 0, 1), NeighbourUnresolved),
            ("only another customer's default route", || to(8, 8, 8, 8), NoRoute),
        ],
    );
    let vnet = fabric(
        "ipv4 route from a fabric",
        &[
            ("to the customer, untagged", || sent_to(10, 10, 255, 255), Ce),
            ("to the customer, 802.1Q", || sent_to(10, 11, 0, 0), Ce),
            ("to the customer, QinQ", || sent_to(10, 12, 0, 0), Ce),
            ("to the customer, QinQ of the other type", || sent_to(10, 13, 0, 0), Ce),
            ("to nowhere", || sent_to(198, 51, 100, 1), NoRoute),
            ("to the VM itself", || sent_to(10, 255, 10, 4), Direct),
            ("to the other fabric", || sent_to(10, 1, 3, 4), GATEWAY),
            ("by another customer's default route", || by_fabrikam(8, 8, 8, 8), Ce),
            ("to the first address of that default route", || by_fabrikam(1, 0, 0, 0), Ce),
            ("to an address both customers have", || by_fabrikam(10, 255, 10, 4), Direct),
            ("to a prefix both customers have", || by_fabrikam(10, 10, 0, 9), Ce),
        ],
    );
    [customer, vnet].concat()
}

fn sent_to(a: u8, b: u8, c: u8, d: u8) -> Vec<u8> {
    Ipv4::udp(VM, Ipv4Addr::new(a, b, c, d)).bytes()
}

fn by_fabrikam(a: u8, b: u8, c: u8, d: u8) -> Vec<u8> {
    Ipv4::udp(Ipv4Addr::new(10, 254, 192, 7), Ipv4Addr::new(a, b, c, d)).bytes()
}
