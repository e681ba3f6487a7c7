//! The frame that asks for a neighbour on a fabric port.
//!
//! A host of an underlay is asked by the tunnel endpoint. Any other is asked by the address that the
//! neighbour's VNet knows this MSEE by, so that the answer comes back to us, and so that the neighbour
//! knows us by the same address when it answers our packets. For IPv6 a VNet may have none, and an answer
//! to another VNet's address would be routed as data: such a neighbour is asked by the port's link-local
//! address, which needs no configuration.

use std::net::{IpAddr, Ipv4Addr};

use abi::{image, limits};
use desired::MacAddress;
use packet::ETHERTYPE_IPV6;

use crate::{
    arp,
    fastpath::{Compiled, CompiledVnet, Neighbour},
    icmpv6::neighbour::{group_mac, link_local, solicited_node, write_solicitation},
};

/// Appends the frame that asks everybody for `neighbour`, or the station at `confirm` whether it is
/// still the one; it leaves by the interface of the neighbour's port. Nothing when the port is gone or
/// no fabric's, or no VNet on it knows this MSEE by an IPv4 address to ask for one.
pub fn write(
    neighbour: &Neighbour,
    confirm: Option<MacAddress>,
    compiled: &Compiled,
    out: &mut Vec<u8>,
) -> Option<()> {
    let slot = compiled.slot(neighbour.port())?;
    let port = compiled.port(slot)?;
    let mac = port.mac;
    let confirm = confirm.map(|mac| mac.0);
    match neighbour.address {
        IpAddr::V4(target) => {
            let sender = if port.kind == image::PORT_UNDERLAY {
                port.address_ipv4.into()
            } else {
                asker(compiled, slot, neighbour)?
            };
            arp::write_request((sender, mac), target, confirm, out);
        }
        // A circuit's neighbours are the kernel's to ask for, and hosts have IPv4 addresses.
        IpAddr::V6(_) if port.kind != image::PORT_FABRIC => return None,
        IpAddr::V6(target) => {
            let own = own_vnet(compiled, slot, neighbour).and_then(|vnet| vnet.address_ipv6);
            let sender = own.unwrap_or_else(|| link_local(mac));
            // RFC 4861 7.3.3: who is there already is asked alone.
            let group = solicited_node(target);
            let (destination, to) = confirm.map_or((group, group_mac(group)), |mac| (target, mac));
            out.extend_from_slice(&to);
            out.extend_from_slice(&mac);
            out.extend_from_slice(&ETHERTYPE_IPV6.to_be_bytes());
            write_solicitation((sender, mac), target, destination, out);
        }
    }
    Some(())
}

/// The IPv4 address that the neighbour's own VNet knows us by, else that of any VNet on its port: a peered
/// VNet's gateway is in none that a connection reaches, and ARP is for us whatever address it names.
fn asker(compiled: &Compiled, slot: u32, neighbour: &Neighbour) -> Option<Ipv4Addr> {
    let mut all = (1..limits::VNETS).map_while(|index| compiled.vnet(index));
    let any = || all.find(|vnet| vnet.port == slot);
    own_vnet(compiled, slot, neighbour).or_else(any).map(|vnet| vnet.address)
}

fn own_vnet<'a>(
    compiled: &'a Compiled,
    slot: u32,
    neighbour: &Neighbour,
) -> Option<&'a CompiledVnet> {
    compiled.vnet(compiled.source_vnet(slot, neighbour.address)?)
}

#[cfg(test)]
mod tests;
