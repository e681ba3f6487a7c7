//! The topology file and the plan made from it.
//!
//! [`load`] reads a file into a [`Topology`] (its shape is checked: unknown keys, wrong values,
//! missing keys); [`plan()`] checks what it means and decides every name and address. Both report a
//! mistake with the line it is on and what to do about it.
//!
//! The skeleton `name`, `topology.nodes`, `topology.links` is containerlab's; the nouns of Azure are
//! in the one block `expressroute`. FastPath is a property of a connection.

mod addressing;
mod check;
mod file;
mod load;
mod located;
mod mistake;
mod name;
pub mod plan;
mod planner;
mod prefix;
mod quantity;
mod routers;
mod vm_addresses;

pub use addressing::{GatewaySubnet, GatewaySubnet6, Slash30, Slash126};
pub use file::{
    Circuit, Connection, Daemon, Ecmp, ExpressRoute, FabricKind, Gateway, Graph, Impair, Kind,
    LinkSpec, NodeSpec, Peering, Profile, Region, Source, Test, Topology, TracerouteTest, Vnet,
};
pub use load::{LoadError, load, parse};
pub use located::{Entries, Located, Span};
pub use mistake::{Mistake, PlanError};
pub use name::{LabNameError, check_lab_name};
pub use planner::plan;
pub use prefix::{AnyPrefix, Prefix, Prefix6};
pub use quantity::{Bandwidth, Delay};
pub use routers::{Router, RouterCircuitPort, RouterFabricPort, RouterVxlan, routers};
pub use vm_addresses::VmAddresses;
