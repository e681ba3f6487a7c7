//! From resources to desired states: a pure function.
//!
//! Equal resources give equal bytes, whatever order they arrived in. An incomplete model compiles
//! to what is possible: a cable to a circuit that does not exist carries nothing, a gateway without
//! a host has no instances. What is not in service is not mentioned, and a dataplane removes what
//! is not mentioned.

pub mod family;
mod gateway;
mod host;
mod msee;
pub mod reach;
mod underlay;

use std::collections::BTreeMap;

use desired::{GatewayState, HostState, MseeState};

use crate::resources::Resources;
use reach::Reach;

/// The desired state of everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiled {
    /// By router name.
    pub routers: BTreeMap<String, MseeState>,
    /// By gateway name.
    pub gateways: BTreeMap<String, GatewayState>,
    /// For the hosts of the VMs.
    pub host: HostState,
}

/// Compiles all resources.
pub fn compile(resources: &Resources) -> Compiled {
    let reach = Reach::new(resources);
    Compiled {
        routers: reach
            .edges
            .iter()
            .map(|edge| (edge.name.to_owned(), msee::state(edge, &reach)))
            .collect(),
        gateways: reach
            .hubs
            .iter()
            .map(|hub| (hub.gateway.name().to_owned(), gateway::state(hub)))
            .collect(),
        host: host::state(&reach),
    }
}

#[cfg(test)]
mod tests;
