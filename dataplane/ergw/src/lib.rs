//! One ExpressRoute gateway: the slow path that FastPath bypasses.
//!
//! It sees one direction only, from MSEEs to VMs, through one interface on its region's fabric. An
//! XDP program hands IPv4 and IPv6 frames to an AF_XDP socket; one thread checks, looks up the VM,
//! takes one off the TTL, rewrites the Ethernet header and sends the frame back out of the same
//! socket, in place ([`path`]). A gateway answers nothing: where the TTL ends, a traceroute shows
//! `*`.
//!
//! ```text
//!   eth1 --XDP--> AF_XDP --> [packet thread: check, instance, lookup, ttl, out] --> eth1
//!                                  ^ one snapshot a batch          | counters
//!   ercontrol --southbound--> [control task]                  [admin task] <-- HTTP
//! ```
//!
//! The packet thread takes no lock and allocates nothing for a packet. Everything else runs on one
//! thread beside it.
#![deny(clippy::indexing_slicing)]

mod admin;
mod cli;
mod control;
mod counters;
mod daemon;
mod inject;
pub mod path;
mod program;
mod state;
mod worker;

pub use cli::Arguments;
pub use daemon::{RunError, run};
pub use state::{Endpoint, Instance, Snapshot, StateError};
