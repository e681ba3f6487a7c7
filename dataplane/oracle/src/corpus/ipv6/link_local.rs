//! Link-local addresses, which end at the MSEE or nowhere (RFC 4291 2.5.6).

use std::net::Ipv6Addr;

use abi::verdict::Verdict::{
    CheckLinkLocal, CheckMartianDestination, CheckMartianSource, LocalKernel, LocalNd, LocalNoCpu,
};

use super::{Case, circuit, fabric, kernelless};
use crate::{
    compose::{Ipv6, echo6, neighbour, tcp},
    scene::{CE6, HUB6, NOWHERE6, ON_PREM6, OURS6, VM6},
};

const THEIRS: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const OWN: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);
/// The prefix is ten bits long.
const LAST: Ipv6Addr = Ipv6Addr::new(0xfebf, 0xffff, 0xffff, 0xffff, 0, 0, 0, 1);

pub(super) fn cases() -> Vec<Case> {
    let with_kernel = circuit(
        "ipv6 link-local",
        &[
            ("between the two", || udp(THEIRS, OWN), LocalKernel),
            ("BGP between the two", || of(THEIRS, OWN, 6, 255, tcp(179)), LocalKernel),
            ("echo request between the two", || echo(THEIRS, OWN), LocalKernel),
            ("echo request to the global address", || echo(THEIRS, OURS6), LocalKernel),
            ("to the global address", || udp(THEIRS, OURS6), LocalKernel),
            ("from the global address", || udp(CE6, OWN), LocalKernel),
            ("from afar", || udp(ON_PREM6[0], OWN), LocalKernel),
            ("to the last of the prefix", || udp(CE6, LAST), LocalKernel),
            ("with a hop limit of 0", || of(THEIRS, OWN, 17, 0, vec![0; 8]), LocalKernel),
            ("solicitation", || nd(THEIRS, OWN, 135, 255), LocalKernel),
            ("solicitation that was forwarded", || nd(THEIRS, OWN, 135, 254), LocalKernel),
            ("to a VM", || udp(THEIRS, VM6), CheckLinkLocal),
            ("of the last to a VM", || udp(LAST, VM6), CheckLinkLocal),
            ("to nowhere", || udp(THEIRS, NOWHERE6), CheckLinkLocal),
            (
                "to a VM, its hop limit ending",
                || of(THEIRS, VM6, 17, 1, vec![0; 8]),
                CheckLinkLocal,
            ),
            ("from ::1", || udp(Ipv6Addr::LOCALHOST, OWN), CheckMartianSource),
            ("to ::1", || udp(THEIRS, Ipv6Addr::LOCALHOST), CheckMartianDestination),
        ],
    );
    let without = kernelless(
        "ipv6 link-local without kernel",
        &[
            ("between the two", || udp(THEIRS, OWN), LocalNoCpu),
            ("to the global address", || udp(THEIRS, OURS6), LocalNoCpu),
            ("to a VM", || udp(THEIRS, VM6), CheckLinkLocal),
        ],
    );
    let vnet = fabric(
        "ipv6 link-local on a fabric",
        &[
            ("between the two", || udp(THEIRS, OWN), CheckLinkLocal),
            ("echo request", || echo(THEIRS, OWN), CheckLinkLocal),
            ("to the customer", || udp(THEIRS, ON_PREM6[0]), CheckLinkLocal),
            ("to the MSEE's address", || udp(THEIRS, HUB6), CheckLinkLocal),
            ("from the VM", || udp(VM6, OWN), CheckLinkLocal),
            ("solicitation", || nd(THEIRS, OWN, 135, 255), LocalNd),
            ("solicitation to the MSEE's address", || nd(THEIRS, HUB6, 135, 255), LocalNd),
            ("advertisement from the VM", || nd(VM6, OWN, 136, 255), LocalNd),
            ("solicitation that was forwarded", || nd(THEIRS, OWN, 135, 254), CheckLinkLocal),
            ("router solicitation", || nd(THEIRS, OWN, 133, 255), CheckLinkLocal),
            ("redirect", || nd(THEIRS, OWN, 137, 255), CheckLinkLocal),
        ],
    );
    [with_kernel, without, vnet].concat()
}

fn udp(source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
    Ipv6::udp(source, destination).bytes()
}

fn of(
    source: Ipv6Addr,
    destination: Ipv6Addr,
    next_header: u8,
    hop_limit: u8,
    payload: Vec<u8>,
) -> Vec<u8> {
    Ipv6 { next_header, hop_limit, payload, ..Ipv6::udp(source, destination) }.bytes()
}

fn echo(source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
    of(source, destination, 58, 64, echo6(source, destination))
}

fn nd(source: Ipv6Addr, destination: Ipv6Addr, kind: u8, hop_limit: u8) -> Vec<u8> {
    of(source, destination, 58, hop_limit, neighbour(source, destination, kind, destination))
}
