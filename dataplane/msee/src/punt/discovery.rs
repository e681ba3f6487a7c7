//! Who asks for our in-VNet addresses on a fabric port, or for our tunnel endpoint on an underlay, is told
//! the port's MAC address: by ARP, and by Neighbour Discovery, in the tunnel that the question came in. A VM of a spoke asks for the hub's address, so all VNets of the port count.

use std::net::IpAddr;

use abi::{image, limits, verdict::Verdict};

use packet::{ETHERTYPE_IPV6, Ethernet, Ipv6};

use super::{Frames, Punt};
use crate::{
    arp,
    fastpath::Compiled,
    icmpv6::neighbour::{self, Message},
};

/// Answers an ARP request.
pub(super) fn answer_arp(
    slot: u32,
    punt: &Punt<'_>,
    frame: &Ethernet<'_>,
    compiled: &Compiled,
    out: &mut Frames,
) -> Result<(Verdict, u32), Verdict> {
    let message = arp::Message::parse(frame.payload);
    let request = message.filter(|it| it.operation == arp::Operation::Request);
    let request = request.ok_or(Verdict::ArpIgnored)?;
    let port = owner(compiled, slot, request.target.into()).ok_or(Verdict::ArpIgnored)?;
    let tunnel = punt.tunnel_back(compiled);
    out.add(tunnel.as_ref(), |out| request.write_reply(port.mac, out));
    Ok((Verdict::ArpReply, slot))
}

/// Answers a neighbour solicitation. To duplicate address detection, which has no sender, all nodes
/// of the link are told.
pub(super) fn answer_nd(
    slot: u32,
    punt: &Punt<'_>,
    frame: &Ethernet<'_>,
    packet: &Ipv6<'_>,
    compiled: &Compiled,
    out: &mut Frames,
) -> Result<(Verdict, u32), Verdict> {
    let message = Message::parse(packet).ok_or(Verdict::NdIgnored)?;
    let Message::Solicitation { sender, target, mac: _ } = message else {
        return Err(Verdict::NdIgnored);
    };
    let port = owner(compiled, slot, target.into()).ok_or(Verdict::NdIgnored)?;
    let to = if sender.is_unspecified() {
        neighbour::group_mac(neighbour::ALL_NODES)
    } else {
        frame.source
    };
    let tunnel = punt.tunnel_back(compiled);
    out.add(tunnel.as_ref(), |out| {
        out.extend_from_slice(&to);
        out.extend_from_slice(&port.mac);
        out.extend_from_slice(&ETHERTYPE_IPV6.to_be_bytes());
        neighbour::write_advertisement(sender, target, port.mac, out);
    });
    Ok((Verdict::NdReply, slot))
}

/// The fabric port `slot`, if a VNet on it knows this MSEE by `address` or it is the port's own, or the
/// underlay whose endpoint that is.
pub(super) fn owner(compiled: &Compiled, slot: u32, address: IpAddr) -> Option<&image::Port> {
    let port = compiled.port(slot)?;
    match port.kind {
        image::PORT_UNDERLAY => {
            return Some(port).filter(|port| address == IpAddr::from(port.address_ipv4));
        }
        image::PORT_FABRIC if address == neighbour::link_local(port.mac) => return Some(port),
        image::PORT_FABRIC => {}
        _ => return None,
    }
    let mut vnets = (0..limits::VNETS).filter_map(|index| compiled.vnet(index));
    let is_ours = vnets.any(|vnet| {
        vnet.port == slot
            && (address == vnet.address || vnet.address_ipv6.is_some_and(|ours| address == ours))
    });
    is_ours.then_some(port)
}
