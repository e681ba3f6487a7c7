//! ExpressRoute gateways, and where their instances are in the lab.

use serde_json::{Value, json};

use super::{Request, scopes::Scopes, virtual_network::GATEWAY_SUBNET};
use crate::topology::{ExpressRoute, plan::Plan};

pub(super) fn requests(azure: &ExpressRoute, plan: &Plan, scopes: &Scopes) -> Vec<Request> {
    let mut requests = Vec::new();
    for (network, vnet) in azure.vnets.iter() {
        let Some(gateway) = &vnet.gateway else { continue };
        let id = scopes.gateways.gateway(&gateway.name);
        let body = json!({
            "location": vnet.region.value,
            "properties": {
                "gatewayType": "ExpressRoute",
                "sku": { "name": gateway.sku.value, "tier": gateway.sku.value },
                "ipConfigurations": [{
                    "name": "default",
                    "properties": {
                        "subnet": { "id": scopes.gateways.subnet(network, GATEWAY_SUBNET) },
                    }
                }],
            }
        });
        requests.push(Request::put(id.clone(), body));
        let host = json!({
            "properties": {
                "gateway": { "id": id },
                "instances": instances(plan, &gateway.name),
            }
        });
        requests.push(Request::put(scopes.gateways.gateway_host(&gateway.name), host));
    }
    requests
}

/// The MAC addresses of a gateway's port, one an instance: `.12`, then `.13`.
fn instances(plan: &Plan, gateway: &str) -> Vec<Value> {
    let node = plan.nodes.iter().find(|node| node.name == gateway);
    let port = node.and_then(|node| node.interfaces.first());
    port.iter().flat_map(|port| port.macs()).map(|mac| json!({ "macAddress": mac })).collect()
}
