//! The state of one gateway.
//!
//! It depends on no connection and on no FastPath setting: every VM is always known, so that a
//! live change at the MSEEs never meets an unprepared gateway.

use std::collections::BTreeMap;

use desired::{Endpoint, GatewayState};

use super::reach::Hub;

pub(super) fn state(hub: &Hub<'_>) -> GatewayState {
    let mut endpoints = BTreeMap::new();
    for network in hub.networks() {
        for machine in &network.machines {
            for address in machine.addresses() {
                endpoints.entry(address).or_insert_with(|| Endpoint {
                    vm: machine.name.to_owned(),
                    vnet: network.id.name().to_owned(),
                    mac: machine.mac,
                });
            }
        }
    }
    GatewayState {
        gateway: hub.gateway.name().to_owned(),
        sku: hub.sku.to_string(),
        instances: hub.instances.clone(),
        endpoints,
    }
}
