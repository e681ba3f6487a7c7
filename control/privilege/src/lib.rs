//! What a daemon may still do once it has started: the capabilities of Linux (capabilities(7)),
//! dropped for good.
//!
//! The trap: capabilities belong to threads, not to processes. A thread gets those of the thread
//! that makes it, and a drop later on reaches no other. So they are dropped while there is one
//! thread, before any runtime exists; [`keep`] refuses to work in a process that has more.
//!
//! Dropping is not enough either: root regains everything by running a program. `no_new_privs` ends
//! that for all descendants, and the bounding set says so in `/proc/PID/status` for everybody to
//! see.

pub mod held;

use std::{fs, io};

use rustix::{
    io::Errno,
    thread::{
        CapabilitySets, capabilities, capability_is_in_bounding_set, clear_ambient_capability_set,
        remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
    },
};

pub use rustix::thread::CapabilitySet as Capabilities;

/// The threads of this process.
const THREADS: &str = "/proc/self/task";

/// Capabilities were not dropped, or not all of them: a reason to end.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// Other threads would keep what they have.
    #[error("privileges can be dropped by a process of one thread, and this one has {threads}")]
    Threads {
        /// How many there are.
        threads: usize,
    },
    /// They cannot be counted.
    #[error("cannot list {THREADS}: is /proc mounted?")]
    Proc(#[source] io::Error),
    /// The kernel refused.
    #[error("cannot drop privileges: {call} failed")]
    Refused {
        /// The system call.
        call: &'static str,
        #[source]
        #[doc = "What it said."]
        source: io::Error,
    },
}

/// Keeps those of `wanted` that this process has, and gives up all others, for itself and for every
/// thread and program it starts from now on. Cannot be undone.
pub fn keep(wanted: Capabilities) -> Result<(), KeepError> {
    let threads = fs::read_dir(THREADS).map_err(KeepError::Proc)?.count();
    if threads != 1 {
        return Err(KeepError::Threads { threads });
    }
    let held = capabilities(None).map_err(refused("capget"))?;
    // Only who has CAP_SETPCAP may shrink the bounding set. It is the ceiling of what execve(2) can
    // give, and no_new_privs gives nothing: whoever has no such capability loses nothing by that.
    if held.effective.contains(Capabilities::SETPCAP) {
        shrink_bounding_set(wanted).map_err(refused("prctl(PR_CAPBSET_DROP)"))?;
    }
    clear_ambient_capability_set().map_err(refused("prctl(PR_CAP_AMBIENT_CLEAR_ALL)"))?;
    set_no_new_privs(true).map_err(refused("prctl(PR_SET_NO_NEW_PRIVS)"))?;
    let kept = held.permitted & wanted;
    let sets =
        CapabilitySets { effective: kept, permitted: kept, inheritable: Capabilities::empty() };
    set_capabilities(None, sets).map_err(refused("capset"))
}

/// Whether the calling thread may use all of `wanted` now.
pub fn has(wanted: Capabilities) -> bool {
    capabilities(None).is_ok_and(|held| held.effective.contains(wanted))
}

fn shrink_bounding_set(wanted: Capabilities) -> Result<(), Errno> {
    for number in 0..u64::BITS {
        // Capabilities that this program has never heard of go too.
        let capability = Capabilities::from_bits_retain(1 << number);
        match capability_is_in_bounding_set(capability) {
            Ok(true) if !wanted.contains(capability) => {
                remove_capability_from_bounding_set(capability)?;
            }
            Ok(_) => {}
            // The kernel has no more.
            Err(Errno::INVAL) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn refused(call: &'static str) -> impl Fn(Errno) -> KeepError {
    move |error| KeepError::Refused { call, source: error.into() }
}

#[cfg(test)]
mod tests;
