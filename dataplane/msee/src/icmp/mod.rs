//! ICMP that the MSEE makes itself (RFC 792, RFC 1812 4.3), as pure functions: bytes in, bytes out.
//!
//! Most of it is knowing when to stay silent: an error about an error can echo between two routers
//! for ever, one about a broadcast is answered by a whole link, and one without a rate limit turns
//! a router into an amplifier. [`manners`] and [`limit`] hold those rules, [`error`] and [`echo`]
//! write the messages.
//!
//! The source address of every message is the one the *sender's side* knows this MSEE by
//! (RFC 1812 4.3.2.4), which callers pass in: the `/30`'s own address towards a customer edge, the
//! in-VNet `.4` or `.5` towards a VM.

pub mod echo;
pub mod error;
pub mod limit;
pub mod manners;

/// ICMP type Echo Reply.
pub const ECHO_REPLY: u8 = 0;
/// ICMP type Destination Unreachable.
pub const DESTINATION_UNREACHABLE: u8 = 3;
/// ICMP type Echo Request.
pub const ECHO_REQUEST: u8 = 8;
/// ICMP type Time Exceeded.
pub const TIME_EXCEEDED: u8 = 11;

/// Length of the header every ICMP message starts with.
pub const HEADER: usize = 8;

/// TTL of a message of our own (RFC 1812 4.3.2.2 via 4.2.2.9: the default, never the offender's).
pub const FRESH_TTL: u8 = 64;
