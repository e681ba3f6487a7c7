//! What the fast path promises over restarts, upgrades, failures and changes, one file a promise. Needs
//! root: a test that cannot run fails.
//!
//! Real packets cross the router while the fault happens, and each is accounted for. Short versions
//! run by default; `ERLAB_SOAK=1` runs the full ones (`soak`).
#![allow(missing_docs, unreachable_pub, reason = "a test binary exports nothing")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../fastpath/frames.rs"]
#[allow(dead_code, reason = "shared with the tests of the fast path")]
mod frames;
#[path = "../fastpath/host.rs"]
mod host;
#[path = "../fastpath/hosts.rs"]
#[allow(dead_code, reason = "shared with the tests of the fast path")]
mod hosts;
#[path = "../fastpath/namespace.rs"]
#[allow(dead_code, reason = "shared with the tests of the fast path")]
mod namespace;
#[path = "../fastpath/rig.rs"]
#[allow(dead_code, reason = "shared with the tests of the fast path")]
mod rig;

mod bench;
mod faults;
mod judge;
mod kernel;
mod ledger;
mod machine;
mod object;
mod soak;
mod station;
mod traffic;

mod adoption;
mod flood;
mod full_tables;
mod grey;
mod kill;
mod links;
mod loops;
mod neighbours;
mod nested;
mod pieces;
mod rebind;
mod refusal;
mod replace;
mod retire;
mod silence;
mod swap;
mod upgrade;
mod withheld;
mod write_failure;
