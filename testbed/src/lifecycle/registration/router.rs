//! The MSEEs' cables. In Azure nobody tells these; in a lab the plumbing does.

use serde_json::{Value, json};

use super::{Request, scopes::Scopes};
use crate::topology::{Router, Topology, plan::Plan, routers};

pub(super) fn requests(topology: &Topology, plan: &Plan, scopes: &Scopes) -> Vec<Request> {
    let routers = routers(topology, plan);
    routers.iter().map(|router| request(router, topology, scopes)).collect()
}

fn request(router: &Router, topology: &Topology, scopes: &Scopes) -> Request {
    let circuits = &topology.expressroute.circuits;
    let circuit_ports = router.circuit_ports.iter().filter_map(|port| {
        let scope = scopes.circuit(circuits.find(&port.circuit)?);
        Some(json!({
            "interface": port.interface,
            "cpuInterface": port.cpu,
            "circuit": { "id": scope.circuit(&port.circuit) },
            "peerMacAddress": port.peer_mac,
            "staticRoutes": port.static_routes,
        }))
    });
    let fabric_ports = router.fabric_ports.iter().map(|port| {
        let vxlan = port.vxlan.as_ref();
        let networks = port.vnets.iter().map(|name| {
            let vni = vxlan.and_then(|vxlan| vxlan.vnis.get(name));
            json!({ "id": scopes.gateways.virtual_network(name), "vni": vni })
        });
        json!({
            "interface": port.interface,
            "virtualNetworks": networks.collect::<Vec<_>>(),
            "vxlan": vxlan.map(|vxlan| json!({ "address": vxlan.address })),
        })
    });
    let body = json!({
        "properties": {
            "path": router.path,
            "circuitPorts": circuit_ports.collect::<Vec<Value>>(),
            "fabricPorts": fabric_ports.collect::<Vec<Value>>(),
        }
    });
    Request::put(scopes.gateways.router(&router.name), body)
}
