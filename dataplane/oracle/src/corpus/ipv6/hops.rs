//! Hop limit: it counts only on the way through (RFC 8200 3), and before the next hop.

use std::net::Ipv6Addr;

use abi::verdict::Verdict::{
    ForwardedCe as Ce, ForwardedDirect as Direct, ForwardedGateway as Gateway, LocalKernel,
    LocalUnreachable, NoRoute, TtlExpired,
};

use super::{Case, circuit, fabric, good};
use crate::{
    compose::Ipv6,
    scene::{CE6, HUB6, NOWHERE6, ON_PREM6, OURS6, SILENT_VM6, SPOKE6, VM6},
};

pub(super) fn cases() -> Vec<Case> {
    let customer = circuit(
        "ipv6 hop limit",
        &[
            ("0", || hops(0, VM6), TtlExpired),
            ("1", || hops(1, VM6), TtlExpired),
            ("2", || hops(2, VM6), Direct),
            ("3", || hops(3, VM6), Direct),
            ("128", || hops(128, VM6), Direct),
            ("255", || hops(255, VM6), Direct),
            ("2 to a gateway", || hops(2, SPOKE6), Gateway),
            ("0 to the MSEE", || hops(0, OURS6), LocalKernel),
            ("1 to the MSEE", || hops(1, OURS6), LocalKernel),
            ("0 to nowhere", || hops(0, NOWHERE6), NoRoute),
            ("1 to nowhere", || hops(1, NOWHERE6), NoRoute),
            ("1 to a VM that is not known", || hops(1, SILENT_VM6), TtlExpired),
            ("1 of a packet that is too long", too_long, TtlExpired),
        ],
    );
    let vnet = fabric(
        "ipv6 hop limit on a fabric",
        &[
            ("0", || from_vm(0, ON_PREM6[0]), TtlExpired),
            ("1", || from_vm(1, ON_PREM6[1]), TtlExpired),
            ("2", || from_vm(2, ON_PREM6[2]), Ce),
            ("1 to the MSEE", || from_vm(1, HUB6), LocalUnreachable),
        ],
    );
    [customer, vnet].concat()
}

fn hops(hop_limit: u8, destination: Ipv6Addr) -> Vec<u8> {
    Ipv6 { hop_limit, ..Ipv6::udp(CE6, destination) }.bytes()
}

fn from_vm(hop_limit: u8, destination: Ipv6Addr) -> Vec<u8> {
    Ipv6 { hop_limit, ..Ipv6::udp(VM6, destination) }.bytes()
}

fn too_long() -> Vec<u8> {
    Ipv6 { hop_limit: 1, ..good() }.of_length(1_401).bytes()
}
