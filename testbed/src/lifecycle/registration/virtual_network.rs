//! VNets and their subnets.

use std::net::Ipv4Addr;

use ipnetwork::Ipv4Network;
use serde_json::{Value, json};

use super::{Request, scopes::Scopes};
use crate::topology::{ExpressRoute, Vnet};

/// Name Azure requires for the subnet of a gateway.
pub(super) const GATEWAY_SUBNET: &str = "GatewaySubnet";

/// Size that the portal proposes for a VNet's first subnet.
const SUBNET_LENGTH: u8 = 24;

pub(super) fn requests(azure: &ExpressRoute, scopes: &Scopes) -> Vec<Request> {
    let vnets = azure.vnets.iter().map(|(name, vnet)| {
        let subnets = vm_subnets(vnet).into_iter().map(|subnet| (subnet.name, subnet.prefix));
        let gateway = vnet.gateway_subnet.as_ref().map(|prefix| prefix.masked());
        let gateway = gateway.map(|prefix| (GATEWAY_SUBNET.to_owned(), prefix));
        let subnets: Vec<Value> = subnets
            .chain(gateway)
            .map(
                |(name, prefix)| json!({ "name": name, "properties": { "addressPrefix": prefix } }),
            )
            .collect();
        let body = json!({
            "location": vnet.region.value,
            "properties": {
                "addressSpace": { "addressPrefixes": [vnet.cidr.masked()] },
                "subnets": subnets,
            }
        });
        Request::put(scopes.gateways.virtual_network(name), body)
    });
    vnets.collect()
}

/// A subnet that VMs are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VmSubnet {
    pub(super) name: String,
    prefix: Ipv4Network,
}

/// The subnet of one VM of `vnet`.
pub(super) fn subnet_of(vnet: &Vnet, vm: Ipv4Addr) -> Option<VmSubnet> {
    vm_subnets(vnet).into_iter().find(|subnet| subnet.prefix.contains(vm))
}

/// The file gives VMs addresses, not subnets: `default` is the /24 around the first, and VMs
/// elsewhere get `default-2` and so on.
fn vm_subnets(vnet: &Vnet) -> Vec<VmSubnet> {
    let mut subnets: Vec<VmSubnet> = Vec::new();
    for (_, address) in vnet.vms.iter() {
        if subnets.iter().any(|subnet| subnet.prefix.contains(address.value)) {
            continue;
        }
        if let Some(prefix) = subnet_around(vnet, address.value) {
            let name = match subnets.len() {
                0 => "default".to_owned(),
                others => format!("default-{}", others + 1),
            };
            subnets.push(VmSubnet { name, prefix });
        }
    }
    subnets
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
