//! Circuits with their private peering, provisioned: the file describes circuits that work.

use serde_json::json;

use super::{Request, scopes::Scopes};
use crate::topology::ExpressRoute;

pub(super) fn requests(azure: &ExpressRoute, scopes: &Scopes) -> Vec<Request> {
    let location = azure.regions.names().next().unwrap_or_default();
    let circuits = azure.circuits.iter().flat_map(|(name, circuit)| {
        let scope = scopes.circuit(circuit);
        let body = json!({
            "location": location,
            "sku": { "name": "Premium_MeteredData", "tier": "Premium", "family": "MeteredData" },
            "properties": {
                "serviceProviderProperties": {
                    "serviceProviderName": "erlab",
                    "peeringLocation": "erlab",
                    "bandwidthInMbps": circuit.bandwidth.megabits(),
                }
            }
        });
        let peering = json!({
            "properties": {
                "peeringType": "AzurePrivatePeering",
                "peerASN": circuit.peer_asn,
                "primaryPeerAddressPrefix": circuit.primary.masked(),
                "secondaryPeerAddressPrefix": circuit.secondary.masked(),
                // The lab's links are untagged.
                "vlanId": 0,
            }
        });
        [
            Request::put(scope.circuit(name), body),
            Request::post(format!("{}/provision", scope.circuit(name))),
            Request::put(scope.private_peering(name), peering),
        ]
    });
    circuits.collect()
}
