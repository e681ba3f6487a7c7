//! What the fast path hands to userspace: one thread, one AF_XDP socket for each circuit and
//! fabric port.
//!
//! [`decide`] says what becomes of a packet and touches nothing; [`thread`] moves the bytes.

pub mod decide;
pub mod thread;

pub use decide::{Decision, Punt, Responder};
pub use thread::{Ended, PuntThread, StartError};
