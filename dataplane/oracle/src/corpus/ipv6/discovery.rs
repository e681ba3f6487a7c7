//! Neighbour Discovery, to groups of the link and to the MSEE's own addresses (RFC 4861).

use std::net::Ipv6Addr;

use abi::verdict::Verdict::{
    CheckMartianSource, CheckTotalLength, LocalKernel, LocalNd, LocalNoCpu, LocalUnreachable,
    PortGroup, SourceUnknown,
};

use super::{Case, Row, Side, circuit, fabric, kernelless, table};
use crate::{
    compose::{Ipv6, cut, extension, neighbour, with_number},
    corpus::To,
    scene::{CE6, HUB6, OURS6, VM6},
};

const NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
/// The solicited-node group of the addresses that end in 2 (RFC 4291 2.7.1).
const SOLICITED: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 2);
const SITE: Ipv6Addr = Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, 0, 2);
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

pub(super) fn cases() -> Vec<Case> {
    let own = circuit(
        "ipv6 discovery to the MSEE",
        &[
            ("solicitation", || nd(CE6, OURS6, 135), LocalKernel),
            ("advertisement", || nd(CE6, OURS6, 136), LocalKernel),
            (
                "duplicate address detection",
                || nd(Ipv6Addr::UNSPECIFIED, OURS6, 135),
                CheckMartianSource,
            ),
        ],
    );
    let own_without = kernelless(
        "ipv6 discovery to the MSEE without kernel",
        &[("solicitation", || nd(CE6, OURS6, 135), LocalNoCpu)],
    );
    let own_on_fabric = fabric(
        "ipv6 discovery to the MSEE on a fabric",
        &[
            ("solicitation", || nd(VM6, HUB6, 135), LocalNd),
            ("advertisement", || nd(VM6, HUB6, 136), LocalNd),
            ("solicitation that was forwarded", || forwarded(VM6, HUB6, 135), LocalUnreachable),
            ("router advertisement", || nd(VM6, HUB6, 134), LocalUnreachable),
            ("solicitation from a stranger", || nd(CE6, HUB6, 135), SourceUnknown),
            ("solicitation with a length too long", too_long, CheckTotalLength),
        ],
    );
    [group_on_circuit(), group_without_kernel(), group_on_fabric(), own, own_without, own_on_fabric]
        .concat()
}

fn group_on_circuit() -> Vec<Case> {
    to_group(
        "ipv6 discovery to a group",
        Side::Circuit,
        &[
            ("solicitation", || nd(CE6, SOLICITED, 135), LocalKernel),
            ("solicitation, link-local", || nd(LINK_LOCAL, SOLICITED, 135), LocalKernel),
            (
                "duplicate address detection",
                || nd(Ipv6Addr::UNSPECIFIED, SOLICITED, 135),
                LocalKernel,
            ),
            ("advertisement", || nd(LINK_LOCAL, NODES, 136), LocalKernel),
            ("router solicitation", || nd(LINK_LOCAL, ROUTERS, 133), LocalKernel),
            ("router advertisement", || nd(LINK_LOCAL, NODES, 134), LocalKernel),
            ("redirect", || nd(LINK_LOCAL, NODES, 137), LocalKernel),
            ("what comes before them", || nd(LINK_LOCAL, NODES, 132), PortGroup),
            ("what comes behind them", || nd(LINK_LOCAL, NODES, 138), PortGroup),
            ("echo request", || nd(LINK_LOCAL, NODES, 128), PortGroup),
            ("listener report", listener_report, PortGroup),
            ("solicitation that was forwarded", || forwarded(CE6, SOLICITED, 135), PortGroup),
            ("solicitation to a site", || nd(CE6, SITE, 135), PortGroup),
            ("solicitation to one address", || nd(CE6, OURS6, 135), PortGroup),
            ("solicitation of one byte", || cut(nd(CE6, SOLICITED, 135), 41), PortGroup),
            ("no byte of ICMPv6", || cut(nd(CE6, SOLICITED, 135), 40), PortGroup),
            ("a header cut short", || cut(nd(CE6, SOLICITED, 135), 39), PortGroup),
            ("nothing behind the EtherType", Vec::new, PortGroup),
            ("behind hop-by-hop options", behind_options, PortGroup),
            ("UDP", || Ipv6::udp(LINK_LOCAL, NODES).bytes(), PortGroup),
            ("a packet for a VM", || Ipv6::udp(CE6, VM6).bytes(), PortGroup),
        ],
    )
}

fn group_without_kernel() -> Vec<Case> {
    to_group(
        "ipv6 discovery to a group without kernel",
        Side::Kernelless,
        &[
            ("solicitation", || nd(CE6, SOLICITED, 135), LocalNoCpu),
            ("router solicitation", || nd(LINK_LOCAL, ROUTERS, 133), LocalNoCpu),
            ("UDP", || Ipv6::udp(LINK_LOCAL, NODES).bytes(), PortGroup),
        ],
    )
}

fn group_on_fabric() -> Vec<Case> {
    to_group(
        "ipv6 discovery to a group of a fabric",
        Side::Fabric,
        &[
            ("solicitation", || nd(VM6, SOLICITED, 135), LocalNd),
            ("solicitation, link-local", || nd(LINK_LOCAL, SOLICITED, 135), LocalNd),
            ("duplicate address detection", || nd(Ipv6Addr::UNSPECIFIED, SOLICITED, 135), LocalNd),
            ("solicitation from a stranger", || nd(CE6, SOLICITED, 135), LocalNd),
            ("advertisement", || nd(LINK_LOCAL, NODES, 136), LocalNd),
            ("router solicitation", || nd(LINK_LOCAL, ROUTERS, 133), PortGroup),
            ("router advertisement", || nd(LINK_LOCAL, NODES, 134), PortGroup),
            ("redirect", || nd(LINK_LOCAL, NODES, 137), PortGroup),
            ("solicitation that was forwarded", || forwarded(VM6, SOLICITED, 135), PortGroup),
            ("UDP", || Ipv6::udp(LINK_LOCAL, NODES).bytes(), PortGroup),
        ],
    )
}

fn to_group(group: &'static str, side: Side, rows: &[Row]) -> Vec<Case> {
    let mut cases = table(group, side, 0x86dd, rows);
    for case in &mut cases {
        case.to = To::Mac([0x33, 0x33, 0xff, 0, 0, 2]);
    }
    cases
}

fn nd(source: Ipv6Addr, destination: Ipv6Addr, kind: u8) -> Vec<u8> {
    limited(source, destination, kind, 255)
}

fn forwarded(source: Ipv6Addr, destination: Ipv6Addr, kind: u8) -> Vec<u8> {
    limited(source, destination, kind, 254)
}

fn limited(source: Ipv6Addr, destination: Ipv6Addr, kind: u8, hop_limit: u8) -> Vec<u8> {
    let payload = neighbour(source, destination, kind, OURS6);
    Ipv6 { next_header: 58, hop_limit, payload, ..Ipv6::udp(source, destination) }.bytes()
}

fn too_long() -> Vec<u8> {
    with_number(nd(VM6, HUB6, 135), 4, 33)
}

/// As nodes send it: behind a router alert (RFC 3810 5).
fn listener_report() -> Vec<u8> {
    let payload = extension(58, &[5, 2, 0, 0, 1, 0], &neighbour(LINK_LOCAL, NODES, 143, OURS6));
    Ipv6 { next_header: 0, hop_limit: 1, payload, ..Ipv6::udp(LINK_LOCAL, NODES) }.bytes()
}

/// RFC 4861 does not forbid it, and no node sends it.
fn behind_options() -> Vec<u8> {
    let payload = extension(58, &[1, 4, 0, 0, 0, 0], &neighbour(CE6, SOLICITED, 135, OURS6));
    Ipv6 { next_header: 0, hop_limit: 255, payload, ..Ipv6::udp(CE6, SOLICITED) }.bytes()
}
