//! The desired state of every dataplane, as `ercontrol` compiles it and dataplanes apply it.
//!
//! Each state is complete: what it does not mention is to be removed. Names are the user's own
//! (interfaces, resources), never indices: the dataplane that applies a state chooses its numbers.
//! Maps are ordered, so that equal inputs compile to equal bytes.

mod address;
mod gateway;
mod host;
mod msee;
mod tags;

pub use address::{MacAddress, MacAddressError};
pub use gateway::{Endpoint, GatewayInstance, GatewayState, InstanceState};
pub use host::{HostState, NicRoutes};
pub use msee::{
    Adjacency, CircuitPort, FabricPort, FabricVnet, GatewayNextHop, Ipv6Link, MseeState, Route,
    Tunnel, Underlay, UnderlayHost, Vrf, VrfName,
};
pub use tags::{ServiceEthertype, ServiceEthertypeError, Tags};

use serde::{Deserialize, Serialize};

/// Number of a committed change; a dataplane reports the highest it has applied.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The state of one dataplane, whichever kind it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum State {
    /// For an `msee`.
    Msee(MseeState),
    /// For an `ergw`.
    Ergw(GatewayState),
    /// For the agent that keeps the VMs' effective routes.
    Host(HostState),
}

#[cfg(test)]
mod tests;
