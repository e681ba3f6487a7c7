//! VXLAN: into tunnels and out of them.

mod inner;
mod underlay;

use std::net::Ipv4Addr;

use abi::verdict::Verdict::{
    self, CheckTotalLength, ForwardedCe as Ce, ForwardedDirect as Direct,
    ForwardedGateway as Gateway, NeighbourUnresolved, TooBig, TooBigFragmentable,
    TunnelHostUnknown as HostUnknown, TunnelMalformed as Malformed, TunnelNotVxlan as NotVxlan,
    TunnelVniUnknown as VniUnknown,
};
use desired::MacAddress;

use super::{FrameCase, OTHER, SENDER, TUNNELS};
use crate::{
    compose::{Ipv4, Ipv6, Vxlan, cut, ethernet, padded, udp, with_length},
    scene::{
        CE, CE6, CONTOSO_VNI, ENDPOINT, FABRIKAM_VNI, HOSTLESS_VM, HOSTS, ON_PREM,
        SILENT_TUNNEL_VM, TUNNEL_SPOKE, TUNNEL_VM, TUNNEL_VM6, VM,
    },
};

const HOST: Ipv4Addr = HOSTS[0];

/// A frame for a fabric in the tunnel of a host.
pub(super) fn from_host(mac: MacAddress, frame: Vec<u8>) -> Vec<u8> {
    outside(mac, &Vxlan::new(CONTOSO_VNI, frame).packet(HOST, ENDPOINT).bytes())
}

pub(super) fn cases() -> Vec<FrameCase> {
    [underlay::cases(), datagram(), header(), inner::cases(), into()].concat()
}

/// A line of a table.
type Row = (&'static str, fn(MacAddress) -> Vec<u8>, Verdict);

fn table(group: &'static str, port: &'static str, rows: &[Row]) -> Vec<FrameCase> {
    rows.iter()
        .map(|(name, frame, verdict)| FrameCase {
            group,
            name,
            port,
            frame: *frame,
            verdict: *verdict,
        })
        .collect()
}

/// UDP.
fn datagram() -> Vec<FrameCase> {
    table(
        "tunnel datagram",
        TUNNELS,
        &[
            ("port 4788", |mac| sent(&Vxlan { port: 4_788, ..vxlan(mac) }, mac), NotVxlan),
            ("port 8472", |mac| sent(&Vxlan { port: 8_472, ..vxlan(mac) }, mac), NotVxlan),
            (
                "port 4789 in the wrong byte order",
                |mac| sent(&Vxlan { port: 0xb512, ..vxlan(mac) }, mac),
                NotVxlan,
            ),
            ("a checksum, wrong", |mac| sent(&Vxlan { sum: 0xbeef, ..vxlan(mac) }, mac), Ce),
            (
                "another port from no host",
                |mac| {
                    let vxlan = Vxlan { port: 53, ..vxlan(mac) };
                    outside(mac, &vxlan.packet(VM, ENDPOINT).bytes())
                },
                NotVxlan,
            ),
            ("nothing", |mac| carrying(mac, Vec::new()), Malformed),
            (
                "nothing, and padding like VXLAN",
                |mac| {
                    let padding = vxlan(mac).datagram();
                    let empty = Ipv4 { payload: Vec::new(), ..good(mac) }.bytes();
                    outside(mac, &[empty, padding].concat())
                },
                Malformed,
            ),
            ("seven bytes", |mac| carrying(mac, cut(vxlan(mac).datagram(), 7)), Malformed),
            (
                "a header alone",
                |mac| carrying(mac, with_length(cut(vxlan(mac).datagram(), 8), 8)),
                Malformed,
            ),
            (
                "half a VXLAN header",
                |mac| carrying(mac, with_length(cut(vxlan(mac).datagram(), 12), 12)),
                Malformed,
            ),
            (
                "a VXLAN header alone",
                |mac| carrying(mac, with_length(cut(vxlan(mac).datagram(), 16), 16)),
                Malformed,
            ),
            ("length 0", |mac| carrying(mac, with_length(vxlan(mac).datagram(), 0)), Malformed),
            ("length 7", |mac| carrying(mac, with_length(vxlan(mac).datagram(), 7)), Malformed),
            (
                "length 65535",
                |mac| carrying(mac, with_length(vxlan(mac).datagram(), 0xffff)),
                Malformed,
            ),
            (
                "one longer than the packet",
                |mac| {
                    let datagram = vxlan(mac).datagram();
                    let length = datagram.len();
                    carrying(mac, with_length(datagram, length + 1))
                },
                Malformed,
            ),
            (
                "one longer than the packet, which is padded",
                |mac| {
                    let datagram = vxlan(mac).datagram();
                    let length = datagram.len();
                    let packet = Ipv4 { payload: with_length(datagram, length + 1), ..good(mac) };
                    outside(mac, &padded(packet.bytes(), 1))
                },
                Malformed,
            ),
            (
                "shorter than the packet",
                |mac| {
                    let datagram = vxlan(mac).datagram();
                    let length = datagram.len();
                    carrying(mac, with_length(padded(datagram, 5), length))
                },
                Ce,
            ),
            (
                "cut off what it carries",
                |mac| {
                    let datagram = vxlan(mac).datagram();
                    let length = datagram.len();
                    carrying(mac, with_length(datagram, length - 1))
                },
                CheckTotalLength,
            ),
        ],
    )
}

/// VXLAN.
fn header() -> Vec<FrameCase> {
    let rows: &[Row] = &[
        (
            "no flag",
            |mac| sent(&Vxlan { header: [0, 0, 0, 0, 1, 2, 3, 0], ..vxlan(mac) }, mac),
            Malformed,
        ),
        (
            "all flags but the one",
            |mac| sent(&Vxlan { header: [0xf7, 0, 0, 0, 1, 2, 3, 0], ..vxlan(mac) }, mac),
            Malformed,
        ),
        (
            "all flags",
            |mac| sent(&Vxlan { header: [0xff, 0, 0, 0, 1, 2, 3, 0], ..vxlan(mac) }, mac),
            Ce,
        ),
        (
            "the flag in the wrong byte",
            |mac| sent(&Vxlan { header: [0, 8, 0, 0, 1, 2, 3, 0], ..vxlan(mac) }, mac),
            Malformed,
        ),
        (
            "all reserved bits",
            |mac| sent(&Vxlan { header: [8, 0xff, 0xff, 0xff, 1, 2, 3, 0xff], ..vxlan(mac) }, mac),
            Ce,
        ),
        ("network 0", |mac| network(mac, 0), VniUnknown),
        ("one network less", |mac| network(mac, CONTOSO_VNI - 1), VniUnknown),
        ("one network more", |mac| network(mac, CONTOSO_VNI + 1), VniUnknown),
        ("the network of another's high byte", |mac| network(mac, 0xff_0203), VniUnknown),
        ("the network shifted", |mac| network(mac, CONTOSO_VNI >> 8), VniUnknown),
        ("fabrikam's network", |mac| network(mac, FABRIKAM_VNI), Ce),
        (
            "an unknown network from no host",
            |mac| {
                outside(
                    mac,
                    &Vxlan { header: [8, 0, 0, 0, 0, 0, 9, 0], ..vxlan(mac) }
                        .packet(VM, ENDPOINT)
                        .bytes(),
                )
            },
            HostUnknown,
        ),
    ];
    table("tunnel header", TUNNELS, rows)
}

/// From a customer into tunnels. They take 50 bytes of the underlay's 1,450.
fn into() -> Vec<FrameCase> {
    table(
        "into a tunnel",
        "eth1",
        &[
            ("to a VM", |mac| inside(mac, &Ipv4::udp(CE, TUNNEL_VM).bytes()), Direct),
            (
                "IPv6 to a VM",
                |mac| ethernet(mac, SENDER, &[], 0x86dd, &Ipv6::udp(CE6, TUNNEL_VM6).bytes()),
                Direct,
            ),
            ("to a gateway", |mac| inside(mac, &Ipv4::udp(CE, TUNNEL_SPOKE).bytes()), Gateway),
            (
                "to a host that is not known",
                |mac| inside(mac, &Ipv4::udp(CE, HOSTLESS_VM).bytes()),
                NeighbourUnresolved,
            ),
            (
                "to a VM that is not known",
                |mac| inside(mac, &Ipv4::udp(CE, SILENT_TUNNEL_VM).bytes()),
                NeighbourUnresolved,
            ),
            ("1,400", |mac| inside(mac, &whole(1_400)), Direct),
            ("1,401", |mac| inside(mac, &whole(1_401)), TooBig),
            ("1,450", |mac| inside(mac, &whole(1_450)), TooBig),
            (
                "1,401 that may be cut",
                |mac| inside(mac, &Ipv4::udp(CE, TUNNEL_VM).of_length(1_401).bytes()),
                TooBigFragmentable,
            ),
            (
                "1,400 of IPv6",
                |mac| {
                    let packet = Ipv6::udp(CE6, TUNNEL_VM6).of_length(1_400).bytes();
                    ethernet(mac, SENDER, &[], 0x86dd, &packet)
                },
                Direct,
            ),
            (
                "1,401 of IPv6",
                |mac| {
                    let packet = Ipv6::udp(CE6, TUNNEL_VM6).of_length(1_401).bytes();
                    ethernet(mac, SENDER, &[], 0x86dd, &packet)
                },
                TooBig,
            ),
            ("padded", |mac| inside(mac, &padded(Ipv4::udp(CE, TUNNEL_VM).bytes(), 30)), Direct),
            (
                "with options",
                |mac| {
                    inside(mac, &Ipv4 { options: vec![1; 40], ..Ipv4::udp(CE, TUNNEL_VM) }.bytes())
                },
                Direct,
            ),
            (
                "of 20 bytes",
                |mac| {
                    inside(
                        mac,
                        &Ipv4 { payload: Vec::new(), protocol: 99, ..Ipv4::udp(CE, TUNNEL_VM) }
                            .bytes(),
                    )
                },
                Direct,
            ),
            (
                "VXLAN of a customer",
                |mac| inside(mac, &Vxlan::new(CONTOSO_VNI, udp(64)).packet(CE, TUNNEL_VM).bytes()),
                Direct,
            ),
        ],
    )
}

const BROADCAST: MacAddress = MacAddress([0xff; 6]);

/// What a host sends for a VM.
fn good(mac: MacAddress) -> Ipv4 {
    vxlan(mac).packet(HOST, ENDPOINT)
}

fn vxlan(mac: MacAddress) -> Vxlan {
    Vxlan::new(CONTOSO_VNI, frame(mac))
}

/// From a VM to the customer.
fn frame(mac: MacAddress) -> Vec<u8> {
    inside(mac, &Ipv4::udp(VM, ON_PREM[0]).bytes())
}

fn inside(mac: MacAddress, packet: &[u8]) -> Vec<u8> {
    ethernet(mac, SENDER, &[], 0x0800, packet)
}

fn outside(mac: MacAddress, packet: &[u8]) -> Vec<u8> {
    ethernet(mac, SENDER, &[], 0x0800, packet)
}

fn sent(vxlan: &Vxlan, mac: MacAddress) -> Vec<u8> {
    outside(mac, &vxlan.packet(HOST, ENDPOINT).bytes())
}

fn carrying(mac: MacAddress, payload: Vec<u8>) -> Vec<u8> {
    outside(mac, &Ipv4 { payload, ..good(mac) }.bytes())
}

fn network(mac: MacAddress, vni: u32) -> Vec<u8> {
    sent(&Vxlan::new(vni, frame(mac)), mac)
}

/// To a VM, and not to be cut.
fn whole(length: usize) -> Vec<u8> {
    let packet = Ipv4::udp(CE, TUNNEL_VM).of_length(length);
    Ipv4 { fragmentation: Ipv4::DONT_FRAGMENT, ..packet }.bytes()
}
