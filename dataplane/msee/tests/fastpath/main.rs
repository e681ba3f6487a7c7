//! The fast path in the kernel. Needs root: a test that cannot run fails.
//!
//! Every test thread lives in a network and a mount namespace of its own, with its own bpffs: what
//! it makes is gone when it ends.
#![allow(missing_docs, unreachable_pub, reason = "a test binary exports nothing")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod checksum;
mod corpus;
mod counted;
mod differential;
mod differential_police;
mod fixtures;
mod frames;
mod gateway_door;
mod host;
mod hosts;
mod ipv6;
mod isolation;
mod jumbo;
mod lookup;
mod losses;
mod manifest;
#[allow(dead_code, reason = "shared with the tests of reliability")]
mod namespace;
mod oracle_rig;
mod police;
mod publish;
mod restart;
mod rig;
#[path = "../reliability/soak.rs"]
mod soak;
mod sockets;
mod tagged;
mod verdicts;
mod verifier;
mod verifier_log;
mod vxlan;
