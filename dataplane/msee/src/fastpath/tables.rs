//! The forwarding image, on userspace's side.
//!
//! Two steps, and nothing in between is visible to a packet:
//! 1. [`Compiled::new`] is a pure function from the desired state, the bound ports and the learned
//!    neighbours to plain vectors, laid out as `abi::image` says. Whatever does not fit or names what
//!    is not there fails here.
//! 2. [`mapped::Image::publish`] copies the vectors into the bank that no packet reads, flips the
//!    generation, and waits until no packet reads the old one.
//!
//! This is the one boundary to the prefix structure: another one (poptrie, DXR) changes
//! [`prefixes`] and the program's `lookup.rs`, and nothing else.

mod adjacencies;
mod compile;
mod compiled;
mod groups;
pub(super) mod mapped;
mod next_hops;
mod prefixes;
mod recovered;
mod tunnels;

pub use compile::CompileError;
pub use compiled::{Compiled, CompiledVnet, Roots, RouteOf};
pub use mapped::{GracePeriodError, MapImageError, PublishError};
pub use prefixes::NodesExhausted;
