//! The steps by which what the kernel holds for us changes, one call each.
//!
//! A change of the fast path is many calls, and a process can die between any two of them, or be
//! refused any one. Whoever makes such a call passes [`Steps`] immediately before it. A process that
//! forwards lets every step pass; a test is told of each, and ends the process there or has it
//! refused, and so visits every place where things can go wrong.

use std::{fmt, io, sync::Arc};

/// What is about to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Remove the rest of a directory that a former process was building, or has replaced.
    RemoveRest,
    /// Make or open the maps of an object.
    MakeMaps,
    /// Have the verifier look at a program.
    LoadProgram,
    /// Pin a map.
    PinMap,
    /// Pin a program.
    PinProgram,
    /// Put the pin of a program in the place of a former one's.
    ReplaceProgram,
    /// Attach a program to an interface.
    Attach,
    /// Put a program in the place of the one an interface runs.
    UpdateLink,
    /// Pin the link of an interface.
    PinLink,
    /// Remove the pin of a link.
    UnpinLink,
    /// Detach an interface.
    Detach,
    /// Enter an interface in the map that packets leave by.
    EnterEgress,
    /// Bind an AF_XDP socket to a queue.
    Bind {
        /// For packets in several frames, which kernels before 6.6 refuse with EINVAL.
        several_frames: bool,
    },
    /// Direct the punts of a port to a socket.
    DirectPunts,
    /// Wait until no packet reads the tables that are to be written next.
    WaitForReaders,
    /// Put filled tables in force.
    Publish,
    /// Rename a directory of pins into its place.
    Rename,
}

type Hook = dyn Fn(Step) -> io::Result<()> + Send + Sync;

/// Who is told of every step, before it is taken. By default nobody.
#[derive(Clone, Default)]
pub struct Steps(Option<Arc<Hook>>);

impl Steps {
    /// Tells `hook`. A step it refuses is not taken, and fails with its error.
    pub fn new(hook: impl Fn(Step) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    /// To be called before `step` is taken.
    pub fn take(&self, step: Step) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |hook| hook(step))
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Steps(told)" } else { "Steps" })
    }
}
