//! Ending processes: politely, then not.

use std::{io, time::Duration};

use rustix::process::Signal;
use tokio::time::timeout;

use super::process::Process;

/// How long the kernel may take to end a process after SIGKILL. One that sits in an
/// uninterruptible system call (XDP being detached) ends when the call does.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// Sends SIGTERM to all, and SIGKILL to those that are alive after `patience`. Returns how many are
/// alive even then.
pub async fn end(processes: &[Process], patience: Duration) -> io::Result<usize> {
    signal_all(processes, Signal::TERM)?;
    if timeout(patience, all_ended(processes)).await.is_err() {
        signal_all(processes, Signal::KILL)?;
        let _ = timeout(KILL_PATIENCE, all_ended(processes)).await;
    }
    let mut alive = 0;
    for process in processes {
        alive += usize::from(!process.has_exited()?);
    }
    Ok(alive)
}

fn signal_all(processes: &[Process], signal: Signal) -> io::Result<()> {
    processes.iter().try_for_each(|process| process.signal(signal))
}

async fn all_ended(processes: &[Process]) {
    for process in processes {
        // An error here is one of epoll's registration; the caller looks again with poll(2).
        let _ = process.exited().await;
    }
}
