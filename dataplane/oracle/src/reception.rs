//! What a station on the wire sent: for us or not, IP or not.

use abi::verdict::Verdict;
use desired::MacAddress;

use crate::{
    ipv4, ipv6,
    judgement::End,
    link::{ARP, IPV4, IPV6, Link},
    local,
    packet::Packet,
    state::Side,
};

/// The IP packet in a frame that is for this port.
pub(crate) fn receive<'f>(
    link: &Link<'f>,
    mac: MacAddress,
    side: &Side,
) -> Result<Packet<'f>, End> {
    let to_group = is_group(link.destination);
    if !to_group && link.destination != mac {
        return Err(End::dropped(Verdict::PortWrongMac));
    }
    let checked = match link.ethertype {
        ARP => return Err(arp(link, side)),
        // RFC 1812 5.3.4: a packet in a link-layer group is not forwarded unless it is for a group
        // itself, and no group is forwarded here.
        IPV4 if to_group => Err(Verdict::PortGroup),
        IPV4 => ipv4::check(link.carried),
        IPV6 if to_group => return Err(ipv6_group(link, side)),
        IPV6 => ipv6::check(link.carried),
        _ => Err(Verdict::PortNotIp),
    };
    checked.map_err(End::dropped)
}

/// The group bit: the first on the wire, the lowest of the first byte (IEEE 802-2014 8.2.2).
pub(crate) const fn is_group(mac: MacAddress) -> bool {
    mac.0[0] & 1 != 0
}

fn arp(link: &Link<'_>, side: &Side) -> End {
    match side {
        Side::Circuit { cpu, .. } => local::to_kernel(link, cpu.as_ref()),
        Side::Fabric(_) => End::punted(Verdict::LocalArp),
    }
}

/// Of what is sent to groups only Neighbour Discovery is listened to: all of it by the kernel behind
/// a circuit port, solicitations and advertisements (RFC 4861 4.3, 4.4) on a fabric.
fn ipv6_group(link: &Link<'_>, side: &Side) -> End {
    match (ipv6::discovery_to_group(link.carried), side) {
        (Some(_), Side::Circuit { cpu, .. }) => local::to_kernel(link, cpu.as_ref()),
        (Some(135 | 136), Side::Fabric(_)) => End::punted(Verdict::LocalNd),
        _ => End::dropped(Verdict::PortGroup),
    }
}
