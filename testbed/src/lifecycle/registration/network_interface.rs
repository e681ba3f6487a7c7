//! The VMs' network interfaces. A network interface has its VM's name.

use serde_json::{Value, json};

use super::{Request, scopes::Scopes, virtual_network};
use crate::topology::{
    ExpressRoute,
    plan::{Node, Plan},
};

pub(super) fn requests(azure: &ExpressRoute, plan: &Plan, scopes: &Scopes) -> Vec<Request> {
    let mut requests = Vec::new();
    for (network, vnet) in azure.vnets.iter() {
        for (vm, addresses) in vnet.vms.iter() {
            let Some(subnet) = virtual_network::subnet_of(vnet, addresses.ipv4) else { continue };
            let interface = port(plan, vm);
            let configurations = addresses.all().zip(1..).map(|(address, number)| {
                let version = if address.is_ipv4() { "IPv4" } else { "IPv6" };
                json!({
                    "name": format!("ipconfig{number}"),
                    "properties": {
                        "privateIPAddress": address,
                        "privateIPAddressVersion": version,
                        "privateIPAllocationMethod": "Static",
                        "subnet": { "id": scopes.gateways.subnet(network, &subnet.name) },
                    }
                })
            });
            let body = json!({
                "location": vnet.region.value,
                "properties": {
                    "macAddress": interface,
                    "ipConfigurations": configurations.collect::<Vec<Value>>(),
                }
            });
            requests.push(Request::put(scopes.gateways.network_interface(vm), body));
        }
    }
    requests
}

/// MAC address of a VM's interface.
fn port(plan: &Plan, vm: &str) -> Option<desired::MacAddress> {
    let node: &Node = plan.nodes.iter().find(|node| node.name == vm)?;
    node.interfaces.first().map(|interface| interface.mac)
}
