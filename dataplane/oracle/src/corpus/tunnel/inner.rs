//! The frame in a tunnel.

use abi::verdict::Verdict::{
    self, ForwardedCe as Ce, ForwardedDirect as Direct, LocalArp, LocalEcho, LocalUnreachable,
    PortGroup, PortNotIp, PortTagged, PortTruncated, PortWrongMac, SourceUnknown, TtlExpired,
    TunnelMalformed as Malformed,
};

use super::{
    BROADCAST, FrameCase, HOST, OTHER, SENDER, TUNNELS, frame, from_host, good, inside, outside,
    table,
};
use crate::{
    compose::{Ipv4, Ipv6, Vxlan, cut, echo, ethernet, padded},
    scene::{CE, ENDPOINT, FABRIKAM_VNI, HUB, ON_PREM, ON_PREM6, SPOKE, TUNNEL_VM, VM, VM6},
};

pub(super) fn cases() -> Vec<FrameCase> {
    [frames(), packets()].concat()
}

/// Ethernet.
fn frames() -> Vec<FrameCase> {
    table(
        "in a tunnel",
        TUNNELS,
        &[
            ("a runt of 13 bytes", |mac| from_host(mac, cut(frame(mac), 13)), Malformed),
            ("an Ethernet header alone", |mac| from_host(mac, cut(frame(mac), 14)), PortTruncated),
            ("half an IPv4 header", |mac| from_host(mac, cut(frame(mac), 24)), PortTruncated),
            (
                "for another station",
                |mac| from_host(mac, inside(OTHER, &Ipv4::udp(VM, ON_PREM[0]).bytes())),
                PortWrongMac,
            ),
            (
                "to all",
                |mac| from_host(mac, inside(BROADCAST, &Ipv4::udp(VM, ON_PREM[0]).bytes())),
                PortGroup,
            ),
            (
                "ARP to all",
                |mac| from_host(mac, ethernet(BROADCAST, SENDER, &[], 0x0806, &[0; 28])),
                LocalArp,
            ),
            ("MPLS", |mac| from_host(mac, ethernet(mac, SENDER, &[], 0x8847, &[0; 28])), PortNotIp),
            (
                "802.1Q",
                |mac| from_host(mac, ethernet(mac, SENDER, &[(0x8100, 100)], 0x0800, &[0x45; 40])),
                PortTagged,
            ),
            (
                "802.1ad",
                |mac| from_host(mac, ethernet(mac, SENDER, &[(0x88a8, 100)], 0x0800, &[0x45; 40])),
                PortTagged,
            ),
            (
                "priority",
                |mac| from_host(mac, ethernet(mac, SENDER, &[(0x8100, 0)], 0x0800, &[0x45; 40])),
                PortTagged,
            ),
            (
                "802.1Q for another station",
                |mac| from_host(mac, ethernet(OTHER, SENDER, &[(0x8100, 1)], 0x0800, &[0x45; 40])),
                PortTagged,
            ),
            (
                "half a tag",
                |mac| from_host(mac, cut(ethernet(mac, SENDER, &[(0x8100, 1)], 0x0800, &[]), 15)),
                PortTagged,
            ),
            ("padding", |mac| from_host(mac, padded(frame(mac), 7)), Ce),
        ],
    )
}

/// What it carries.
fn packets() -> Vec<FrameCase> {
    table(
        "packet in a tunnel",
        TUNNELS,
        &[
            (
                "a source of no VNet",
                |mac| from_host(mac, inside(mac, &Ipv4::udp(CE, ON_PREM[0]).bytes())),
                SourceUnknown,
            ),
            (
                "a source of another network's VNet",
                |mac| {
                    let packet = Ipv4::udp(SPOKE, ON_PREM[0]).bytes();
                    outside(
                        mac,
                        &Vxlan::new(FABRIKAM_VNI, inside(mac, &packet))
                            .packet(HOST, ENDPOINT)
                            .bytes(),
                    )
                },
                SourceUnknown,
            ),
            (
                "a tunnel in a tunnel",
                |mac| from_host(mac, outside(mac, &good(mac).bytes())),
                SourceUnknown,
            ),
            (
                "an echo request to the MSEE",
                |mac| {
                    let packet = Ipv4 { protocol: 1, payload: echo(), ..Ipv4::udp(VM, HUB) };
                    from_host(mac, inside(mac, &packet.bytes()))
                },
                LocalEcho,
            ),
            (
                "UDP to the MSEE",
                |mac| from_host(mac, inside(mac, &Ipv4::udp(VM, HUB).bytes())),
                LocalUnreachable,
            ),
            (
                "UDP to the endpoint",
                |mac| from_host(mac, inside(mac, &Ipv4::udp(VM, ENDPOINT).bytes())),
                Verdict::NoRoute,
            ),
            (
                "TTL 1",
                |mac| {
                    from_host(
                        mac,
                        inside(mac, &Ipv4 { ttl: 1, ..Ipv4::udp(VM, ON_PREM[0]) }.bytes()),
                    )
                },
                TtlExpired,
            ),
            (
                "IPv6",
                |mac| {
                    let packet = Ipv6::udp(VM6, ON_PREM6[1]).bytes();
                    from_host(mac, ethernet(mac, SENDER, &[], 0x86dd, &packet))
                },
                Ce,
            ),
            (
                "back into a tunnel",
                |mac| from_host(mac, inside(mac, &Ipv4::udp(VM, TUNNEL_VM).bytes())),
                Direct,
            ),
            (
                "to a VM of the other fabric",
                |mac| from_host(mac, inside(mac, &Ipv4::udp(SPOKE, VM).bytes())),
                Direct,
            ),
        ],
    )
}
