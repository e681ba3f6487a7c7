//! The links to customer edges.

use desired::{CircuitPort, Ipv6Link, MacAddress, ServiceEthertype, Tags};
use ipnetwork::{Ipv4Network, Ipv6Network};

use super::{CE, CE6, CONTOSO, FABRIKAM, OURS, OURS6, port, station};
use crate::{Port, PortKind};

/// One link: interface and index, tags, index of its cpu veth's far end, number of the customer edge
/// (none: not known yet).
struct Link {
    interface: &'static str,
    ifindex: u32,
    tags: Tags,
    cpu: Option<u32>,
    station: Option<u8>,
}

const DOT1Q: ServiceEthertype = ServiceEthertype::Dot1q;
const DOT1AD: ServiceEthertype = ServiceEthertype::Dot1ad;

const LINKS: [Link; 8] = [
    link("eth1", 1, Tags::Untagged, Some(11), Some(1)),
    link("eth1", 1, Tags::Dot1q { vlan: 100 }, Some(12), Some(2)),
    link("eth1", 1, qinq(20, DOT1Q), Some(13), Some(3)),
    link("eth1", 1, qinq(21, DOT1AD), Some(14), Some(4)),
    link("eth4", 4, Tags::Untagged, None, Some(1)),
    link("eth4", 4, Tags::Dot1q { vlan: 100 }, None, None),
    link("eth4", 4, qinq(20, DOT1AD), None, Some(3)),
    link("eth5", 5, Tags::Dot1q { vlan: 200 }, Some(15), Some(1)),
];

const fn link(
    interface: &'static str,
    ifindex: u32,
    tags: Tags,
    cpu: Option<u32>,
    station: Option<u8>,
) -> Link {
    Link { interface, ifindex, tags, cpu, station }
}

const fn qinq(service: u16, ethertype: ServiceEthertype) -> Tags {
    Tags::Qinq { service, customer: 100, ethertype }
}

impl Link {
    fn name(&self) -> String {
        format!("{}{}", self.interface, self.tags)
    }

    fn is_fabrikams(&self) -> bool {
        self.ifindex == 5
    }
}

pub(super) fn ports() -> impl Iterator<Item = (String, CircuitPort)> {
    LINKS.iter().map(|link| {
        let owner = if link.is_fabrikams() { FABRIKAM } else { CONTOSO };
        let ipv6 = (!link.is_fabrikams()).then(ipv6_link).flatten();
        let port = CircuitPort {
            bandwidth: None,
            validate_source: false,
            circuit: owner.to_owned(),
            vrf: owner.to_owned(),
            interface: link.interface.to_owned(),
            tags: link.tags,
            cpu: link.cpu.map(cpu_name),
            address: Ipv4Network::new_checked(OURS, 30).unwrap_or(Ipv4Network::from(OURS)),
            peer: CE,
            peer_mac: link.station.map(|number| mac(link, number)),
            ipv6,
        };
        (link.name(), port)
    })
}

pub(super) fn bound() -> Vec<Port> {
    let wires = LINKS.iter().map(|link| port(&link.name(), link.ifindex, 1_500, PortKind::Circuit));
    let cpus = LINKS
        .iter()
        .filter_map(|link| link.cpu)
        .map(|ifindex| port(&cpu_name(ifindex), ifindex, 1_500, PortKind::Cpu));
    wires.chain(cpus).collect()
}

fn ipv6_link() -> Option<Ipv6Link> {
    Some(Ipv6Link { address: Ipv6Network::new_checked(OURS6, 126)?, peer: CE6 })
}

fn mac(link: &Link, number: u8) -> MacAddress {
    station(link.ifindex as u8, number)
}

fn cpu_name(ifindex: u32) -> String {
    format!("xcpu{}", ifindex - 10)
}
