//! The lab in each phase of its story, and the compiler's promises.

mod ipv6;
mod more_circuits;
mod properties;
mod story;
mod two_customers;
mod vxlan;

use serde_json::{Map, Value, json};

use super::*;
use crate::{
    lab::{CIRCUIT, GROUP, connect, edit, id, lab, order, provision, put, two_customers},
    resource::Resource,
};

fn compiled(resources: &[Resource]) -> Compiled {
    compile(&resources.iter().cloned().collect())
}

/// One line for each route of a VRF: `prefix -> next hop (why)`.
fn routes(compiled: &Compiled, router: &str, vrf: &str) -> Vec<String> {
    let describe = |adjacency: &desired::Adjacency| match adjacency {
        desired::Adjacency::Ce { port } => format!("ce {port}"),
        desired::Adjacency::Direct { port, vm, connection, .. } => {
            format!("direct {vm} {port} {connection}")
        }
        desired::Adjacency::Gateway { port, gateway, connection, instances } => {
            let addresses: Vec<String> = instances.iter().map(|i| i.address.to_string()).collect();
            format!("gateway {gateway} {port} {connection} {}", addresses.join(","))
        }
    };
    compiled.routers[router].vrfs[vrf]
        .routes
        .iter()
        .map(|(prefix, route)| {
            format!("{prefix} -> {} ({})", describe(&route.adjacency), route.why)
        })
        .collect()
}

fn nic_routes(compiled: &Compiled, nic: &str) -> Vec<String> {
    let Some(nic) = compiled.host.nics.get(nic) else { return Vec::new() };
    nic.routes
        .iter()
        .map(|(prefix, next_hops)| {
            let next_hops: Vec<String> = next_hops.iter().map(ToString::to_string).collect();
            format!("{prefix} via {}", next_hops.join(" "))
        })
        .collect()
}
