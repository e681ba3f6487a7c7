//! AF_XDP sockets, and what else the dataplanes need from the kernel's XDP side.
//!
//! One [`Socket`] is one queue of one interface with memory (UMEM) of its own. Received frames stay
//! in that memory: they are read, rewritten and sent back out of the same socket in place, or
//! released. Frames made from scratch are copied in. The program that redirects packets into the
//! socket is the caller's; [`object`], [`load_program`] and [`pins`] help to load and keep it, and
//! [`steps`] to show what happens when that fails.
//!
//! ```no_run
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let mut socket = afxdp::Socket::bind("eth1", 0, &afxdp::Config::default())?;
//! // Register it in an XSKMAP, then:
//! while socket.wait(std::time::Duration::from_secs(1))? {
//!     for index in 0..socket.receive() {
//!         let Some(frame) = socket.frame(index) else { continue };
//!         let answer = frame.data.to_vec();
//!         let _ = socket.send_copy(&answer);
//!     }
//!     socket.release();
//!     socket.wakeup()?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Traps, all of them seen on veth, which has copy mode only:
//! - A redirect to a socket bound to another interface or queue vanishes without a counter.
//! - A transmit call handles 32 frames unless the socket's budget is raised ([`Socket::bind`] does).
//! - A transmitted frame comes back only when its receiver has consumed the packet, which may be
//!   late: nothing here waits for completions.
//! - Closing a socket releases its queue a moment later: binding again sees EBUSY and is retried.
#![deny(clippy::indexing_slicing)]

mod bind;
mod config;
mod ethtool;
pub mod losses;
mod memory;
mod memory_limit;
pub mod mode;
mod object;
pub mod pins;
mod program;
mod rings;
pub mod selftest;
mod socket;
mod sockopt;
mod statistics;
pub mod steps;
pub mod tally;
pub mod test_run;

pub use bind::BindError;
pub use config::{Config, ConfigError};
pub use ethtool::{QueuesError, has_carrier, queues};
pub use memory_limit::raise_memory_limit;
pub use mode::Mode;
pub use object::{DIRECTORY, ObjectError, check_version, layouts, object, object_in};
pub use program::{LoadProgramError, load_program};
pub use socket::{Accounting, Frame, SendError, Socket};
pub use statistics::{Statistics, StatisticsSource};
