//! The hosts of VXLAN fabrics, and what is on each. In Azure nobody tells these; in a lab the plumbing
//! does.

use serde_json::json;

use super::{Request, scopes::Scopes};
use crate::topology::plan::{FabricHost, NodeKind, Plan};

pub(super) fn requests(plan: &Plan, scopes: &Scopes) -> Vec<Request> {
    let underlays = plan.fabrics.iter().filter_map(|fabric| fabric.underlay.as_ref());
    let hosts = underlays.flat_map(|underlay| &underlay.hosts);
    hosts.map(|host| request(host, plan, scopes)).collect()
}

fn request(host: &FabricHost, plan: &Plan, scopes: &Scopes) -> Request {
    let (scope, guest) = (&scopes.gateways, host.guest.node.as_str());
    let on_it = match plan.node(guest).map(|node| &node.kind) {
        Some(NodeKind::Gateway { .. }) => json!({ "gateways": [{ "id": scope.gateway(guest) }] }),
        _ => json!({ "networkInterfaces": [{ "id": scope.network_interface(guest) }] }),
    };
    let mut properties = on_it;
    let eth1 = plan.node(&host.node).and_then(|node| node.interfaces.first());
    properties["address"] = json!(host.address);
    properties["macAddress"] = json!(eth1.map(|eth1| eth1.mac));
    Request::put(scope.fabric_host(&host.node), json!({ "properties": properties }))
}
