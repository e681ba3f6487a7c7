//! Addresses: interfaces in their subnets, and VNets that can be told apart.

use std::collections::BTreeMap;

use super::{Change, Violation};
use crate::{
    resource::{
        Connection, NetworkInterface, Resource, ResourceId, Typed, VirtualNetwork,
        VirtualNetworkGateway, VirtualNetworkPeering,
        virtual_network::{GATEWAY_SUBNET, overlap},
    },
    resources::Resources,
};

/// Checks the changed interface, or all interfaces of the changed VNet.
pub(super) fn interfaces_fit(change: &Change, after: &Resources) -> Result<(), Violation> {
    let Change::Put(resource) = change else { return Ok(()) };
    match &resource.typed {
        Typed::NetworkInterface(nic) => interface_fits(resource, nic, after),
        Typed::VirtualNetwork(_) => after
            .all::<NetworkInterface>()
            .filter(|(_, nic)| nic.subnet.network == resource.id)
            .try_for_each(|(resource, nic)| interface_fits(resource, nic, after)),
        _ => Ok(()),
    }
}

fn interface_fits(
    resource: &Resource,
    nic: &NetworkInterface,
    after: &Resources,
) -> Result<(), Violation> {
    let id = || resource.id.clone();
    if nic.subnet.name.eq_ignore_ascii_case(GATEWAY_SUBNET) {
        return Err(Violation::InGatewaySubnet { id: id() });
    }
    let network = after.find::<VirtualNetwork>(&nic.subnet.network);
    let subnet = network.and_then(|network| network.subnet(&nic.subnet.name));
    for address in nic.addresses() {
        if let Some(subnet) = subnet
            && !subnet.prefixes().any(|prefix| prefix.contains(address))
        {
            return Err(Violation::OutsideSubnet {
                id: id(),
                address,
                subnet: nic.subnet.clone(),
                prefixes: subnet.prefixes().collect(),
            });
        }
        let mut others = after.all::<NetworkInterface>().filter(|(other, other_nic)| {
            other.id != resource.id
                && other_nic.addresses().any(|taken| taken == address)
                && other_nic.subnet.network == nic.subnet.network
        });
        if let Some((other, _)) = others.next() {
            return Err(Violation::AddressInUse { id: id(), address, other: other.id.clone() });
        }
    }
    Ok(())
}

/// VNets that one circuit reaches, or that are peered, must not share addresses: neither a router
/// nor a fabric could tell them apart. Peerings count from either side's existence on, connections
/// whether or not the circuit is provisioned, so that no later change brings an overlap to life.
pub(super) fn spaces_are_distinct(after: &Resources) -> Result<(), Violation> {
    let mut gateway_users: BTreeMap<ResourceId, Vec<ResourceId>> = BTreeMap::new();
    for (resource, peering) in after.all::<VirtualNetworkPeering>() {
        let Some(network) = resource.id.parent() else { continue };
        distinct(&network, &peering.remote, "their peering", after)?;
        if peering.use_remote_gateways {
            gateway_users.entry(peering.remote.clone()).or_default().push(network);
        }
    }
    let mut reached: BTreeMap<&ResourceId, Vec<&ResourceId>> = BTreeMap::new();
    for (_, connection) in after.all::<Connection>() {
        let Some(gateway) = after.find::<VirtualNetworkGateway>(&connection.gateway) else {
            continue;
        };
        let hub = &gateway.subnet.network;
        let networks = reached.entry(&connection.circuit).or_default();
        networks.push(hub);
        networks.extend(gateway_users.get(hub).into_iter().flatten());
    }
    for (circuit, networks) in &reached {
        let joined = format!("circuit '{}'", circuit.name());
        for (index, a) in networks.iter().enumerate() {
            for b in networks.iter().skip(index + 1).filter(|b| *b != a) {
                distinct(a, b, &joined, after)?;
            }
        }
    }
    Ok(())
}

fn distinct(
    a: &ResourceId,
    b: &ResourceId,
    joined: &str,
    after: &Resources,
) -> Result<(), Violation> {
    let prefixes = |id| after.find::<VirtualNetwork>(id).map_or(&[][..], |n| &n.prefixes);
    for a_prefix in prefixes(a) {
        if let Some(b_prefix) = prefixes(b).iter().find(|prefix| overlap(*a_prefix, **prefix)) {
            return Err(Violation::Overlap {
                a: a.clone(),
                a_prefix: *a_prefix,
                b: b.clone(),
                b_prefix: *b_prefix,
                joined: joined.to_owned(),
            });
        }
    }
    Ok(())
}
