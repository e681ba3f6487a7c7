//! VXLAN (RFC 7348): an Ethernet frame in a UDP datagram from endpoint to endpoint.

use std::net::Ipv4Addr;

use abi::verdict::Verdict;
use desired::MacAddress;

use crate::{
    checksum,
    field::{number, octets},
    ipv4,
    judgement::{End, Sending},
    link::{self, ARP, IPV4, Link},
    reception::is_group,
    state::{Side, Tunnel, Underlay},
};

/// Bytes that a tunnel takes of what the link carries: IPv4, UDP and VXLAN headers, and the Ethernet
/// header of the frame in it.
pub(crate) const OVERHEAD: u32 = 20 + 8 + 8 + 14;

const UDP: u8 = 17;
/// UDP destination port (RFC 7348 8.1).
const PORT: u16 = 4_789;
/// Where in a frame of ours the outer UDP source port is.
const SOURCE_PORT: usize = 14 + 20;
/// More Fragments, and the offset.
const FRAGMENT: u16 = 0x3fff;
/// The I flag, first byte of the VXLAN header (RFC 7348 5).
const VALID: u8 = 0x08;

/// The frame in a tunnel, and who may have sent it.
pub(crate) fn unwrap<'f, 'u>(
    link: &Link<'f>,
    underlay: &'u Underlay,
) -> Result<(Link<'f>, &'u Side), End> {
    let to_group = is_group(link.destination);
    if !to_group && link.destination != underlay.mac {
        return Err(End::dropped(Verdict::PortWrongMac));
    }
    match link.ethertype {
        ARP => return Err(End::punted(Verdict::LocalArp)),
        IPV4 if to_group => return Err(End::dropped(Verdict::PortGroup)),
        IPV4 => {}
        _ => return Err(End::dropped(Verdict::TunnelNotVxlan)),
    }
    let outer = ipv4::check(link.carried).map_err(End::dropped)?;
    let (vni, frame) = datagram(outer.bytes, underlay).map_err(End::dropped)?;
    let side = underlay.networks.get(&vni).ok_or(End::dropped(Verdict::TunnelVniUnknown))?;
    // RFC 7348 6.1: a frame with a VLAN tag is discarded.
    if number(frame, 12).is_some_and(link::is_tag) {
        return Err(End::dropped(Verdict::PortTagged));
    }
    let inner = Link::parse(frame).ok_or(End::dropped(Verdict::TunnelMalformed))?;
    Ok((inner, side))
}

/// The network identifier and the frame in an IPv4 packet that has passed its checks.
fn datagram<'f>(packet: &'f [u8], underlay: &Underlay) -> Result<(u32, &'f [u8]), Verdict> {
    let malformed = Verdict::TunnelMalformed;
    let header: [u8; 20] = octets(packet, 0).ok_or(malformed)?;
    let source = Ipv4Addr::from(octets(packet, 12).ok_or(malformed)?);
    let destination = Ipv4Addr::from(octets(packet, 16).ok_or(malformed)?);
    if underlay.endpoint != destination || header[9] != UDP {
        return Err(Verdict::TunnelNotVxlan);
    }
    // RFC 7348 4.3: an endpoint may discard fragments.
    if u16::from_be_bytes([header[6], header[7]]) & FRAGMENT != 0 {
        return Err(Verdict::TunnelFragment);
    }
    let datagram = packet.get(usize::from(header[0] & 0x0f) * 4..).ok_or(malformed)?;
    let [_, _, high, low, long, short, _, _]: [u8; 8] = octets(datagram, 0).ok_or(malformed)?;
    if u16::from_be_bytes([high, low]) != PORT {
        return Err(Verdict::TunnelNotVxlan);
    }
    if !underlay.hosts.contains(&source) {
        return Err(Verdict::TunnelHostUnknown);
    }
    // RFC 768: the length has the header in it. What the packet has behind is not the datagram's.
    let length = usize::from(u16::from_be_bytes([long, short]));
    let vxlan = datagram.get(8..length).ok_or(malformed)?;
    let ([flags, _, _, _, vni @ .., _], frame): (&[u8; 8], _) =
        vxlan.split_first_chunk().ok_or(malformed)?;
    // RFC 7348 5: without the I flag there is no identifier. All other bits are ignored. So is a UDP
    // checksum: an endpoint may choose not to verify it.
    if flags & VALID == 0 || frame.len() < 14 {
        return Err(malformed);
    }
    let [high, middle, low] = *vni;
    Ok((u32::from_be_bytes([0, high, middle, low]), frame))
}

/// A frame in a tunnel, without UDP source port.
pub(crate) fn wrapped(
    frame: &[u8],
    tunnel: &Tunnel,
    host_mac: MacAddress,
    own_mac: MacAddress,
) -> Vec<u8> {
    let [_, vni @ ..] = tunnel.vni.to_be_bytes();
    let vxlan = [&[VALID, 0, 0, 0], &vni[..], &[0], frame].concat();
    // RFC 7348 5: a UDP checksum of zero.
    let length = (8 + vxlan.len()) as u16;
    let udp = [&[0, 0], &PORT.to_be_bytes()[..], &length.to_be_bytes(), &[0, 0], &vxlan].concat();
    let length = (20 + udp.len()) as u16;
    // Don't Fragment (RFC 7348 4.3), and no identification (RFC 6864 4.1).
    let head = [&[0x45, 0], &length.to_be_bytes()[..], &[0, 0, 0x40, 0, 64, UDP]].concat();
    let addresses = [tunnel.endpoint.octets(), tunnel.host.octets()].concat();
    let sum = checksum::of(&[&head[..], &addresses].concat());
    let ipv4 = [&head[..], &sum.to_be_bytes(), &addresses, &udp].concat();
    [&host_mac.0[..], &own_mac.0, &IPV4.to_be_bytes(), &ipv4].concat()
}

/// What leaves in a tunnel, without its UDP source port; none if that is not a sender's to choose
/// (RFC 7348 5: 49,152 to 65,535).
pub(crate) fn without_source_port(sending: &Sending) -> Option<Sending> {
    let port = number(&sending.bytes, SOURCE_PORT).filter(|port| *port >= 49_152);
    port.map(|_| {
        let mut bytes = sending.bytes.clone();
        if let Some(port) = bytes.get_mut(SOURCE_PORT..SOURCE_PORT + 2) {
            port.fill(0);
        }
        Sending { bytes, ..sending.clone() }
    })
}

#[cfg(test)]
mod tests;
