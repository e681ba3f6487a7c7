//! What one ExpressRoute gateway forwards.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use serde::{Deserialize, Serialize};

use crate::MacAddress;

/// The complete state of one gateway. It sees one direction only: from MSEEs to VMs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayState {
    /// Name of the gateway.
    pub gateway: String,
    /// SKU name as ARM spells it.
    pub sku: String,
    /// Its instances, first to last.
    pub instances: Vec<GatewayInstance>,
    /// The VMs of its VNet and of the spokes that use it, by address.
    pub endpoints: BTreeMap<IpAddr, Endpoint>,
}

/// One of a gateway's two instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayInstance {
    /// `.12` or `.13` of the GatewaySubnet.
    pub address: Ipv4Addr,
    /// MAC address that MSEEs send to.
    pub mac: MacAddress,
    /// Whether it forwards.
    pub state: InstanceState,
}

/// Whether a gateway instance forwards; decided by `ercontrol`, never inferred from a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InstanceState {
    /// In service.
    #[default]
    Up,
    /// Failed: it drops what still reaches it.
    Failed,
}

/// A VM behind a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Name of the VM (its network interface).
    pub vm: String,
    /// Name of its VNet.
    pub vnet: String,
    /// Its MAC address.
    pub mac: MacAddress,
}
