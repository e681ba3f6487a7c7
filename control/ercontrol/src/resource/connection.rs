//! `Microsoft.Network/connections`: gateway to circuit. FastPath is a property of the connection.

use serde_json::{Map, Value};

use super::{AuthorizationKey, Fields, Held, InvalidField, Resource, ResourceId, ResourceType};

/// A connection. The authorization key it was made with is in [`super::Held`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The gateway.
    pub gateway: ResourceId,
    /// The circuit.
    pub circuit: ResourceId,
    /// FastPath: `expressRouteGatewayBypass`.
    pub bypass: bool,
    /// Preference among the gateway's connections that give the same prefix; the highest wins.
    pub routing_weight: u32,
}

const GATEWAY: &str = "virtualNetworkGateway1";
const CIRCUIT: &str = "peer";
const KEY: &str = "authorizationKey";

impl Connection {
    pub(super) fn parse(body: &Fields<'_>) -> Result<Self, InvalidField> {
        let properties = body.object("properties")?;
        let kind = properties.text("connectionType")?;
        let cure = "write ExpressRoute; no other connection is modelled";
        if !properties.required("connectionType", kind, cure)?.eq_ignore_ascii_case("ExpressRoute")
        {
            return Err(properties.invalid("connectionType", "is not ExpressRoute", cure));
        }
        Ok(Self {
            gateway: reference(&properties, GATEWAY, ResourceType::VirtualNetworkGateway)?,
            circuit: reference(&properties, CIRCUIT, ResourceType::ExpressRouteCircuit)?,
            bypass: properties.boolean("expressRouteGatewayBypass")?,
            routing_weight: properties.number("routingWeight", 0..=32_000)?.unwrap_or(0),
        })
    }
}

fn reference(
    properties: &Fields<'_>,
    name: &str,
    kind: ResourceType,
) -> Result<ResourceId, InvalidField> {
    let cure = format!("give the id of a resource of type {kind} as {{\"id\": \"...\"}}");
    let id = properties.required(name, properties.reference(name)?, &cure)?;
    if id.kind() == kind { Ok(id) } else { Err(properties.invalid(name, "is another type", &cure)) }
}

/// Moves the key out of the document into `held`, so that no answer shows it, and keeps of the two
/// references the id alone (PowerShell sends the whole gateway, which would go stale here).
///
/// A document without a key keeps the one the connection has, for a client that sends back what it
/// got; but not when the circuit is another one.
pub(super) fn take_key(
    body: &mut Map<String, Value>,
    held: &mut Held,
    before: Option<&Resource>,
) -> Result<(), InvalidField> {
    let Some(Value::Object(properties)) = body.get_mut("properties") else { return Ok(()) };
    let given = properties.remove(KEY).filter(|key| !key.is_null());
    for name in [GATEWAY, CIRCUIT] {
        if let Some(Value::Object(reference)) = properties.get_mut(name) {
            reference.retain(|key, _| key == "id");
        }
    }
    let circuit_of = |properties: &Map<String, Value>| {
        Fields::root(properties).reference(CIRCUIT).ok().flatten()
    };
    let circuit_before = before
        .and_then(|before| before.body.get("properties"))
        .and_then(Value::as_object)
        .and_then(circuit_of);
    match given {
        Some(Value::String(key)) => held.key = Some(AuthorizationKey::new(&key)),
        Some(_) => {
            return Err(InvalidField {
                field: format!("properties.{KEY}"),
                problem: "is not text".to_owned(),
                cure: "give the key as the circuit's owner got it, a GUID".to_owned(),
            });
        }
        None if circuit_of(properties) != circuit_before => held.key = None,
        None => {}
    }
    Ok(())
}
