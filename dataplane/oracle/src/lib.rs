//! A reference forwarder for one MSEE: what every frame must come to.
//!
//! It says for each frame, by the RFCs and the desired state alone, with which verdict it ends and
//! which bytes leave. It is written to be read, over ordered maps and copies, and shares no code
//! with the programs it judges: it takes from `abi` the names of the verdicts and from `desired` the
//! types of the state, and nothing else. A disagreement is a defect of one of the two.
//!
//! ```text
//!   frame > link header > port > [out of the tunnel] > reception > check > [VNet] > local > police > lookup > TTL > adjacency > out
//! ```
//!
//! One thing it cannot know is the flow hash by which a route picks one of a gateway's instances: a
//! [`Judgement`] then has an [`End`] for each of them. Nor can it know what a tunnel makes of that hash,
//! its outer UDP source port: see [`Outcome::Tunnelled`]. Another is how much of a circuit's bandwidth is
//! left: it is told which is used up ([`Oracle::use_up`]).
//!
//! [`scene`] is a state to judge by, [`corpus`] a table of named frames with their verdicts, written by
//! hand, and [`generate`] makes any number of others.
//!
//! ```
//! use oracle::{Oracle, generate::{Generator, XorShift}, scene};
//!
//! let (state, ports) = (scene::state(), scene::ports());
//! let oracle = Oracle::new(&state, &ports)?;
//! let mut generator = Generator::new(&state, &ports);
//! let mut random = XorShift::new(1);
//! if let Some(frame) = generator.frame(&mut || random.next()) {
//!     let judgement = oracle.judge(frame.ifindex, &frame.bytes);
//!     println!("{:?}", judgement.ends());
//! }
//! # Ok::<(), oracle::StateError>(())
//! ```
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing)]

mod checksum;
mod compose;
pub mod corpus;
mod field;
mod forward;
pub mod generate;
mod ipv4;
mod ipv6;
mod judgement;
mod link;
mod local;
mod oracle;
mod packet;
mod police;
mod port;
mod prefixes;
mod reception;
pub mod scene;
mod state;
mod tunnel;

pub use judgement::{End, Judgement, Outcome, Sending};
pub use oracle::Oracle;
pub use police::Direction;
pub use port::{Port, PortKind};
pub use state::StateError;
