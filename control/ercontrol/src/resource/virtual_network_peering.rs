//! `virtualNetworks/{v}/virtualNetworkPeerings`: one side of the peering of two VNets.
//!
//! A spoke uses its hub's gateway when both sides exist, the hub's says `allowGatewayTransit` and
//! the spoke's says `useRemoteGateways`. Either side may be made first.

use super::{Fields, InvalidField, ResourceId, ResourceType};

/// One side of a peering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualNetworkPeering {
    /// The VNet on the other side.
    pub remote: ResourceId,
    /// The hub's side: the remote VNet may use this VNet's gateway.
    pub allow_gateway_transit: bool,
    /// The spoke's side: this VNet uses the remote VNet's gateway.
    pub use_remote_gateways: bool,
}

impl VirtualNetworkPeering {
    pub(super) fn parse(body: &Fields<'_>) -> Result<Self, InvalidField> {
        const CURE: &str = "give the id of the VNet to peer with as {\"id\": \"...\"}";
        let properties = body.object("properties")?;
        let remote = properties.reference("remoteVirtualNetwork")?;
        let remote = properties.required("remoteVirtualNetwork", remote, CURE)?;
        if remote.kind() != ResourceType::VirtualNetwork {
            return Err(properties.invalid("remoteVirtualNetwork", "is not a VNet", CURE));
        }
        let peering = Self {
            remote,
            allow_gateway_transit: properties.boolean("allowGatewayTransit")?,
            use_remote_gateways: properties.boolean("useRemoteGateways")?,
        };
        if peering.allow_gateway_transit && peering.use_remote_gateways {
            return Err(properties.invalid(
                "useRemoteGateways",
                "and allowGatewayTransit are both true on one side",
                "set allowGatewayTransit on the hub's side and useRemoteGateways on the spoke's",
            ));
        }
        Ok(peering)
    }
}
