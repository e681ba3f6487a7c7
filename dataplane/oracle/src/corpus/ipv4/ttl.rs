//! TTL: it counts only on the way through (RFC 1812 5.3.1), and before the next hop.

use std::net::Ipv4Addr;

use abi::verdict::Verdict::{
    ForwardedCe as Ce, ForwardedDirect as Direct, ForwardedGateway as Gateway, LocalEcho,
    LocalKernel, LocalUnreachable, NoRoute, SourceUnknown, TtlExpired,
};

use super::{Case, circuit, fabric, good};
use crate::{
    compose::{Ipv4, echo},
    scene::{CE, HUB, NOWHERE, ON_PREM, OURS, SILENT_VM, SPOKE, VM},
};

pub(super) fn cases() -> Vec<Case> {
    let customer = circuit(
        "ipv4 ttl",
        &[
            ("0", || ttl(0, VM), TtlExpired),
            ("1", || ttl(1, VM), TtlExpired),
            ("2", || ttl(2, VM), Direct),
            ("3", || ttl(3, VM), Direct),
            ("127", || ttl(127, VM), Direct),
            ("128", || ttl(128, VM), Direct),
            ("254", || ttl(254, VM), Direct),
            ("255", || ttl(255, VM), Direct),
            ("1 to a gateway", || ttl(1, SPOKE), TtlExpired),
            ("2 to a gateway, which is its own router", || ttl(2, SPOKE), Gateway),
            ("0 to the MSEE", || ttl(0, OURS), LocalKernel),
            ("1 to the MSEE", || ttl(1, OURS), LocalKernel),
            ("1 of an echo request to the MSEE", echo_of_one, LocalEcho),
            ("0 to nowhere", || ttl(0, NOWHERE), NoRoute),
            ("1 to nowhere", || ttl(1, NOWHERE), NoRoute),
            ("1 to a VM that is not known", || ttl(1, SILENT_VM), TtlExpired),
            ("1 of a packet that is too long", too_long, TtlExpired),
            ("1 of an ICMP error", error_of_one, TtlExpired),
        ],
    );
    let vnet = fabric(
        "ipv4 ttl on a fabric",
        &[
            ("0", || Ipv4 { ttl: 0, ..Ipv4::udp(VM, ON_PREM[0]) }.bytes(), TtlExpired),
            ("1", || Ipv4 { ttl: 1, ..Ipv4::udp(VM, ON_PREM[1]) }.bytes(), TtlExpired),
            ("2", || Ipv4 { ttl: 2, ..Ipv4::udp(VM, ON_PREM[2]) }.bytes(), Ce),
            ("1 to the MSEE", || Ipv4 { ttl: 1, ..Ipv4::udp(VM, HUB) }.bytes(), LocalUnreachable),
            ("1 of no VNet", || Ipv4 { ttl: 1, ..Ipv4::udp(CE, VM) }.bytes(), SourceUnknown),
        ],
    );
    [customer, vnet].concat()
}

fn ttl(ttl: u8, destination: Ipv4Addr) -> Vec<u8> {
    Ipv4 { ttl, ..Ipv4::udp(CE, destination) }.bytes()
}

fn echo_of_one() -> Vec<u8> {
    Ipv4 { ttl: 1, protocol: 1, payload: echo(), ..Ipv4::udp(CE, OURS) }.bytes()
}

fn too_long() -> Vec<u8> {
    Ipv4 { ttl: 1, fragmentation: Ipv4::DONT_FRAGMENT, ..good() }.of_length(1_401).bytes()
}

/// Nothing may be said about it (RFC 1812 4.3.2.7), but that is for whoever would say it.
fn error_of_one() -> Vec<u8> {
    let payload = crate::compose::icmp(11, 0, &[0; 32]);
    Ipv4 { ttl: 1, protocol: 1, payload, ..good() }.bytes()
}
