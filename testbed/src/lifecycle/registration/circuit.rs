//! Circuits with their private peering, provisioned: the file describes circuits that work.

use desired::Tags;
use serde_json::{Value, json};

use super::{Request, scopes::Scopes};
use crate::topology::{Circuit, ExpressRoute};

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
        let mut peering = json!({
            "properties": {
                "peeringType": "AzurePrivatePeering",
                "peerASN": circuit.peer_asn,
                "primaryPeerAddressPrefix": circuit.primary.masked(),
                "secondaryPeerAddressPrefix": circuit.secondary.masked(),
                "vlanId": circuit.vlan.as_ref().map_or(0, |vlan| vlan.value),
            }
        });
        if circuit.source_validation {
            peering["properties"]["erlabSourceValidation"] = true.into();
        }
        if let (Some(primary), Some(secondary)) = (&circuit.primary6, &circuit.secondary6) {
            peering["properties"]["ipv6PeeringConfig"] = json!({
                "primaryPeerAddressPrefix": primary.masked(),
                "secondaryPeerAddressPrefix": secondary.masked(),
            });
        }
        [
            Request::put(scope.circuit(name), body),
            // Before the provider's tag, the customer's that goes inside it.
            Request::put(scope.private_peering(name), peering),
            Request::post(format!("{}/provision", scope.circuit(name)), provision(circuit)),
        ]
    });
    circuits.collect()
}

/// What the provider tells: its tag on the circuit's links, if it has one.
fn provision(circuit: &Circuit) -> Value {
    match circuit.tags() {
        Tags::Qinq { service, ethertype, .. } => {
            json!({ "stag": service, "serviceEthertype": ethertype })
        }
        Tags::Untagged | Tags::Dot1q { .. } => json!({}),
    }
}
