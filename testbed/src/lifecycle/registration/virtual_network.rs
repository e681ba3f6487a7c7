//! VNets and their subnets.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};
use serde_json::{Value, json};

use super::{Request, scopes::Scopes};
use crate::topology::{ExpressRoute, Vnet};

/// Name Azure requires for the subnet of a gateway.
pub(super) const GATEWAY_SUBNET: &str = "GatewaySubnet";

/// Size that the portal proposes for a VNet's first subnet.
const SUBNET_LENGTH: u8 = 24;

/// The only size of a subnet's IPv6 prefix.
const IPV6_SUBNET_LENGTH: u8 = 64;

pub(super) fn requests(azure: &ExpressRoute, scopes: &Scopes) -> Vec<Request> {
    let vnets = azure.vnets.iter().map(|(name, vnet)| {
        let gateway = vnet.gateway_subnet.as_ref().map(|prefix| VmSubnet {
            name: GATEWAY_SUBNET.to_owned(),
            prefix: prefix.masked(),
            prefix6: vnet.gateway_subnet6.as_ref().map(|prefix| prefix.masked()),
        });
        let subnets = vm_subnets(vnet).into_iter().chain(gateway).map(|subnet| {
            let VmSubnet { name, prefix, prefix6 } = subnet;
            let properties = match prefix6 {
                None => json!({ "addressPrefix": prefix }),
                Some(prefix6) => json!({ "addressPrefixes": [prefix.to_string(), prefix6] }),
            };
            json!({ "name": name, "properties": properties })
        });
        let mut spaces = vec![IpNetwork::from(vnet.cidr.masked())];
        spaces.extend(vnet.cidr6.as_ref().map(|cidr6| IpNetwork::from(cidr6.masked())));
        let body = json!({
            "location": vnet.region.value,
            "properties": {
                "addressSpace": { "addressPrefixes": spaces },
                "subnets": subnets.collect::<Vec<Value>>(),
            }
        });
        Request::put(scopes.gateways.virtual_network(name), body)
    });
    vnets.collect()
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VmSubnet {
    pub(super) name: String,
    prefix: Ipv4Network,
    prefix6: Option<Ipv6Network>,
}

/// The subnet of one VM of `vnet`.
pub(super) fn subnet_of(vnet: &Vnet, vm: Ipv4Addr) -> Option<VmSubnet> {
    vm_subnets(vnet).into_iter().find(|subnet| subnet.prefix.contains(vm))
}

/// The file gives VMs addresses, not subnets: `default` is the /24 around the first, and VMs
/// elsewhere get `default-2` and so on. A subnet's IPv6 prefix is the /64 around the first IPv6
/// address in it; a VM of it with another is for `ercontrol` to refuse.
fn vm_subnets(vnet: &Vnet) -> Vec<VmSubnet> {
    let mut subnets: Vec<VmSubnet> = Vec::new();
    for (_, addresses) in vnet.vms.iter() {
        let prefix6 = addresses.ipv6.as_ref().and_then(|address| slash64(address.value));
        let known = subnets.iter_mut().find(|subnet| subnet.prefix.contains(addresses.ipv4));
        if let Some(subnet) = known {
            subnet.prefix6 = subnet.prefix6.or(prefix6);
        } else if let Some(prefix) = subnet_around(vnet, addresses.ipv4) {
            let name = match subnets.len() {
                0 => "default".to_owned(),
                others => format!("default-{}", others + 1),
            };
            subnets.push(VmSubnet { name, prefix, prefix6 });
        }
    }
    subnets
}

fn slash64(address: Ipv6Addr) -> Option<Ipv6Network> {
    let around = Ipv6Network::new(address, IPV6_SUBNET_LENGTH).ok()?;
    Ipv6Network::new(around.network(), IPV6_SUBNET_LENGTH).ok()
}

/// The /24 around `address`, or what of it lies in the VNet and outside its GatewaySubnet.
fn subnet_around(vnet: &Vnet, address: Ipv4Addr) -> Option<Ipv4Network> {
    let gateway = vnet.gateway_subnet.as_ref().map(|prefix| prefix.masked());
    (SUBNET_LENGTH.max(vnet.cidr.prefix())..=32)
        .filter_map(|length| {
            let around = Ipv4Network::new(address, length).ok()?;
            Ipv4Network::new(around.network(), length).ok()
        })
        .find(|subnet| !gateway.is_some_and(|gateway| gateway.overlaps(*subnet)))
}

#[cfg(test)]
mod tests;
