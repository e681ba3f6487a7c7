//! A resource as the API shows it: the user's document and what follows from everything else.

use desired::InstanceState;
use serde_json::{Map, Value, json};

use crate::{
    compile::reach::Reach,
    control::Snapshot,
    dataplanes::Status,
    resource::{
        AuthorizationKey, Resource, ResourceId, ResourceType, ServiceTag, Typed,
        VirtualNetworkPeering, virtual_network_gateway::INSTANCES,
    },
    resources::Resources,
    rules::user_of_key,
};

/// The AS number of every MSEE.
const MSEE_ASN: u32 = 12076;

/// The whole answer for one resource.
pub(super) fn resource(resource: &Resource, now: &Snapshot, dataplanes: &[Status]) -> Value {
    let mut body = resource.body.clone();
    body.insert("id".to_owned(), resource.id.to_string().into());
    body.insert("name".to_owned(), resource.id.name().into());
    body.insert("type".to_owned(), resource.id.kind().full_name().into());
    body.insert("etag".to_owned(), resource.etag.as_str().into());
    let properties = body.entry("properties").or_insert_with(|| Map::new().into());
    if let Value::Object(properties) = properties {
        let state = provisioning_state(resource, dataplanes);
        properties.insert("provisioningState".to_owned(), state.into());
        for (name, value) in computed(resource, &now.resources) {
            properties.insert(name.to_owned(), value);
        }
        if resource.id.kind() == ResourceType::VirtualNetwork {
            add_subnet_ids(&resource.id, properties);
        }
    }
    Value::Object(body)
}

/// `Succeeded` once every dataplane, connected or registered, has the resource's last change in
/// force.
fn provisioning_state(resource: &Resource, dataplanes: &[Status]) -> &'static str {
    let mut lagging = dataplanes.iter().filter(|status| status.lags(resource.revision)).peekable();
    if lagging.peek().is_none() {
        "Succeeded"
    } else if lagging.any(|status| status.refusal(resource.revision).is_some()) {
        "Failed"
    } else {
        "Updating"
    }
}

/// The read-only properties of each type.
fn computed(resource: &Resource, resources: &Resources) -> Vec<(&'static str, Value)> {
    let (id, held) = (&resource.id, &resource.held);
    match &resource.typed {
        Typed::VirtualNetworkPeering(peering) => {
            vec![("peeringState", peering_state(id, peering, resources).into())]
        }
        Typed::VirtualNetworkGateway(_) => {
            let reach = Reach::new(resources);
            let hub = reach.hubs.iter().find(|hub| hub.gateway == id);
            let instances: Vec<Value> = (0..INSTANCES)
                .map(|index| {
                    let address = hub.and_then(|hub| hub.instances.get(index)).map(|i| i.address);
                    let failed = held.failed_instances.contains(&index);
                    let state = if failed { InstanceState::Failed } else { InstanceState::Up };
                    json!({ "instance": index, "state": state, "address": address })
                })
                .collect();
            vec![("instances", instances.into())]
        }
        Typed::ExpressRouteCircuit(_) => {
            let state = if held.provisioned { "Provisioned" } else { "NotProvisioned" };
            let mut properties = vec![
                ("serviceProviderProvisioningState", state.into()),
                ("circuitProvisioningState", "Enabled".into()),
                ("serviceKey", json!(held.service_key)),
            ];
            if let Some(ServiceTag { vlan, ethertype }) = held.service_tag {
                properties.push(("stag", vlan.into()));
                properties.push(("serviceEthertype", json!(ethertype)));
            }
            properties
        }
        Typed::CircuitPeering(_) => {
            vec![("azureASN", MSEE_ASN.into()), ("state", "Enabled".into())]
        }
        Typed::CircuitAuthorization(_) => {
            let key = held.key.as_ref();
            let user = id.parent().zip(key).and_then(|(circuit, key)| {
                user_of_key(&circuit, key, resources).map(|user| user.id.to_string())
            });
            let status = if user.is_some() { "InUse" } else { "Available" };
            let mut properties = vec![
                ("authorizationKey", json!(key.map(AuthorizationKey::reveal))),
                ("authorizationUseStatus", status.into()),
            ];
            properties.extend(user.map(|user| ("connectionResourceUri", user.into())));
            properties
        }
        Typed::Connection(_) => {
            let connected = Reach::new(resources).in_effect(id);
            let status = if connected { "Connected" } else { "NotConnected" };
            vec![("connectionStatus", status.into())]
        }
        Typed::ResourceGroup
        | Typed::VirtualNetwork(_)
        | Typed::NetworkInterface(_)
        | Typed::Router(_)
        | Typed::GatewayHost(_)
        | Typed::FabricHost(_) => Vec::new(),
    }
}

fn peering_state(
    id: &ResourceId,
    peering: &VirtualNetworkPeering,
    resources: &Resources,
) -> &'static str {
    let local = id.parent();
    let other_side = resources.all::<VirtualNetworkPeering>().any(|(other, side)| {
        other.id.parent().as_ref() == Some(&peering.remote) && Some(&side.remote) == local.as_ref()
    });
    if other_side {
        "Connected"
    } else if resources.get(&peering.remote).is_some() {
        "Initiated"
    } else {
        "Disconnected"
    }
}

fn add_subnet_ids(id: &ResourceId, properties: &mut Map<String, Value>) {
    let Some(Value::Array(subnets)) = properties.get_mut("subnets") else { return };
    for subnet in subnets {
        let Value::Object(subnet) = subnet else { continue };
        let Some(name) = subnet.get("name").and_then(Value::as_str) else { continue };
        let subnet_id = format!("{id}/subnets/{name}");
        subnet.insert("id".to_owned(), subnet_id.into());
    }
}
