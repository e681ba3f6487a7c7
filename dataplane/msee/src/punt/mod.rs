//! What the fast path hands to userspace: one thread, one AF_XDP socket for each interface towards
//! customer edges and fabrics.
//!
//! [`decide`] says what becomes of a packet and touches nothing; [`thread`] moves the bytes.

mod answer;
pub mod decide;
mod discovery;
mod fragment;
mod frames;
pub mod thread;

pub use decide::{Decision, Punt, Responder};
pub use frames::Frames;
pub use thread::{Ended, PuntThread, StartError};
