//! The frame that asks for a neighbour on a fabric port.
//!
//! A host of an underlay is asked by the tunnel endpoint. Any other is asked by the address that the
//! neighbour's VNet knows this MSEE by, so that the answer comes
//! back to us, and so that the neighbour knows us by the same address when it answers our packets.

use std::net::IpAddr;

use abi::{image, limits};
use desired::MacAddress;
use packet::ETHERTYPE_IPV6;

use crate::{
    arp,
    fastpath::{Compiled, CompiledVnet, Neighbour},
    icmpv6::neighbour::{group_mac, solicited_node, write_solicitation},
};

/// Appends the frame that asks everybody for `neighbour`, or the station at `confirm` whether it is
/// still the one; it leaves by the interface of the neighbour's port. Nothing when the port is gone, or
/// no VNet on it knows this MSEE by an address of the neighbour's IP version.
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
            let endpoint = port.kind == image::PORT_UNDERLAY;
            let sender = if endpoint {
                port.address_ipv4.into()
            } else {
                asker(compiled, slot, neighbour, |vnet| Some(vnet.address))?
            };
            arp::write_request((sender, mac), target, confirm, out);
        }
        IpAddr::V6(target) => {
            let sender = asker(compiled, slot, neighbour, |vnet| vnet.address_ipv6)?;
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

/// The address that the neighbour's own VNet knows us by, else that of any VNet on its port: a peered
/// VNet's gateway is in none that a connection reaches.
fn asker<A>(
    compiled: &Compiled,
    slot: u32,
    neighbour: &Neighbour,
    address: impl Fn(&CompiledVnet) -> Option<A>,
) -> Option<A> {
    let own = compiled.source_vnet(slot, neighbour.address);
    let own = own.and_then(|index| compiled.vnet(index));
    let all = (1..limits::VNETS).map_while(|index| compiled.vnet(index));
    own.into_iter().chain(all.filter(|vnet| vnet.port == slot)).find_map(address)
}

#[cfg(test)]
mod tests;
