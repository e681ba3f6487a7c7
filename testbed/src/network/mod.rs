//! The lab's network: namespaces, veth pairs, bridges, addresses.
//!
//! **Ownership.** Everything made here carries the mark `erlab:<lab>`, and [`remove`] deletes what
//! carries it and nothing else, whatever its name:
//! - an interface has the mark as its alias (`ip link show` prints it);
//! - a namespace is ours when its `lo` has the mark, which is set before the namespace gets its name
//!   in `/run/netns`, so there is no moment at which a crash leaves one that nobody owns;
//! - the file a namespace is mounted on has the mark as its text, which is visible only while
//!   nothing is mounted there.
//!
//! Removal needs no state file, may be repeated, and works after a crash. The marked interfaces go
//! first: a process that still runs in a namespace keeps it and its interfaces alive without a name.
//!
//! **Traps.** A veth end that gets frames from XDP on the other end needs NAPI, which `gro on`
//! gives; GRO would then merge TCP segments into frames that no wire can carry, so its size limit is
//! set to one byte: NAPI without merging. Checksums and segmentation are not left to "hardware": a
//! frame that XDP forwards carries what its sender wrote.

mod addresses;
mod build;
mod configure;
mod connection;
pub mod ecmp;
mod layout;
mod losses;
pub mod namespace;
mod offload;
pub mod probe;
mod remove;
mod route_message;
pub mod routes;
mod sysctl;

pub use build::{BuildError, Built, build};
pub use connection::{ConnectError, NetlinkError};
pub use losses::{LossesError, VethLosses, losses};
pub use remove::{RemoveError, labs, remove};

/// The mark of a lab's objects.
fn mark(lab: &str) -> String {
    format!("{MARK}{lab}")
}

const MARK: &str = "erlab:";

#[cfg(test)]
mod tests;
