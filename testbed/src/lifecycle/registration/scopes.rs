//! Subscriptions and resource groups of a lab's resources.

use crate::{
    control::ids::Scope,
    topology::{Circuit, Topology},
};

/// The scopes of one file.
#[derive(Clone, Debug)]
pub(super) struct Scopes {
    /// VNets, network interfaces, gateways, connections and the lab's plumbing.
    pub(super) gateways: Scope,
}

impl Scopes {
    pub(super) fn of(topology: &Topology) -> Self {
        let azure = &topology.expressroute;
        Self { gateways: Scope::new(&azure.subscription, &azure.resource_group) }
    }

    /// A circuit's own scope: often another company's.
    pub(super) fn circuit(&self, circuit: &Circuit) -> Scope {
        Scope::new(
            circuit.subscription.as_ref().unwrap_or(&self.gateways.subscription),
            circuit.resource_group.as_ref().unwrap_or(&self.gateways.resource_group),
        )
    }
}
