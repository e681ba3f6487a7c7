//! The packet thread: receive a batch, judge, send, count; sleep when there is nothing.

use std::{
    io,
    os::fd::AsFd as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use abi::verdict::Verdict;
use afxdp::{Socket, tally::Tally};
use arc_swap::ArcSwapOption;
use desired::Revision;
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::eventfd::{EfdFlags, EventFd},
};
use tokio::sync::watch;

use crate::{counters::Batch, path, state::Snapshot};

/// Longest sleep. An event ends it early; this bounds what a lost event could cost.
const IDLE: Duration = Duration::from_millis(500);

/// What the packet thread shares with the rest of the process.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The state to forward by, read once a batch.
    pub(crate) state: ArcSwapOption<Snapshot>,
    /// Verdicts.
    pub(crate) tally: Arc<Tally>,
    /// The state the packet thread forwards by.
    pub(crate) in_use: watch::Sender<Option<InUse>>,
    stop: AtomicBool,
    wake: EventFd,
}

/// Which snapshot is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InUse {
    /// [`Snapshot::sequence`].
    pub(crate) sequence: u64,
    /// [`Snapshot::revision`].
    pub(crate) revision: Revision,
}

impl Shared {
    /// Fails when the process has no file descriptor left.
    pub(crate) fn new(tally: Arc<Tally>) -> io::Result<Self> {
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Self {
            state: ArcSwapOption::empty(),
            tally,
            in_use: watch::Sender::new(None),
            stop: AtomicBool::new(false),
            wake,
        })
    }

    /// Wakes the packet thread so that it sees a new state now.
    pub(crate) fn wake(&self) {
        // Fails only when the event is pending 2^64 times already.
        let _ = self.wake.write(1);
    }

    /// Ends the packet thread.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.wake();
    }
}

/// The packet thread cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The interface was removed, or its namespace.
    #[error("the interface is gone")]
    InterfaceGone,
    /// The kernel refused to transmit.
    #[error("sendto on the AF_XDP socket failed")]
    Transmit(#[source] io::Error),
    /// The kernel refused to wait.
    #[error("poll failed")]
    Poll(#[source] Errno),
}

/// Forwards until [`Shared::stop`].
pub(crate) fn run(sockets: &mut [Socket], shared: &Shared) -> Result<(), WorkerError> {
    let mut verdicts = Batch::default();
    let mut in_use = 0;
    while !shared.stop.load(Ordering::Relaxed) {
        let state = shared.state.load();
        if let Some(state) = state.as_deref()
            && state.sequence != in_use
        {
            in_use = state.sequence;
            let revision = state.revision;
            shared.in_use.send_replace(Some(InUse { sequence: in_use, revision }));
        }
        let mut received = 0;
        for socket in &mut *sockets {
            received += batch(socket, state.as_deref(), &mut verdicts)?;
        }
        // Not held while asleep: the old state could not be freed.
        drop(state);
        verdicts.count_in(&shared.tally);
        if received == 0 {
            sleep(sockets, &shared.wake)?;
        }
    }
    Ok(())
}

/// One batch of one socket; returns how many frames it had.
fn batch(
    socket: &mut Socket,
    state: Option<&Snapshot>,
    verdicts: &mut Batch,
) -> Result<usize, WorkerError> {
    let received = socket.receive();
    for index in 0..received {
        let Some(frame) = socket.frame(index) else { continue };
        let verdict = match path::forward(frame.data, state) {
            Ok(endpoint) => match socket.send(index) {
                Ok(()) => {
                    endpoint.count();
                    Verdict::GwForwarded
                }
                Err(_) => Verdict::GwTxFull,
            },
            Err(verdict) => verdict,
        };
        verdicts.count(verdict);
    }
    socket.wakeup().map_err(transmit_error)?;
    socket.release();
    Ok(received)
}

/// `ENXIO`: the kernel has taken the socket off its interface, which is being deleted.
fn transmit_error(error: io::Error) -> WorkerError {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENXIO) => WorkerError::InterfaceGone,
        _ => WorkerError::Transmit(error),
    }
}

fn sleep(sockets: &mut [Socket], wake: &EventFd) -> Result<(), WorkerError> {
    let longest = sockets.iter_mut().map(|socket| socket.wait_at_most(IDLE)).min().unwrap_or(IDLE);
    let timeout = PollTimeout::try_from(longest).unwrap_or(PollTimeout::MAX);
    let mut descriptors: Vec<PollFd<'_>> = Vec::with_capacity(sockets.len() + 1);
    descriptors.push(PollFd::new(wake.as_fd(), PollFlags::POLLIN));
    descriptors.extend(sockets.iter().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)));
    match poll(&mut descriptors, timeout) {
        Ok(0) => {
            let gone = |socket: &Socket| socket.check().map_err(|_| WorkerError::InterfaceGone);
            return sockets.iter().try_for_each(gone);
        }
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(WorkerError::Poll(errno)),
    }
    let events = |descriptor: &PollFd<'_>| descriptor.revents().unwrap_or(PollFlags::empty());
    if descriptors.first().is_some_and(|wake| events(wake).contains(PollFlags::POLLIN)) {
        // Emptied, or the next poll would return at once. An empty event is no error.
        let _ = wake.read();
    }
    Ok(())
}

#[cfg(test)]
mod tests;
