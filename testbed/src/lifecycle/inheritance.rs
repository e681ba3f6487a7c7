//! What a program started from here does not inherit.
//!
//! Rust opens every descriptor close-on-exec, but not those that this process was itself given: a
//! shell's redirections, the lock that flock(1) holds while it runs a command. A guardian that kept
//! one would hold the lock, or a pipe's reader, until the lab is destroyed.

#![allow(unsafe_code, reason = "neither nix nor rustix has close_range(2)")]

use std::io;

/// The first descriptor after standard input, output and error.
const FIRST: libc::c_uint = 3;

/// Marks every descriptor but the standard three close-on-exec: those that a program is meant to
/// have, `Command` hands it as one of the three.
pub(super) fn close_on_exec() -> io::Result<()> {
    let flags = libc::CLOSE_RANGE_CLOEXEC.cast_signed();
    // SAFETY: a) the call takes three integers and no pointer; b) with CLOSE_RANGE_CLOEXEC (Linux
    // 5.11) it closes nothing, so every owner of a descriptor keeps a valid one.
    match unsafe { libc::close_range(FIRST, libc::c_uint::MAX, flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
