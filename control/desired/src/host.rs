//! What the hosts of the VMs know: each VM's effective routes.

use std::{collections::BTreeMap, net::IpAddr};

use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};

/// The effective routes of every VM, by network interface name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostState {
    /// Routes by network interface name.
    pub nics: BTreeMap<String, NicRoutes>,
}

/// The routes one VM learned through its VNet's connections. Prefixes of its own VNet and of peered
/// VNets are on-link and not listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NicRoutes {
    /// Next hops by prefix: in-VNet addresses of MSEEs, primary first; flows are spread over them.
    pub routes: BTreeMap<IpNetwork, Vec<IpAddr>>,
}
