//! What the fast path hands to userspace: one thread, one AF_XDP socket for each interface towards
//! customer edges and fabrics.
//!
//! [`decide`] says what becomes of a packet and touches nothing; [`thread`] moves the bytes, and asks
//! for neighbours.

mod answer;
pub mod decide;
mod discovery;
mod forward;
mod fragment;
mod frames;
mod hearing;
pub mod thread;
mod way;
mod worker;

pub use decide::{Decision, Punt, Responder};
pub use frames::Frames;
pub use thread::{Ended, Outlets, PuntThread, StartError, Teller};
