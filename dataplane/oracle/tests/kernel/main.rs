//! The oracle beside another router: the kernel's, in a network namespace.
//!
//! ```text
//!   left <-> r0  kernel: forwards  r1 <-> right
//! ```
//!
//! Frames are put on the wire at `left` and `right`, and what comes back on either end is compared
//! with what the oracle says of a state with two untagged circuit ports, `r0` and `r1`. Both ends are
//! customer edges whose MAC addresses no interface has, so nothing but the router takes a packet.
//!
//! The two are written from the same RFCs by people who never met. Where the kernel does otherwise
//! knowingly, `differences` says so, and asserts that it does.

#![allow(missing_docs, unreachable_pub, reason = "a test binary exports nothing")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod comparison;
mod corpus;
mod differences;
mod expectation;
mod generated;
mod local;
mod namespace;
mod packet;
mod router;
mod wire;
