//! The lab's resources, for unit tests; the same documents that the integration tests PUT.

use serde_json::{Map, Value, json};

use crate::resource::{Fields, Resource, ResourceId, TagOrder};

pub(crate) const GROUP: &str = "/subscriptions/lab-gateways/resourceGroups/FP/providers";
pub(crate) const CIRCUIT: &str = "/subscriptions/lab-circuits/resourceGroups/RG_US_W2_ER/providers\
                       /Microsoft.Network/expressRouteCircuits/CIRCUIT_EQUINIX";

pub(crate) fn id(path: &str) -> ResourceId {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("{GROUP}/{path}") };
    path.parse().unwrap()
}

pub(crate) fn put(resources: &mut Vec<Resource>, path: &str, body: &Value) {
    let body: Map<String, Value> = body.as_object().unwrap().clone();
    let resource = Resource::from_put(id(path), body, None).unwrap();
    resources.retain(|other| other.id != resource.id);
    resources.push(resource);
}

/// The lab's resources before any connection, the circuit provisioned.
pub(crate) fn lab() -> Vec<Resource> {
    let steps: Vec<Value> = serde_json::from_str(include_str!("../tests/data/lab.json")).unwrap();
    let mut resources = Vec::new();
    for step in steps.iter().filter(|step| step["method"] == "PUT") {
        put(&mut resources, step["path"].as_str().unwrap(), &step["body"]);
    }
    provision(&mut resources, CIRCUIT, true);
    resources
}

/// Two customers whose circuits share a port of each MSEE by their tags, and whose links, VNets and
/// VMs have equal addresses. Both are connected.
pub(crate) fn two_customers() -> Vec<Resource> {
    let steps = include_str!("../tests/data/two_customers.json");
    let steps: Vec<Value> = serde_json::from_str(steps).unwrap();
    let mut resources = Vec::new();
    for step in &steps {
        let path = step["path"].as_str().unwrap();
        match path.strip_suffix("/provision") {
            Some(circuit) => order(&mut resources, circuit, &step["body"]),
            None => put(&mut resources, path, &step["body"]),
        }
    }
    resources
}

/// The provider provisions a circuit.
pub(crate) fn order(resources: &mut [Resource], circuit: &str, body: &Value) {
    let order = TagOrder::read(&Fields::root(body.as_object().unwrap())).unwrap();
    edit(resources, circuit, |circuit| {
        circuit.held.provisioned = true;
        order.apply(&mut circuit.held);
    });
}

pub(crate) fn edit(resources: &mut [Resource], path: &str, edit: impl FnOnce(&mut Resource)) {
    let id = id(path);
    edit(resources.iter_mut().find(|resource| resource.id == id).unwrap());
}

pub(crate) fn provision(resources: &mut [Resource], circuit: &str, provisioned: bool) {
    edit(resources, circuit, |circuit| circuit.held.provisioned = provisioned);
}

#[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
pub(crate) fn connect(
    resources: &mut Vec<Resource>,
    name: &str,
    gateway: &str,
    circuit: &str,
    more: Value,
) {
    let gateway = id(&format!("Microsoft.Network/virtualNetworkGateways/{gateway}")).to_string();
    let mut properties = json!({
        "connectionType": "ExpressRoute",
        "virtualNetworkGateway1": { "id": gateway },
        "peer": { "id": circuit },
    });
    properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("Microsoft.Network/connections/{name}");
    put(resources, &path, &json!({ "properties": properties }));
}
