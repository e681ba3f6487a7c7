//! Lengths around what the next port carries. Its tags take of it: the customer's links of 1,500 carry
//! 1,500, 1,496 and 1,492.

use std::net::Ipv4Addr;

use abi::verdict::Verdict::{
    ForwardedCe as Ce, ForwardedDirect as Direct, ForwardedGateway as Gateway, LocalKernel,
    NeighbourUnresolved, NoRoute, TooBig, TooBigFragmentable as Fragmentable,
};

use super::{Case, circuit, fabric};
use crate::{
    compose::Ipv4,
    scene::{CE, FAR_VM, NOWHERE, ON_PREM, OURS, SILENT_VM, SPOKE, VM},
};

pub(super) fn cases() -> Vec<Case> {
    let customer = circuit(
        "ipv4 size",
        &[
            ("1,399 to a VM, Don't Fragment", || whole(VM, 1_399), Direct),
            ("1,400 to a VM, Don't Fragment", || whole(VM, 1_400), Direct),
            ("1,401 to a VM, Don't Fragment", || whole(VM, 1_401), TooBig),
            ("1,400 to a VM", || any(VM, 1_400), Direct),
            ("1,401 to a VM", || any(VM, 1_401), Fragmentable),
            ("1,401 to a gateway", || any(SPOKE, 1_401), Fragmentable),
            ("1,401 to a gateway, Don't Fragment", || whole(SPOKE, 1_401), TooBig),
            ("1,401 to the far gateway", || whole(FAR_VM, 1_401), Gateway),
            ("1,500 to the far gateway", || whole(FAR_VM, 1_500), Gateway),
            ("1,501 to the far gateway", || whole(FAR_VM, 1_501), TooBig),
            ("3,000 to a VM", || any(VM, 3_000), Fragmentable),
            ("1,401 to the MSEE", || whole(OURS, 1_401), LocalKernel),
            ("1,401 to nowhere", || whole(NOWHERE, 1_401), NoRoute),
            ("1,401 to a VM that is not known", || whole(SILENT_VM, 1_401), NeighbourUnresolved),
            ("20 to a VM", || any(VM, 20), Direct),
        ],
    );
    let vnet = fabric(
        "ipv4 size on a fabric",
        &[
            ("1,500, untagged", || up(0, 1_500), Ce),
            ("1,501, untagged", || up(0, 1_501), TooBig),
            ("1,496, 802.1Q", || up(1, 1_496), Ce),
            ("1,497, 802.1Q", || up(1, 1_497), TooBig),
            ("1,500, 802.1Q", || up(1, 1_500), TooBig),
            ("1,492, QinQ", || up(2, 1_492), Ce),
            ("1,493, QinQ", || up(2, 1_493), TooBig),
            ("1,492, QinQ of the other type", || up(3, 1_492), Ce),
            ("1,493, QinQ of the other type", || up(3, 1_493), TooBig),
            (
                "1,493, QinQ, may be cut",
                || Ipv4::udp(VM, ON_PREM[2]).of_length(1_493).bytes(),
                Fragmentable,
            ),
        ],
    );
    [customer, vnet].concat()
}

fn any(destination: Ipv4Addr, length: usize) -> Vec<u8> {
    Ipv4::udp(CE, destination).of_length(length).bytes()
}

fn whole(destination: Ipv4Addr, length: usize) -> Vec<u8> {
    let packet = Ipv4::udp(CE, destination).of_length(length);
    Ipv4 { fragmentation: Ipv4::DONT_FRAGMENT, ..packet }.bytes()
}

/// To the customer by one of the links.
fn up(link: usize, length: usize) -> Vec<u8> {
    let destination = ON_PREM.get(link).copied().unwrap_or(NOWHERE);
    let packet = Ipv4::udp(VM, destination).of_length(length);
    Ipv4 { fragmentation: Ipv4::DONT_FRAGMENT, ..packet }.bytes()
}
