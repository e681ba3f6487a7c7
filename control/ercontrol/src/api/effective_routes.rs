//! `effectiveRouteTable`: a VM's routes as Azure shows them.

use desired::NicRoutes;
use ipnetwork::IpNetwork;
use serde_json::{Value, json};

use crate::{
    compile::{compile, reach::Reach},
    resource::{NetworkInterface, ResourceId, VirtualNetwork},
    resources::Resources,
};

/// The rows: own VNet, peered VNets, then one row for each learned route and next hop (Azure shows
/// the two MSEEs as two rows). Routes to the Internet are not modelled.
pub(super) fn rows(id: &ResourceId, resources: &Resources) -> Option<Vec<Value>> {
    let nic = resources.find::<NetworkInterface>(id)?;
    let network = &nic.subnet.network;
    // Of the families it has addresses of.
    let prefixes = |id: &ResourceId| -> Vec<IpNetwork> {
        let network = resources.find::<VirtualNetwork>(id);
        let prefixes = network.map_or(&[][..], |network| &network.prefixes).iter();
        let has = |prefix: &IpNetwork| nic.addresses().any(|a| a.is_ipv4() == prefix.is_ipv4());
        prefixes.copied().filter(has).collect()
    };
    let mut rows = Vec::new();
    for prefix in prefixes(network) {
        rows.push(row("Default", "VnetLocal", &prefix.to_string(), &[]));
    }
    for peer in Reach::new(resources).peers(network) {
        for prefix in prefixes(peer) {
            rows.push(row("Default", "VNetPeering", &prefix.to_string(), &[]));
        }
    }
    let compiled = compile(resources);
    let NicRoutes { routes } = compiled.host.nics.get(id.name()).cloned().unwrap_or_default();
    for (prefix, next_hops) in routes {
        for next_hop in next_hops {
            let next_hop = [next_hop.to_string()];
            let gateway = "VirtualNetworkGateway";
            rows.push(row(gateway, gateway, &prefix.to_string(), &next_hop));
        }
    }
    Some(rows)
}

fn row(source: &str, next_hop_type: &str, prefix: &str, next_hop: &[String]) -> Value {
    json!({
        "source": source,
        "state": "Active",
        "addressPrefix": [prefix],
        "nextHopType": next_hop_type,
        "nextHopIpAddress": next_hop,
    })
}
