//! What ends at the MSEE itself.

use std::net::IpAddr;

use abi::verdict::Verdict;

use crate::{
    judgement::{End, Outcome},
    link::Link,
    packet::Packet,
    state::{Egress, Side, View},
};

/// RFC 4291 2.5.6: a packet with a link-local source or destination never leaves its link. What of it
/// is for the MSEE goes where its link-local addresses are: on a circuit to the kernel.
pub(crate) fn link_local(link: &Link<'_>, packet: &Packet<'_>, side: &Side) -> Result<(), End> {
    if !is_link_local(packet.source) && !is_link_local(packet.destination) {
        return Ok(());
    }
    Err(match side {
        Side::Circuit { cpu, view, .. } => {
            if is_link_local(packet.destination) || view.owns(packet.destination) {
                to_kernel(link, cpu.as_ref())
            } else {
                End::dropped(Verdict::CheckLinkLocal)
            }
        }
        Side::Fabric(_) if packet.is_neighbour_discovery() => End::punted(Verdict::LocalNd),
        Side::Fabric(_) => End::dropped(Verdict::CheckLinkLocal),
    })
}

/// Only IPv6 has the scope; 169.254/16 is an address like others to a router that was given it.
fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

/// Addressed to the MSEE, by the address this sender knows it by (RFC 1812 5.2.3).
pub(crate) fn deliver(
    link: &Link<'_>,
    packet: &Packet<'_>,
    side: &Side,
    view: &View,
) -> Result<(), End> {
    if !view.owns(packet.destination) {
        return Ok(());
    }
    if packet.is_echo_request() {
        return Err(End::punted(Verdict::LocalEcho));
    }
    Err(match side {
        Side::Circuit { cpu, .. } => to_kernel(link, cpu.as_ref()),
        Side::Fabric(_) if packet.is_neighbour_discovery() => End::punted(Verdict::LocalNd),
        Side::Fabric(_) => End::punted(Verdict::LocalUnreachable),
    })
}

/// To the kernel, which knows nothing of tags.
pub(crate) fn to_kernel(link: &Link<'_>, cpu: Option<&Egress>) -> End {
    let Some(cpu) = cpu else { return End::dropped(Verdict::LocalNoCpu) };
    End { verdict: Verdict::LocalKernel, outcome: Outcome::Sent(cpu.send(link.untagged())) }
}

impl View {
    fn owns(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.address == address,
            IpAddr::V6(address) => self.address_ipv6 == Some(address),
        }
    }
}
