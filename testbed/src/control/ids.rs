//! ARM resource paths of a lab.
//!
//! A lab has two scopes: the gateways' (VNets, NICs, gateways, connections) and each circuit's own
//! subscription, which is why a connection needs an authorization at all.

use std::fmt;

/// A subscription and a resource group in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Subscription name (Azure's are GUIDs; any name does here).
    pub subscription: String,
    /// Resource group.
    pub resource_group: String,
}

impl Scope {
    /// Names a scope.
    pub fn new(subscription: impl Into<String>, resource_group: impl Into<String>) -> Self {
        Self { subscription: subscription.into(), resource_group: resource_group.into() }
    }

    /// `.../resourceGroups/{group}` itself.
    pub fn group(&self) -> String {
        format!("/subscriptions/{}/resourceGroups/{}", self.subscription, self.resource_group)
    }

    /// All resources of a type of `Microsoft.Network`.
    pub fn list(&self, kind: &str) -> String {
        format!("{}/providers/Microsoft.Network/{kind}", self.group())
    }

    /// A virtual network.
    pub fn virtual_network(&self, name: &str) -> String {
        self.resource("virtualNetworks", name)
    }

    /// A subnet of a virtual network.
    pub fn subnet(&self, network: &str, subnet: &str) -> String {
        format!("{}/subnets/{subnet}", self.virtual_network(network))
    }

    /// A peering of a virtual network.
    pub fn virtual_network_peering(&self, network: &str, peering: &str) -> String {
        format!("{}/virtualNetworkPeerings/{peering}", self.virtual_network(network))
    }

    /// A VM's network interface.
    pub fn network_interface(&self, name: &str) -> String {
        self.resource("networkInterfaces", name)
    }

    /// An ExpressRoute gateway.
    pub fn gateway(&self, name: &str) -> String {
        self.resource("virtualNetworkGateways", name)
    }

    /// A connection between a gateway and a circuit.
    pub fn connection(&self, name: &str) -> String {
        self.resource("connections", name)
    }

    /// An ExpressRoute circuit.
    pub fn circuit(&self, name: &str) -> String {
        self.resource("expressRouteCircuits", name)
    }

    /// A circuit's private peering.
    pub fn private_peering(&self, circuit: &str) -> String {
        format!("{}/peerings/AzurePrivatePeering", self.circuit(circuit))
    }

    /// The authorizations of a circuit.
    pub fn authorizations(&self, circuit: &str) -> String {
        format!("{}/authorizations", self.circuit(circuit))
    }

    /// One authorization of a circuit.
    pub fn authorization(&self, circuit: &str, name: &str) -> String {
        format!("{}/{name}", self.authorizations(circuit))
    }

    /// An MSEE's ports, as the lab's plumbing describes them to the control plane.
    pub fn router(&self, name: &str) -> String {
        format!("{}/providers/Erlab.Edge/routers/{name}", self.group())
    }

    /// A gateway's namespace, as the lab's plumbing describes it to the control plane.
    pub fn gateway_host(&self, name: &str) -> String {
        format!("{}/providers/Erlab.Edge/gatewayHosts/{name}", self.group())
    }

    /// A host of a VXLAN fabric, as the lab's plumbing describes it to the control plane.
    pub fn fabric_host(&self, name: &str) -> String {
        format!("{}/providers/Erlab.Edge/fabricHosts/{name}", self.group())
    }

    fn resource(&self, kind: &str, name: &str) -> String {
        format!("{}/{name}", self.list(kind))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "subscription {}, resource group {}", self.subscription, self.resource_group)
    }
}

/// The last segment of a resource id: the resource's name.
pub fn name_of(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// The name that follows the type `kind` in a resource id.
pub(super) fn name_in<'id>(id: &'id str, kind: &str) -> Option<&'id str> {
    let mut segments = id.split('/');
    segments.by_ref().find(|segment| segment.eq_ignore_ascii_case(kind))?;
    segments.next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests;
