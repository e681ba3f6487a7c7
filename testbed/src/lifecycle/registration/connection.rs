//! Connections, and the authorizations that let them use another subscription's circuit.

use serde_json::{Value, json};

use super::{RegistrationError, Request, scopes::Scopes, send};
use crate::{
    control::Client,
    topology::{Connection, Topology},
};

/// Makes the file's connections. Where circuit and gateway are in different subscriptions the
/// circuit's owner first makes an authorization, named after the connection, and its key is
/// redeemed, just as two Azure customers do it.
pub(super) async fn register(
    client: &Client,
    topology: &Topology,
    scopes: &Scopes,
) -> Result<(), RegistrationError> {
    for (name, connection) in topology.expressroute.connections.iter() {
        let key = match authorization(topology, scopes, name, connection) {
            Some(request) => Some(key_of(&send(client, request).await?, name)?),
            None => None,
        };
        send(client, request(topology, scopes, name, connection, key)).await?;
    }
    Ok(())
}

/// The authorization a connection needs, if it needs one.
fn authorization(
    topology: &Topology,
    scopes: &Scopes,
    name: &str,
    connection: &Connection,
) -> Option<Request> {
    let circuit = topology.expressroute.circuits.find(&connection.circuit)?;
    let owner = scopes.circuit(circuit);
    let foreign = owner.subscription != scopes.gateways.subscription;
    foreign.then(|| {
        Request::put(owner.authorization(&connection.circuit, name), json!({ "properties": {} }))
    })
}

fn key_of(authorization: &Value, name: &str) -> Result<String, RegistrationError> {
    let key = authorization.pointer("/properties/authorizationKey").and_then(Value::as_str);
    key.map(ToOwned::to_owned)
        .ok_or_else(|| RegistrationError::NoKey { authorization: name.to_owned() })
}

fn request(
    topology: &Topology,
    scopes: &Scopes,
    name: &str,
    connection: &Connection,
    key: Option<String>,
) -> Request {
    let azure = &topology.expressroute;
    let circuit = azure.circuits.find(&connection.circuit);
    let owner = circuit.map_or_else(|| scopes.gateways.clone(), |circuit| scopes.circuit(circuit));
    let mut vnets = azure.vnets.iter().map(|(_, vnet)| vnet);
    let vnet = vnets.find(|vnet| {
        vnet.gateway.as_ref().is_some_and(|gateway| gateway.name == connection.gateway)
    });
    let mut body = json!({
        "location": vnet.map(|vnet| &vnet.region.value),
        "properties": {
            "connectionType": "ExpressRoute",
            "virtualNetworkGateway1": { "id": scopes.gateways.gateway(&connection.gateway) },
            "peer": { "id": owner.circuit(&connection.circuit) },
            "expressRouteGatewayBypass": connection.fastpath,
            "routingWeight": 0,
        }
    });
    if let Some(key) = key {
        body["properties"]["authorizationKey"] = Value::String(key);
    }
    Request::put(scopes.gateways.connection(name), body)
}
