//! The thread that owns the AF_XDP sockets, seen from outside: it is given sockets, told what the kernel
//! says of neighbours, and tells what it has learned.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, mpsc},
    thread::{JoinHandle, sleep},
    time::{Duration, Instant},
};

use afxdp::{Accounting, Socket, tally::Tally};
use arc_swap::ArcSwap;
use nix::{errno::Errno, sys::eventfd::EventFd};
use tokio::sync::{mpsc as channel, oneshot, watch};

use super::{Responder, worker::Worker};
use crate::{
    fastpath::{Compiled, Neighbour, Neighbours},
    neighbours::{Report, Told},
};

/// Questions for the kernel that may wait for it; one that finds no room is asked again a second later.
const QUESTIONS: usize = 1_024;

/// How long others wait for this thread. It takes commands between two batches, and waits for nothing but
/// the next packet.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two looks whether it has ended.
const PAUSE: Duration = Duration::from_millis(1);

/// The punt thread could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The kernel refused a descriptor.
    #[error("{call} failed; raise the limit of open files if it is used up")]
    Descriptor {
        /// The system call.
        call: &'static str,
        #[source]
        #[doc = "What the kernel said."]
        source: Errno,
    },
    /// No thread could be made.
    #[error("the punt thread could not be started; raise the limit of processes")]
    Spawn(#[source] io::Error),
}

/// What the thread can be told.
pub(super) enum Command {
    Bind {
        ifindex: u32,
        socket: Box<Socket>,
    },
    /// The sender is dropped when the socket is closed.
    Unbind {
        ifindex: u32,
        _closed: mpsc::Sender<()>,
    },
    /// Where are the frames of every socket?
    Account(mpsc::Sender<BTreeMap<u32, Accounting>>),
    /// What the kernel says of a neighbour.
    Told {
        neighbour: Neighbour,
        told: Told,
    },
    /// What is known of all neighbours.
    Report(mpsc::Sender<Vec<Report>>),
    /// There is another image.
    Image,
    Stop,
}

/// The running thread. Dropping it stops the thread and closes the sockets.
#[derive(Debug)]
pub struct PuntThread {
    line: Line,
    thread: Option<JoinHandle<()>>,
}

/// The way commands go to the thread.
#[derive(Clone, Debug)]
struct Line {
    commands: mpsc::Sender<Command>,
    wake: Arc<EventFd>,
}

/// What the thread wants of others.
#[derive(Debug)]
pub struct Outlets {
    /// Its end.
    pub ended: Ended,
    /// All that was learned of neighbours, each time that another image is to be made of it.
    pub learned: watch::Receiver<Arc<Neighbours>>,
    /// Neighbours that the kernel is to be asked for.
    pub questions: channel::Receiver<Neighbour>,
}

/// Resolves when the thread has ended, by a failure, a panic or the end of its [`PuntThread`].
#[derive(Debug)]
pub struct Ended(oneshot::Receiver<()>);

impl Ended {
    /// Waits for the end.
    pub async fn wait(self) {
        // Nothing is ever sent: that the sender is dropped is the signal.
        let _ = self.0.await;
    }
}

/// Tells the thread what the kernel says of neighbours.
#[derive(Clone, Debug)]
pub struct Teller(Line);

impl Teller {
    /// The kernel says so of a neighbour.
    pub fn tell(&self, neighbour: Neighbour, told: Told) {
        self.0.send(Command::Told { neighbour, told });
    }
}

impl PuntThread {
    /// Starts without ports. Decides by whatever image `compiled` holds at the time of a packet,
    /// and counts in `tally`.
    pub fn start(
        responder: Responder,
        compiled: Arc<ArcSwap<Compiled>>,
        tally: Arc<Tally>,
    ) -> Result<(Self, Outlets), StartError> {
        let (commands, queue) = mpsc::channel();
        let (teacher, learned) = watch::channel(Arc::default());
        let (asker, questions) = channel::channel(QUESTIONS);
        let worker = Worker::new(queue, responder, compiled, tally, teacher, asker)?;
        let line = Line { commands, wake: worker.waker() };
        let (running, ended) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("punt".to_owned())
            .spawn(move || {
                // Dropped by a panic too.
                let _running = running;
                worker.run();
            })
            .map_err(StartError::Spawn)?;
        let outlets = Outlets { ended: Ended(ended), learned, questions };
        Ok((Self { line, thread: Some(thread) }, outlets))
    }

    /// Gives the thread the socket of an interface; one it had for it is closed.
    pub fn bind(&self, ifindex: u32, socket: Socket) {
        self.line.send(Command::Bind { ifindex, socket: Box::new(socket) });
    }

    /// Closes the socket of an interface; returns when it is closed, so that the queue can be bound
    /// anew, or at a deadline: then the queue stays busy, and binding says so.
    pub fn unbind(&self, ifindex: u32) {
        let (closing, closed) = mpsc::channel();
        self.line.send(Command::Unbind { ifindex, _closed: closing });
        // Ends with an error when the sender is dropped: that is the signal.
        let _ = closed.recv_timeout(PATIENCE);
    }

    /// Where the frames of each socket are, by interface index. Nowhere, when the thread does not say so
    /// in time.
    pub fn accounting(&self) -> BTreeMap<u32, Accounting> {
        let (answer, answered) = mpsc::channel();
        self.line.send(Command::Account(answer));
        // Without the thread there are no sockets.
        answered.recv_timeout(PATIENCE).unwrap_or_default()
    }

    /// Says that there is another image: neighbours that are no next hops any more are forgotten.
    pub fn image_changed(&self) {
        self.line.send(Command::Image);
    }

    /// What is known of all neighbours that are not declared.
    pub fn neighbours(&self) -> Vec<Report> {
        let (sender, report) = mpsc::channel();
        self.line.send(Command::Report(sender));
        report.recv_timeout(PATIENCE).unwrap_or_default()
    }

    /// What tells the thread of the kernel's neighbours.
    pub fn teller(&self) -> Teller {
        Teller(self.line.clone())
    }
}

impl Line {
    fn send(&self, command: Command) {
        // Fails only when the thread is gone, of which `Ended` tells.
        let _ = self.commands.send(command);
        let _ = self.wake.write(1);
    }
}

impl Drop for PuntThread {
    fn drop(&mut self) {
        self.line.send(Command::Stop);
        let Some(thread) = self.thread.take() else { return };
        let started = Instant::now();
        while !thread.is_finished() && started.elapsed() < PATIENCE {
            sleep(PAUSE);
        }
        if thread.is_finished() {
            let _ = thread.join();
        } else {
            // Left behind: it holds sockets, and whoever binds their queues is told so.
            tracing::error!(event = "punt_thread_stays", waited = ?PATIENCE);
        }
    }
}

#[cfg(test)]
mod tests;
