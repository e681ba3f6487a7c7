//! Wakes a thread on time.
//!
//! A cable does not wait for a compiler to finish its time slice, and a pause of a traffic generator
//! would look like one of the network. Such threads run at the lowest real-time priority: before
//! everything ordinary, behind whatever else asks to be real-time. The kernel keeps a share of each
//! processor for ordinary programs all the same.

#![allow(unsafe_code, reason = "nix has no sched_setscheduler")]

use std::io;

use nix::sys::prctl;

/// Makes the calling thread real-time, and its sleeps end when they should.
pub(crate) fn be_prompt() -> io::Result<()> {
    // By default the kernel lets a sleep end 50 us late.
    prctl::set_timerslack(1)?;
    let priority = libc::sched_param { sched_priority: 1 };
    let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
    // SAFETY: 0 is the calling thread, and the kernel only reads the live value `priority`.
    let done = unsafe { libc::sched_setscheduler(0, policy, &raw const priority) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
