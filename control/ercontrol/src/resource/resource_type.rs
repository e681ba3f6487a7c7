//! The resource types, their paths, and the properties a user may not set.

use serde_json::{Map, Value};

use super::InvalidField;

/// A type of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceType {
    /// A resource group; optional, for clients that make one first.
    ResourceGroup,
    /// A VNet.
    VirtualNetwork,
    /// One side of the peering of two VNets.
    VirtualNetworkPeering,
    /// A VM's network interface.
    NetworkInterface,
    /// An ExpressRoute gateway.
    VirtualNetworkGateway,
    /// An ExpressRoute circuit.
    ExpressRouteCircuit,
    /// The private peering of a circuit.
    CircuitPeering,
    /// A key that lets another subscription connect to a circuit.
    CircuitAuthorization,
    /// Gateway to circuit.
    Connection,
    /// An MSEE and its cables (ours).
    Router,
    /// Where a gateway runs (ours).
    GatewayHost,
    /// A host of a VXLAN fabric (ours).
    FabricHost,
}

impl ResourceType {
    /// Every type, in no meaningful order.
    pub const ALL: [Self; 12] = [
        Self::ResourceGroup,
        Self::VirtualNetwork,
        Self::VirtualNetworkPeering,
        Self::NetworkInterface,
        Self::VirtualNetworkGateway,
        Self::ExpressRouteCircuit,
        Self::CircuitPeering,
        Self::CircuitAuthorization,
        Self::Connection,
        Self::Router,
        Self::GatewayHost,
        Self::FabricHost,
    ];

    /// Provider namespace, as ARM spells it.
    pub fn provider(self) -> &'static str {
        match self {
            Self::ResourceGroup => "Microsoft.Resources",
            Self::Router | Self::GatewayHost | Self::FabricHost => "Erlab.Edge",
            _ => "Microsoft.Network",
        }
    }

    /// Type segments below the provider, outermost first.
    pub fn segments(self) -> &'static [&'static str] {
        match self {
            Self::ResourceGroup => &["resourceGroups"],
            Self::VirtualNetwork => &["virtualNetworks"],
            Self::VirtualNetworkPeering => &["virtualNetworks", "virtualNetworkPeerings"],
            Self::NetworkInterface => &["networkInterfaces"],
            Self::VirtualNetworkGateway => &["virtualNetworkGateways"],
            Self::ExpressRouteCircuit => &["expressRouteCircuits"],
            Self::CircuitPeering => &["expressRouteCircuits", "peerings"],
            Self::CircuitAuthorization => &["expressRouteCircuits", "authorizations"],
            Self::Connection => &["connections"],
            Self::Router => &["routers"],
            Self::GatewayHost => &["gatewayHosts"],
            Self::FabricHost => &["fabricHosts"],
        }
    }

    /// The full name: `Microsoft.Network/virtualNetworks`.
    pub fn full_name(self) -> String {
        format!("{}/{}", self.provider(), self.segments().join("/"))
    }

    /// The type with these names, whatever their case. Resource groups are not below a provider
    /// and are never found here.
    pub fn find(provider: &str, segments: &[&str]) -> Option<Self> {
        Self::ALL.into_iter().filter(|kind| *kind != Self::ResourceGroup).find(|kind| {
            kind.provider().eq_ignore_ascii_case(provider)
                && kind.segments().len() == segments.len()
                && kind.segments().iter().zip(segments).all(|(a, b)| a.eq_ignore_ascii_case(b))
        })
    }

    /// The type that holds resources of this one, for children.
    pub fn parent(self) -> Option<Self> {
        match self {
            Self::VirtualNetworkPeering => Some(Self::VirtualNetwork),
            Self::CircuitPeering | Self::CircuitAuthorization => Some(Self::ExpressRouteCircuit),
            _ => None,
        }
    }

    /// Properties computed by us: ignored in a PUT, so that a client may send back what it got.
    fn read_only(self) -> &'static [&'static str] {
        match self {
            Self::VirtualNetworkPeering => &["peeringState", "peeringSyncLevel"],
            Self::VirtualNetworkGateway => &["instances"],
            Self::ExpressRouteCircuit => &[
                "serviceProviderProvisioningState",
                "circuitProvisioningState",
                "serviceKey",
                "stag",
                "serviceEthertype",
            ],
            Self::CircuitPeering => &["azureASN", "state"],
            Self::CircuitAuthorization => {
                &["authorizationKey", "authorizationUseStatus", "connectionResourceUri"]
            }
            Self::Connection => {
                &["connectionStatus", "ingressBytesTransferred", "egressBytesTransferred"]
            }
            _ => &[],
        }
    }

    /// Children that real ARM also accepts inside the parent's document; we take them at their
    /// own path only.
    fn child_lists(self) -> &'static [&'static str] {
        match self {
            Self::VirtualNetwork => &["virtualNetworkPeerings"],
            Self::ExpressRouteCircuit => &["peerings", "authorizations"],
            _ => &[],
        }
    }

    /// Drops what a user may not set from a document.
    ///
    /// # Errors
    /// A non-empty list of children: dropping it in silence would lose what the user meant.
    pub fn take_read_only(self, body: &mut Map<String, Value>) -> Result<(), InvalidField> {
        for name in ["id", "name", "type", "etag"] {
            body.remove(name);
        }
        let Some(Value::Object(properties)) = body.get_mut("properties") else { return Ok(()) };
        properties.remove("provisioningState");
        properties.remove("resourceGuid");
        for name in self.read_only() {
            properties.remove(*name);
        }
        if let Some(Value::Array(subnets)) = properties.get_mut("subnets") {
            for subnet in subnets.iter_mut().filter_map(Value::as_object_mut) {
                subnet.remove("id");
            }
        }
        for name in self.child_lists() {
            match properties.remove(*name) {
                Some(Value::Array(children)) if !children.is_empty() => {
                    return Err(InvalidField {
                        field: format!("properties.{name}"),
                        problem: "cannot be set through its parent".to_owned(),
                        cure: format!("PUT each one at its own path, .../{name}/NAME"),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for ResourceType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.provider(), self.segments().join("/"))
    }
}
