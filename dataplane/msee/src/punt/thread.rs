//! The thread that owns the AF_XDP sockets: waits, receives, asks [`super::decide`], sends.
//!
//! The traps: no event tells that a socket's interface was deleted (`xsk_poll` has none for an
//! unbound socket), so whoever watches the interfaces unbinds it; and a port's statistics reader
//! holds the same open file, so closing the socket does not take it out of the epoll set: that must
//! be said.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    os::fd::AsFd as _,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use abi::verdict::Verdict;
use afxdp::{Accounting, Socket, tally::Tally};
use arc_swap::ArcSwap;
use nix::{
    errno::Errno,
    sys::{
        epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
        eventfd::{EfdFlags, EventFd},
    },
};
use tokio::sync::oneshot;

use super::{Frames, Punt, Responder};
use crate::fastpath::Compiled;

/// What the epoll set says about the command queue; interface indices are below it.
const COMMANDS: u64 = u64::MAX;

/// Most events taken at once; more wait for the next round.
const EVENTS: usize = 64;

/// Longest sleep without traffic.
const IDLE: Duration = Duration::from_secs(1);

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

enum Command {
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
    Stop,
}

/// The running thread. Dropping it stops the thread and closes the sockets.
#[derive(Debug)]
pub struct PuntThread {
    commands: mpsc::Sender<Command>,
    wake: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
    ended: Option<Ended>,
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

impl PuntThread {
    /// Starts without ports. Decides by whatever image `compiled` holds at the time of a packet,
    /// and counts in `tally`.
    pub fn start(
        responder: Responder,
        compiled: Arc<ArcSwap<Compiled>>,
        tally: Arc<Tally>,
    ) -> Result<Self, StartError> {
        let failed = |call| move |source| StartError::Descriptor { call, source };
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK);
        let wake = Arc::new(wake.map_err(failed("eventfd"))?);
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(failed("epoll_create1"))?;
        epoll
            .add(&*wake, EpollEvent::new(EpollFlags::EPOLLIN, COMMANDS))
            .map_err(failed("epoll_ctl"))?;
        let (commands, queue) = mpsc::channel();
        let worker = Worker {
            epoll,
            wake: Arc::clone(&wake),
            queue,
            sockets: HashMap::new(),
            responder,
            compiled,
            tally,
            out: Frames::default(),
        };
        let (running, ended) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("punt".to_owned())
            .spawn(move || {
                // Dropped by a panic too.
                let _running = running;
                worker.run();
            })
            .map_err(StartError::Spawn)?;
        Ok(Self { commands, wake, thread: Some(thread), ended: Some(Ended(ended)) })
    }

    /// What tells of the end of the thread; the first time only.
    pub fn take_ended(&mut self) -> Option<Ended> {
        self.ended.take()
    }

    /// Gives the thread the socket of an interface; one it had for it is closed.
    pub fn bind(&self, ifindex: u32, socket: Socket) {
        self.send(Command::Bind { ifindex, socket: Box::new(socket) });
    }

    /// Closes the socket of an interface; returns when it is closed, so that the queue can be bound
    /// anew.
    pub fn unbind(&self, ifindex: u32) {
        let (closing, closed) = mpsc::channel();
        self.send(Command::Unbind { ifindex, _closed: closing });
        // Ends with an error when the sender is dropped: that is the signal.
        let _ = closed.recv();
    }

    /// Where the frames of each socket are, by interface index.
    pub fn accounting(&self) -> BTreeMap<u32, Accounting> {
        let (answer, answered) = mpsc::channel();
        self.send(Command::Account(answer));
        // Without the thread there are no sockets.
        answered.recv().unwrap_or_default()
    }

    fn send(&self, command: Command) {
        // Fails only when the thread is gone, of which `Ended` tells.
        let _ = self.commands.send(command);
        let _ = self.wake.write(1);
    }
}

impl Drop for PuntThread {
    fn drop(&mut self) {
        self.send(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Worker {
    epoll: Epoll,
    wake: Arc<EventFd>,
    queue: mpsc::Receiver<Command>,
    /// By interface index.
    sockets: HashMap<u32, Box<Socket>>,
    responder: Responder,
    compiled: Arc<ArcSwap<Compiled>>,
    tally: Arc<Tally>,
    out: Frames,
}

impl Worker {
    fn run(mut self) {
        let mut events = [EpollEvent::empty(); EVENTS];
        loop {
            let sockets = self.sockets.values_mut();
            let sleep = sockets.fold(IDLE, |idle, socket| socket.wait_at_most(idle));
            let timeout = EpollTimeout::try_from(sleep).unwrap_or(EpollTimeout::ZERO);
            let ready = match self.epoll.wait(&mut events, timeout) {
                Ok(ready) => ready,
                Err(Errno::EINTR) => 0,
                Err(error) => {
                    tracing::error!(event = "punt_wait_failed", call = "epoll_wait", %error);
                    return;
                }
            };
            for event in events.iter().take(ready) {
                if event.data() == COMMANDS {
                    if !self.obey() {
                        return;
                    }
                    continue;
                }
                self.serve(event.data() as u32);
            }
            for socket in self.sockets.values_mut() {
                // Untransmitted frames stay in the ring and `wait_at_most` brings us back.
                let _ = socket.wakeup();
            }
        }
    }

    /// Carries out the commands; `false` to stop.
    fn obey(&mut self) -> bool {
        let _ = self.wake.read();
        while let Ok(command) = self.queue.try_recv() {
            match command {
                Command::Bind { ifindex, socket } => self.open(ifindex, socket),
                Command::Unbind { ifindex, _closed } => self.close(ifindex),
                Command::Account(answer) => self.account(&answer),
                Command::Stop => return false,
            }
        }
        true
    }

    fn open(&mut self, ifindex: u32, socket: Box<Socket>) {
        self.close(ifindex);
        let event = EpollEvent::new(EpollFlags::EPOLLIN, u64::from(ifindex));
        if let Err(error) = self.epoll.add(socket.as_fd(), event) {
            tracing::error!(event = "punt_socket_refused", call = "epoll_ctl", ifindex, %error);
        } else {
            self.sockets.insert(ifindex, socket);
        }
    }

    fn close(&mut self, ifindex: u32) {
        if let Some(socket) = self.sockets.remove(&ifindex) {
            let _ = self.epoll.delete(socket.as_fd());
        }
    }

    fn account(&mut self, answer: &mpsc::Sender<BTreeMap<u32, Accounting>>) {
        let accounts = self.sockets.iter_mut().map(|(ifindex, socket)| {
            // Takes back what the receivers have consumed since.
            socket.release();
            (*ifindex, socket.accounting())
        });
        // Who asked may have given up.
        let _ = answer.send(accounts.collect());
    }

    /// Handles one batch of an interface. They take turns by the batch, so a flood on one leaves time
    /// for the others.
    fn serve(&mut self, ifindex: u32) {
        let compiled = self.compiled.load();
        let now = Instant::now();
        let Some(count) = self.sockets.get_mut(&ifindex).map(|socket| socket.receive()) else {
            return;
        };
        for index in 0..count {
            let Some(socket) = self.sockets.get_mut(&ifindex) else { return };
            let Some(frame) = socket.frame(index) else { continue };
            let punt = Punt { ifindex, metadata: frame.metadata, frame: frame.data };
            let decision = self.responder.decide(&punt, &compiled, now, &mut self.out);
            let by = decision.send_by.map(|slot| compiled.bound_port(slot).map(|it| it.ifindex));
            let sent = by.map_or(Ok(()), |ifindex| self.send(ifindex));
            self.tally.count(sent.err().unwrap_or(decision.verdict));
        }
        if let Some(socket) = self.sockets.get_mut(&ifindex) {
            socket.release();
        }
    }

    /// Sends the frames in `out`; the verdict of the packet when that fails.
    fn send(&mut self, ifindex: Option<u32>) -> Result<(), Verdict> {
        let socket = ifindex.and_then(|ifindex| self.sockets.get_mut(&ifindex));
        let socket = socket.ok_or(Verdict::IcmpSendFailed)?;
        self.out
            .iter()
            .try_for_each(|frame| socket.send_copy(frame))
            .map_err(|_| Verdict::IcmpSendFailed)
    }
}

#[cfg(test)]
mod tests;
