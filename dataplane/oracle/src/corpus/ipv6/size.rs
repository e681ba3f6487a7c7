//! Lengths around what the next port carries: no router cuts a packet (RFC 8200 4.5, 5).

use std::net::Ipv6Addr;

use abi::verdict::Verdict::{
    ForwardedCe as Ce, ForwardedDirect as Direct, ForwardedGateway as Gateway, LocalKernel,
    NeighbourUnresolved, NoRoute, TooBig,
};

use super::{Case, circuit, fabric};
use crate::{
    compose::Ipv6,
    scene::{CE6, FAR_VM6, NOWHERE6, ON_PREM6, OURS6, SILENT_VM6, SPOKE6, VM6},
};

pub(super) fn cases() -> Vec<Case> {
    let customer = circuit(
        "ipv6 size",
        &[
            ("40", || sized(VM6, 40), Direct),
            ("1,280", || sized(VM6, 1_280), Direct),
            ("1,399 to a VM", || sized(VM6, 1_399), Direct),
            ("1,400 to a VM", || sized(VM6, 1_400), Direct),
            ("1,401 to a VM", || sized(VM6, 1_401), TooBig),
            ("1,400 to a gateway", || sized(SPOKE6, 1_400), Gateway),
            ("1,401 to a gateway", || sized(SPOKE6, 1_401), TooBig),
            ("1,440 to a VM, which is 1,400 of payload", || sized(VM6, 1_440), TooBig),
            ("1,500 to the far gateway", || sized(FAR_VM6, 1_500), Gateway),
            ("1,501 to the far gateway", || sized(FAR_VM6, 1_501), TooBig),
            ("3,000 to a VM", || sized(VM6, 3_000), TooBig),
            ("1,401 to the MSEE", || sized(OURS6, 1_401), LocalKernel),
            ("1,401 to nowhere", || sized(NOWHERE6, 1_401), NoRoute),
            ("1,401 to a VM that is not known", || sized(SILENT_VM6, 1_401), NeighbourUnresolved),
        ],
    );
    let vnet = fabric(
        "ipv6 size on a fabric",
        &[
            ("1,500, untagged", || up(0, 1_500), Ce),
            ("1,501, untagged", || up(0, 1_501), TooBig),
            ("1,496, 802.1Q", || up(1, 1_496), Ce),
            ("1,497, 802.1Q", || up(1, 1_497), TooBig),
            ("1,492, QinQ", || up(2, 1_492), Ce),
            ("1,493, QinQ", || up(2, 1_493), TooBig),
            ("1,493, QinQ of the other type", || up(3, 1_493), TooBig),
        ],
    );
    [customer, vnet].concat()
}

fn sized(destination: Ipv6Addr, length: usize) -> Vec<u8> {
    Ipv6::udp(CE6, destination).of_length(length).bytes()
}

/// To the customer by one of the links.
fn up(link: usize, length: usize) -> Vec<u8> {
    let destination = ON_PREM6.get(link).copied().unwrap_or(NOWHERE6);
    Ipv6::udp(VM6, destination).of_length(length).bytes()
}
