//! Stage 1, on an underlay: out of the tunnel (RFC 7348).
//!
//! What is left is a frame like any other, and goes on as from the fabric port that interface and VNI
//! select.

use abi::{
    image::{PORT_FABRIC, Port, PortKey},
    tunnel::{FLAG_VNI, UDP_PORT},
    verdict::{Stage, Verdict},
};
use programs::{
    frame::Refused,
    header::{ETHERNET, ETHERTYPE_ARP, ETHERTYPE_CTAG, ETHERTYPE_IPV4, ETHERTYPE_STAG, Ethernet},
    header::{Ipv4, UDP},
};

use crate::{end::End, lookup, network::Network, packet::Packet, port};

/// Bytes of a UDP header, and of a VXLAN header.
const HEADER: usize = 8;

/// Takes the outer headers off, and returns the port of what they carried.
#[inline(always)]
pub fn receive<const TRACED: bool>(
    packet: &mut Packet<'_, TRACED>,
    underlay: &Port,
) -> Result<&'static Port, End> {
    // An underlay has no tags. The verifier does not know, and would look at each of them.
    if packet.network != ETHERNET {
        return Err(End::drop(Verdict::PortTagged));
    }
    let not_vxlan = End::drop(Verdict::TunnelNotVxlan);
    let is_group = port::is_group(packet, underlay)?;
    match packet.ethertype {
        ETHERTYPE_ARP if is_group => return Err(End::punt_of_group(Verdict::LocalArp)),
        ETHERTYPE_ARP => return Err(End::punt(Verdict::LocalArp)),
        ETHERTYPE_IPV4 if is_group => return Err(End::drop(Verdict::PortGroup)),
        ETHERTYPE_IPV4 => {}
        _ => return Err(not_vxlan),
    }
    let outer = Ipv4::check(packet, underlay)?;
    if !outer.is_for_port(underlay) || outer.protocol() != UDP {
        return Err(not_vxlan);
    }
    // 4.3: tunnel endpoints do not fragment, and may discard fragments.
    if outer.is_fragment() {
        return Err(End::drop(Verdict::TunnelFragment));
    }
    let malformed = End::drop(Verdict::TunnelMalformed);
    let udp = ETHERNET.wrapping_add(outer.header_length());
    let carried = outer.total_length().wrapping_sub(outer.header_length());
    if carried < HEADER {
        return Err(malformed);
    }
    // The checksum is not looked at (5: an endpoint may choose so).
    let [_, destination, length, _] = *packet.frame.at::<[u16; 4]>(udp).ok_or(malformed)?;
    if destination != UDP_PORT.to_be() {
        return Err(not_vxlan);
    }
    let host = lookup::walk(packet.image, underlay.root_ipv4, outer.source_octets())?;
    host.ok_or(End::drop(Verdict::TunnelHostUnknown))?;
    let length = usize::from(u16::from_be(length));
    if length > carried || length < HEADER + HEADER + ETHERNET {
        return Err(malformed);
    }
    let vxlan = udp.wrapping_add(HEADER);
    let [flags, _, high, low] = *packet.frame.at::<[u16; 4]>(vxlan).ok_or(malformed)?;
    // 5: the I flag must be set; other bits are ignored, whatever they are.
    if flags & FLAG_VNI.to_be() == 0 {
        return Err(malformed);
    }
    let vni = u32::from(u16::from_be(high)) << 8 | u32::from(u16::from_be(low)) >> 8;
    let unknown = End::drop(Verdict::TunnelVniUnknown);
    let slot = packet.image.slot(PortKey::in_tunnel(packet.ifindex, vni)).ok_or(unknown)?;
    let fabric = packet.image.port(slot).filter(|it| it.kind == PORT_FABRIC).ok_or(unknown)?;
    packet.trace.step(Stage::Tunnel, 0, vni);
    strip(packet, &outer, udp.wrapping_add(length), vxlan.wrapping_add(HEADER))?;
    packet.metadata.port = slot as u16;
    packet.metadata.vni = vni;
    packet.trace.step(Stage::Port, 0, slot);
    Ok(fabric)
}

/// Cuts the frame to what lies between `start` and `end`.
#[inline(always)]
fn strip<const TRACED: bool>(
    packet: &mut Packet<'_, TRACED>,
    outer: &Ipv4,
    end: usize,
    start: usize,
) -> Result<(), End> {
    let malformed = End::drop(Verdict::TunnelMalformed);
    packet.metadata.host = outer.source();
    packet.metadata.host_mac = packet.frame.at::<Ethernet>(0).ok_or(malformed)?.source;
    // What follows the UDP datagram is padding of the outer packet.
    let padding = packet.length.wrapping_sub(end);
    if padding != 0 {
        packet.frame.cut(padding).map_err(|Refused| malformed)?;
    }
    packet.frame.move_start(start as i32).map_err(|Refused| malformed)?;
    packet.length = end.wrapping_sub(start);
    let inner: &Ethernet = packet.frame.at(0).ok_or(malformed)?;
    packet.ethertype = u16::from_be(inner.ethertype);
    // 6.1: a frame in a tunnel has no VLAN tag.
    if matches!(packet.ethertype, ETHERTYPE_CTAG | ETHERTYPE_STAG) {
        return Err(End::drop(Verdict::PortTagged));
    }
    Ok(())
}
