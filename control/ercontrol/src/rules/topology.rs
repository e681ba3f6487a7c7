//! Names, and which VNet uses which gateway.

use std::collections::BTreeMap;

use super::Violation;
use crate::{
    resource::{
        Resource, ResourceId, ResourceType, Typed, VirtualNetworkGateway, VirtualNetworkPeering,
        circuit_peering::PRIVATE_PEERING,
    },
    resources::Resources,
};

/// Desired states, traces and the dataplanes' hello name resources by their last name only.
pub(super) fn name_is_unique(resource: &Resource, after: &Resources) -> Result<(), Violation> {
    let id = &resource.id;
    let top_level = id.kind() != ResourceType::ResourceGroup && id.parent().is_none();
    if !top_level {
        return Ok(());
    }
    let same_name = |other: &ResourceId| {
        other.kind() == id.kind() && other != id && other.name().eq_ignore_ascii_case(id.name())
    };
    match after.iter().find(|other| same_name(&other.id)) {
        None => Ok(()),
        Some(other) => Err(Violation::NameNotUnique { id: id.clone(), other: other.id.clone() }),
    }
}

pub(super) fn peering_is_private(resource: &Resource) -> Result<(), Violation> {
    let id = &resource.id;
    let unknown = id.kind() == ResourceType::CircuitPeering
        && !id.name().eq_ignore_ascii_case(PRIVATE_PEERING);
    if unknown { Err(Violation::UnknownPeering { id: id.clone() }) } else { Ok(()) }
}

pub(super) fn one_gateway_a_network(
    resource: &Resource,
    after: &Resources,
) -> Result<(), Violation> {
    let Typed::VirtualNetworkGateway(gateway) = &resource.typed else { return Ok(()) };
    let network = &gateway.subnet.network;
    let mut others = after
        .all::<VirtualNetworkGateway>()
        .filter(|(other, gateway)| other.id != resource.id && gateway.subnet.network == *network);
    match others.next() {
        None => Ok(()),
        Some((other, _)) => {
            Err(Violation::GatewayExists { network: network.clone(), other: other.id.clone() })
        }
    }
}

pub(super) fn one_remote_gateway(after: &Resources) -> Result<(), Violation> {
    let mut beside: BTreeMap<ResourceId, String> = after
        .all::<VirtualNetworkGateway>()
        .map(|(resource, gateway)| {
            (gateway.subnet.network.clone(), format!("its own gateway '{}'", resource.id.name()))
        })
        .collect();
    for (resource, peering) in after.all::<VirtualNetworkPeering>() {
        let Some(network) = resource.id.parent().filter(|_| peering.use_remote_gateways) else {
            continue;
        };
        let hub = peering.remote.clone();
        let words = format!("those of '{}'", hub.name());
        if let Some(beside) = beside.insert(network.clone(), words) {
            return Err(Violation::RemoteGateway { network, hub, beside });
        }
    }
    Ok(())
}
