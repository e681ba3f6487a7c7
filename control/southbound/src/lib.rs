//! The stream between `ercontrol` and its dataplanes.
//!
//! A dataplane connects to a unix socket and says who it is; `ercontrol` sends the complete desired
//! state with its revision, at once and after every change; the dataplane applies it and reports
//! the revision. Messages are JSON objects, one a line. A state replaces the one before it: a slow
//! dataplane is sent only the newest.

mod client;
mod message;

pub use client::{Handle, Identity, connect};
pub use message::{DataplaneKind, FromControl, FromDataplane, PROTOCOL};
