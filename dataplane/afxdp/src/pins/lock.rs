//! One process a directory of pins: two that write the same tables would tear them.
//!
//! The lock is on the directory itself, so it goes with it through a rename, and with the process
//! when that is killed.

use std::{
    fs::File,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    fcntl::{Flock, FlockArg},
};

use super::PinsError;

/// How long a lock is waited for: a process that forks holds it twice until the child executes
/// something else.
const DEADLINE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(2);

/// A locked directory; unlocked when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _directory: Flock<File>,
}

impl Lock {
    /// Locks a directory; `None` when there is none.
    pub(super) fn take(path: &Path) -> Result<Option<Self>, PinsError> {
        let failed = |source| PinsError::Files { action: "lock", path: path.to_owned(), source };
        let started = Instant::now();
        loop {
            let directory = match File::open(path) {
                Ok(directory) => directory,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(failed(error)),
            };
            match Flock::lock(directory, FlockArg::LockExclusiveNonblock) {
                Ok(directory) => return Ok(Some(Self { _directory: directory })),
                Err((_, Errno::EWOULDBLOCK)) if started.elapsed() < DEADLINE => sleep(PAUSE),
                Err((_, Errno::EWOULDBLOCK)) => {
                    return Err(PinsError::InUse { path: path.to_owned() });
                }
                Err((_, error)) => return Err(failed(error.into())),
            }
        }
    }
}

/// Locks an open directory, within the same time.
pub(super) fn exclusively(mut directory: File) -> Result<Flock<File>, Errno> {
    let started = Instant::now();
    loop {
        match Flock::lock(directory, FlockArg::LockExclusiveNonblock) {
            Ok(locked) => return Ok(locked),
            Err((same, Errno::EWOULDBLOCK)) if started.elapsed() < DEADLINE => {
                directory = same;
                sleep(PAUSE);
            }
            Err((_, error)) => return Err(error),
        }
    }
}
