//! Stage 1: the interface and tags to a port, and on a fabric port the source to a VNet.
//!
//! Passes on: [`Arrival`] (before the header is checked), then [`Side`] (which needs its source
//! address, so it comes after the checks).

use abi::{
    image::{PORT_ABSENT, PORT_CPU, PORT_FABRIC, PORT_UNDERLAY, Port, TAGS, Vnet},
    police::Class,
    verdict::{Stage, Verdict},
};
use programs::header::{ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ethernet};

use crate::{
    decapsulate,
    end::{End, Fate, over_budget},
    hidden::hidden,
    ipv6, lookup,
    network::Network,
    packet::Packet,
    police,
    tags::{NoHeadroom, Tagging, Truncated},
};

/// A packet for this router, and the port it came in by.
pub enum Arrival {
    /// IPv4, as the EtherType says.
    Ipv4(&'static Port),
    /// IPv6, as the EtherType says.
    Ipv6(&'static Port),
}

/// The side of the router a packet came from.
pub enum Side {
    /// The customer's, of one circuit.
    Circuit(&'static Port),
    /// A VNet's.
    Vnet(&'static Vnet),
}

/// Finds the port, and sorts out every frame that is not IP for this router.
#[inline(always)]
pub fn arrive<const TRACED: bool>(packet: &mut Packet<'_, TRACED>) -> Result<Arrival, End> {
    let tagging =
        Tagging::read(&packet.frame).map_err(|Truncated| End::drop(Verdict::PortTruncated))?;
    let unknown =
        End::drop(if tagging.is_tagged() { Verdict::PortTagged } else { Verdict::PortUnknown });
    let slot = packet.image.slot(tagging.key(packet.ifindex)).ok_or(unknown)?;
    let port = packet.image.port(slot).ok_or(unknown)?;
    if port.kind == PORT_ABSENT {
        return Err(unknown);
    }
    packet.metadata.port = slot as u16;
    packet.network = hidden(tagging.network, packet.ifindex);
    packet.ethertype = tagging.ethertype;
    packet.trace.step(Stage::Port, 0, slot);
    if port.kind == PORT_CPU {
        return Err(from_kernel(packet, port));
    }
    // A tag more than the port's: another network's frame.
    if tagging.has_more() {
        return Err(End::drop(Verdict::PortTagged));
    }
    let port = if port.kind == PORT_UNDERLAY { decapsulate::receive(packet, port)? } else { port };
    let is_group = is_group(packet, port)?;
    match packet.ethertype {
        // RFC 1812 5.3.4: a packet that was broadcast on the link is not forwarded, whatever its
        // IP destination. Nor is one taken in: no IPv4 protocol here listens to a group.
        ETHERTYPE_IPV4 if is_group => Err(End::drop(Verdict::PortGroup)),
        ETHERTYPE_IPV4 => Ok(Arrival::Ipv4(port)),
        ETHERTYPE_IPV6 if is_group => Err(ipv6::to_group(packet, port)),
        ETHERTYPE_IPV6 => Ok(Arrival::Ipv6(port)),
        ETHERTYPE_ARP => Err(match (port.kind == PORT_FABRIC, is_group) {
            (true, true) => End::punt_of_group(Verdict::LocalArp),
            (true, false) => End::punt(Verdict::LocalArp),
            (false, true) => to_kernel(packet, port, Class::Neighbour),
            (false, false) => to_kernel(packet, port, Class::NeighbourUnicast),
        }),
        _ => Err(End::drop(Verdict::PortNotIp)),
    }
}

/// Finds the side: the circuit's, or that of the VNet which has the source address.
#[inline(always)]
pub fn side<const TRACED: bool, N: Network>(
    packet: &mut Packet<'_, TRACED>,
    port: &'static Port,
    header: &N,
) -> Result<Side, End> {
    if port.kind != PORT_FABRIC {
        return Ok(Side::Circuit(port));
    }
    let unknown = End::drop(Verdict::SourceUnknown);
    let index = lookup::walk(packet.image, N::root_of_port(port), header.source_octets())?;
    let index = index.ok_or(unknown)?;
    let vnet = packet.image.vnet(index).ok_or(End::drop(Verdict::LookupCorrupt))?;
    packet.metadata.vnet = index;
    Ok(Side::Vnet(vnet))
}

/// Hands a frame of a circuit's link to the kernel, without tags, through the `cpu` veth, as long as
/// the port's budget for `class` lasts.
#[inline(always)]
pub fn to_kernel<const TRACED: bool>(
    packet: &mut Packet<'_, TRACED>,
    port: &Port,
    class: Class,
) -> End {
    if port.peer == 0 {
        return End::drop(Verdict::LocalNoCpu);
    }
    let slot = u32::from(packet.metadata.port);
    if !police::is_within_budget(packet, slot, class) {
        return End::drop(over_budget(class));
    }
    match packet.retag([0; TAGS], 0) {
        Ok(()) => End::new(Fate::Send(port.peer), Verdict::LocalKernel, port.peer),
        Err(NoHeadroom) => End::drop(Verdict::NoHeadroom),
    }
}

/// Sends a frame of the kernel out of the circuit's link, with its tags.
#[inline(always)]
fn from_kernel<const TRACED: bool>(packet: &mut Packet<'_, TRACED>, cpu: &Port) -> End {
    if cpu.tag_length != 0 {
        match packet.retag(cpu.tags, cpu.tag_length) {
            Ok(()) => {}
            Err(NoHeadroom) => return End::drop(Verdict::NoHeadroom),
        }
    }
    End::new(Fate::Send(cpu.peer), Verdict::LocalFromKernel, cpu.peer)
}

/// Whether the frame is for a group of stations. If not, it is for this port alone.
#[inline(always)]
pub fn is_group<const TRACED: bool>(packet: &Packet<'_, TRACED>, port: &Port) -> Result<bool, End> {
    let ethernet: &Ethernet = packet.frame.at(0).ok_or(End::drop(Verdict::PortTruncated))?;
    let is_group = ethernet.is_group();
    if is_group || is_own(ethernet, port) {
        Ok(is_group)
    } else {
        Err(End::drop(Verdict::PortWrongMac))
    }
}

#[inline(always)]
fn is_own(ethernet: &Ethernet, port: &Port) -> bool {
    let (own, _) = port.mac.as_chunks::<2>();
    own.iter().zip(ethernet.destination).all(|(own, word)| u16::from_ne_bytes(*own) == word)
}
