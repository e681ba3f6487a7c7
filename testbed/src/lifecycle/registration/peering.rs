//! VNet peerings: one resource on each side.

use serde_json::{Value, json};

use super::{Request, scopes::Scopes};
use crate::topology::ExpressRoute;

pub(super) fn requests(azure: &ExpressRoute, scopes: &Scopes) -> Vec<Request> {
    let sides = azure.peerings.iter().flat_map(|peering| {
        let (hub, spoke) = (peering.hub.as_str(), peering.spoke.as_str());
        let transit = peering.gateway_transit;
        [
            side(scopes, hub, spoke, json!({ "allowGatewayTransit": transit })),
            side(scopes, spoke, hub, json!({ "useRemoteGateways": transit })),
        ]
    });
    sides.collect()
}

fn side(scopes: &Scopes, network: &str, remote: &str, mut properties: Value) -> Request {
    properties["remoteVirtualNetwork"] = json!({ "id": scopes.gateways.virtual_network(remote) });
    properties["allowVirtualNetworkAccess"] = Value::Bool(true);
    properties["allowForwardedTraffic"] = Value::Bool(true);
    let name = format!("{network}-to-{remote}");
    let path = scopes.gateways.virtual_network_peering(network, &name);
    Request::put(path, json!({ "properties": properties }))
}
