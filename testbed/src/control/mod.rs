//! Talking to the lab's daemons: HTTP/1.1 over the Unix sockets of its run directory.
//!
//! One [`Client`] serves `ercontrol`'s ARM-shaped API and the small admin APIs of `msee`, `ergw` and
//! the agent alike; [`ids`] builds the ARM paths. There is no private door: what the commands do
//! here, `curl --unix-socket` can do too.

mod client;
mod cure;
mod error;
pub mod ids;

pub use client::Client;
pub use cure::Subject;
pub use error::ClientError;
