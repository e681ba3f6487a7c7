//! Everything the eBPF programs and userspace share: layouts, limits and verdicts.
//!
//! One definition serves both sides, so the two cannot drift apart. Every struct here is
//! `#[repr(C)]` without implicit padding and its size is asserted at compile time: the bytes are
//! written by a memory-mapped store in userspace and read by an XDP program.
//!
//! Addresses are in **network byte order as read from the wire** wherever a type is `[u8; N]`;
//! plain integers are in host byte order.
#![no_std]

pub mod image;
pub mod limits;
pub mod police;
pub mod punt;
pub mod trace;
pub mod tunnel;
pub mod verdict;

/// Version of every layout in this crate. Raised with any change that a program and a userspace of
/// different builds would read differently: a userspace refuses an object of another version, see
/// [`VERSION_MAP`]. Whether programs take frames of several buffers is part of it: the kernel lets no
/// two programs that differ in that share a devmap.
pub const VERSION: u32 = 3;

/// Map of every object whose number of entries is the [`VERSION`] it was built with. Nothing is
/// stored in it: its size is what a loader can read before it loads a program.
pub const VERSION_MAP: &str = "ABI_VERSION";

/// Map of every object in which the daemon counts the verdicts it reaches itself, as the program does
/// in its own: one `[u64; verdict::COUNT]` in host byte order, mapped into memory. It is pinned with
/// the others, so that a killed daemon does not forget what it lost. No program touches it.
pub const DAEMON_COUNTERS: &str = "DAEMON_COUNTERS";
