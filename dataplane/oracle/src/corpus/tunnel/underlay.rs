//! What is outside of tunnels, and the packets that are their outside.

use abi::verdict::Verdict::{
    CheckChecksum, CheckMartianSource, CheckTotalLength, CheckVersion, ForwardedCe as Ce, LocalArp,
    PortGroup, PortTagged, PortWrongMac, TunnelFragment as Fragment,
    TunnelHostUnknown as HostUnknown, TunnelNotVxlan as NotVxlan,
};

use super::{BROADCAST, FrameCase, HOST, OTHER, SENDER, TUNNELS, good, outside, table, vxlan};
use crate::{
    compose::{Ipv4, Ipv6, cut, echo, ethernet, padded, with, with_number},
    scene::{ENDPOINT, HOSTS, HUB, ON_PREM, ON_PREM6, VM, VM6},
};

pub(super) fn cases() -> Vec<FrameCase> {
    [frames(), packets()].concat()
}

/// On the link.
fn frames() -> Vec<FrameCase> {
    table(
        "underlay",
        TUNNELS,
        &[
            ("a tunnel", |mac| outside(mac, &good(mac).bytes()), Ce),
            ("a tunnel to another station", |mac| outside(OTHER, &good(mac).bytes()), PortWrongMac),
            ("a tunnel to all", |mac| outside(BROADCAST, &good(mac).bytes()), PortGroup),
            ("ARP", |mac| ethernet(mac, SENDER, &[], 0x0806, &[0; 28]), LocalArp),
            ("ARP to all", |_| ethernet(BROADCAST, SENDER, &[], 0x0806, &[0; 28]), LocalArp),
            ("ARP to another", |_| ethernet(OTHER, SENDER, &[], 0x0806, &[0; 28]), PortWrongMac),
            (
                "IPv6",
                |mac| ethernet(mac, SENDER, &[], 0x86dd, &Ipv6::udp(VM6, ON_PREM6[0]).bytes()),
                NotVxlan,
            ),
            ("IPv6 to all", |_| ethernet(BROADCAST, SENDER, &[], 0x86dd, &[0x60; 60]), NotVxlan),
            ("LLDP", |mac| ethernet(mac, SENDER, &[], 0x88cc, &[0; 46]), NotVxlan),
            (
                "a VNet's packet in no tunnel",
                |mac| outside(mac, &Ipv4::udp(VM, ON_PREM[0]).bytes()),
                NotVxlan,
            ),
            (
                "802.1Q around a tunnel",
                |mac| ethernet(mac, SENDER, &[(0x8100, 100)], 0x0800, &good(mac).bytes()),
                PortTagged,
            ),
            (
                "priority around a tunnel",
                |mac| ethernet(mac, SENDER, &[(0x8100, 0)], 0x0800, &good(mac).bytes()),
                PortTagged,
            ),
        ],
    )
}

/// From endpoint to endpoint.
fn packets() -> Vec<FrameCase> {
    table(
        "outer packet",
        TUNNELS,
        &[
            (
                "to another endpoint",
                |mac| outside(mac, &vxlan(mac).packet(HOST, HOSTS[1]).bytes()),
                NotVxlan,
            ),
            (
                "to a VNet's address",
                |mac| outside(mac, &vxlan(mac).packet(HOST, HUB).bytes()),
                NotVxlan,
            ),
            (
                "an echo request to the endpoint",
                |mac| outside(mac, &Ipv4 { protocol: 1, payload: echo(), ..good(mac) }.bytes()),
                NotVxlan,
            ),
            (
                "TCP to the endpoint",
                |mac| outside(mac, &Ipv4 { protocol: 6, ..good(mac) }.bytes()),
                NotVxlan,
            ),
            (
                "from no host",
                |mac| outside(mac, &vxlan(mac).packet([192, 168, 7, 99].into(), ENDPOINT).bytes()),
                HostUnknown,
            ),
            (
                "from the endpoint itself",
                |mac| outside(mac, &vxlan(mac).packet(ENDPOINT, ENDPOINT).bytes()),
                HostUnknown,
            ),
            (
                "from a VM's address",
                |mac| outside(mac, &vxlan(mac).packet(VM, ENDPOINT).bytes()),
                HostUnknown,
            ),
            (
                "from a host whose MAC address is not known",
                |mac| outside(mac, &vxlan(mac).packet(HOSTS[2], ENDPOINT).bytes()),
                Ce,
            ),
            (
                "from a martian",
                |mac| outside(mac, &vxlan(mac).packet([127, 0, 0, 1].into(), ENDPOINT).bytes()),
                CheckMartianSource,
            ),
            (
                "with options",
                |mac| outside(mac, &Ipv4 { options: vec![1; 8], ..good(mac) }.bytes()),
                Ce,
            ),
            (
                "with all the options there is room for",
                |mac| outside(mac, &Ipv4 { options: vec![1; 40], ..good(mac) }.bytes()),
                Ce,
            ),
            (
                "that may be fragmented",
                |mac| outside(mac, &Ipv4 { fragmentation: 0, ..good(mac) }.bytes()),
                Ce,
            ),
            (
                "the first fragment",
                |mac| outside(mac, &Ipv4 { fragmentation: 0x2000, ..good(mac) }.bytes()),
                Fragment,
            ),
            (
                "the last fragment",
                |mac| outside(mac, &Ipv4 { fragmentation: 100, ..good(mac) }.bytes()),
                Fragment,
            ),
            ("of TTL 1", |mac| outside(mac, &Ipv4 { ttl: 1, ..good(mac) }.bytes()), Ce),
            ("of TTL 0", |mac| outside(mac, &Ipv4 { ttl: 0, ..good(mac) }.bytes()), Ce),
            (
                "of another service",
                |mac| outside(mac, &Ipv4 { service: 0xb9, ..good(mac) }.bytes()),
                Ce,
            ),
            (
                "of a wrong checksum",
                |mac| outside(mac, &with_number(good(mac).bytes(), 10, 0x1234)),
                CheckChecksum,
            ),
            ("of version 6", |mac| outside(mac, &with(good(mac).bytes(), 0, 0x65)), CheckVersion),
            (
                "one byte short",
                |mac| {
                    let bytes = good(mac).bytes();
                    let length = bytes.len() - 1;
                    outside(mac, &cut(bytes, length))
                },
                CheckTotalLength,
            ),
            ("padded", |mac| outside(mac, &padded(good(mac).bytes(), 9)), Ce),
        ],
    )
}
