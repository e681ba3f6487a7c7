//! Stations, groups, ARP, and what is neither of the three EtherTypes.

use abi::verdict::Verdict::{
    self, ForwardedDirect as Direct, LocalArp, LocalKernel, LocalNoCpu, PortGroup, PortNotIp,
    PortWrongMac,
};

use super::{
    Case,
    Side::{self, Circuit, Fabric},
    To, table,
};
use crate::{
    compose::{Ipv4, Ipv6, echo, padded},
    scene::{CE, CE6, HUB, ON_PREM, OURS, VM, VM6},
};

const BROADCAST: To = To::Mac([0xff; 6]);
const ALL_HOSTS: To = To::Mac([0x01, 0x00, 0x5e, 0, 0, 1]);
/// A group of a locally administered address.
const LOCAL_GROUP: To = To::Mac([0x03, 0, 0, 0, 0, 1]);
const LLDP: To = To::Mac([0x01, 0x80, 0xc2, 0, 0, 0x0e]);

pub(super) fn cases() -> Vec<Case> {
    [stations(), arp(), ethertypes()].concat()
}

fn stations() -> Vec<Case> {
    let line = |name, side, to, ethertype, carried, verdict| Case {
        group: "station",
        name,
        side,
        to,
        ethertype,
        carried,
        verdict,
    };
    vec![
        line("IPv4 for another", Circuit, To::Other, 0x0800, ipv4, PortWrongMac),
        line("IPv6 for another", Circuit, To::Other, 0x86dd, ipv6, PortWrongMac),
        line("ARP for another", Circuit, To::Other, 0x0806, request, PortWrongMac),
        line("MPLS for another", Circuit, To::Other, 0x8847, ipv4, PortWrongMac),
        line("nothing for another", Circuit, To::Other, 0x0800, Vec::new, PortWrongMac),
        line("no station at all", Circuit, To::Mac([0; 6]), 0x0800, ipv4, PortWrongMac),
        line("IPv4 flooded by the fabric", Fabric, To::Other, 0x0800, upwards, PortWrongMac),
        line("IPv4 to all", Circuit, BROADCAST, 0x0800, ipv4, PortGroup),
        line("IPv4 to all hosts", Circuit, ALL_HOSTS, 0x0800, ipv4, PortGroup),
        line("IPv4 to a local group", Circuit, LOCAL_GROUP, 0x0800, ipv4, PortGroup),
        line("IPv4 to all, for the MSEE", Circuit, BROADCAST, 0x0800, ping, PortGroup),
        line("DHCP to all", Circuit, BROADCAST, 0x0800, dhcp, PortGroup),
        line("DHCP to all of a fabric", Fabric, BROADCAST, 0x0800, dhcp, PortGroup),
        line("nothing of IPv4 to all", Circuit, BROADCAST, 0x0800, Vec::new, PortGroup),
        line("IPv6 to all", Circuit, BROADCAST, 0x86dd, ipv6, PortGroup),
        line("IPv4 to the port", Circuit, To::Port, 0x0800, ipv4, Direct),
        line("IPv6 to the port", Circuit, To::Port, 0x86dd, ipv6, Direct),
        line("LLDP", Circuit, LLDP, 0x88cc, || vec![0; 46], PortNotIp),
        line("MPLS to all", Fabric, BROADCAST, 0x8847, ipv4, PortNotIp),
    ]
}

fn arp() -> Vec<Case> {
    let on = |side, verdict: Verdict| {
        let rows: &[super::Row] = &[
            ("request", request, verdict),
            ("reply", || arp_message(2), verdict),
            ("reverse request", || arp_message(3), verdict),
            ("padded", || padded(request(), 18), verdict),
            ("of one byte", || vec![0], verdict),
            ("of no byte", Vec::new, verdict),
        ];
        let group = match side {
            Side::Circuit => "arp",
            Side::Kernelless => "arp without kernel",
            Side::Fabric | Side::FarFabric => "arp on a fabric",
        };
        let mut cases = table(group, side, 0x0806, rows);
        // A request goes to all; anything may come to the port alone.
        if let Some(first) = cases.first().copied() {
            cases.push(Case { name: "request to all", to: BROADCAST, ..first });
        }
        cases
    };
    [on(Side::Circuit, LocalKernel), on(Side::Kernelless, LocalNoCpu), on(Side::Fabric, LocalArp)]
        .concat()
}

fn ethertypes() -> Vec<Case> {
    let line = |name, ethertype| Case {
        group: "ethertype",
        name,
        side: Side::Circuit,
        to: To::Port,
        ethertype,
        carried: ipv4,
        verdict: PortNotIp,
    };
    vec![
        line("0", 0),
        line("an 802.3 length", 84),
        line("an 802.3 length of 1,500", 1_500),
        line("0x0600", 0x0600),
        line("one before IPv4", 0x07ff),
        line("one behind IPv4", 0x0801),
        line("IPv4 in the wrong byte order", 0x0008),
        line("reverse ARP", 0x8035),
        line("one before a tag", 0x80ff),
        line("one behind a tag", 0x8101),
        line("one before IPv6", 0x86dc),
        line("one behind IPv6", 0x86de),
        line("MPLS", 0x8847),
        line("PPPoE session", 0x8864),
        line("one before an 802.1ad tag", 0x88a7),
        line("one behind an 802.1ad tag", 0x88a9),
        line("MACsec", 0x88e5),
        line("0x9100, once an outer tag", 0x9100),
        line("0x9200, once an outer tag", 0x9200),
        line("0xffff", 0xffff),
    ]
}

fn ipv4() -> Vec<u8> {
    Ipv4::udp(CE, VM).bytes()
}

fn ipv6() -> Vec<u8> {
    Ipv6::udp(CE6, VM6).bytes()
}

fn upwards() -> Vec<u8> {
    Ipv4::udp(VM, ON_PREM[0]).bytes()
}

fn ping() -> Vec<u8> {
    Ipv4 { protocol: 1, payload: echo(), ..Ipv4::udp(CE, OURS) }.bytes()
}

fn dhcp() -> Vec<u8> {
    Ipv4::udp([0; 4].into(), [255; 4].into()).bytes()
}

fn request() -> Vec<u8> {
    arp_message(1)
}

/// RFC 826, Ethernet and IPv4.
fn arp_message(operation: u8) -> Vec<u8> {
    let head = [0, 1, 8, 0, 6, 4, 0, operation];
    [&head[..], &[2, 0, 0, 0, 0xee, 1], &CE.octets(), &[0; 6], &HUB.octets()].concat()
}
