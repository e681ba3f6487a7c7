//! The thread that owns the AF_XDP sockets, seen from inside: waits, receives, asks [`super::decide`],
//! sends, and looks after neighbours.
//!
//! The traps: no event tells that a socket's interface was deleted (`xsk_poll` has none for an
//! unbound socket), so whoever watches the interfaces unbinds it; and a port's statistics reader
//! holds the same open file, so closing the socket does not take it out of the epoll set: that must
//! be said.

mod attend;

use std::{
    collections::{BTreeMap, HashMap},
    os::fd::AsFd as _,
    sync::{Arc, mpsc},
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
use tokio::sync::{mpsc as channel, watch};

use super::{
    Decision, Frames, Punt, Responder, hearing,
    thread::{Command, StartError},
};
use crate::{
    fastpath::{Compiled, Neighbour, Neighbours, NextHop, Resolver},
    neighbours::{Limits, Pace, Packet, Table, Told},
};

/// What the epoll set says about the command queue; interface indices are below it.
const COMMANDS: u64 = u64::MAX;

/// Most events taken at once; more wait for the next round.
const EVENTS: usize = 64;

/// Longest sleep without traffic.
const IDLE: Duration = Duration::from_secs(1);

pub(super) struct Worker {
    epoll: Epoll,
    wake: Arc<EventFd>,
    queue: mpsc::Receiver<Command>,
    /// By interface index.
    sockets: HashMap<u32, Box<Socket>>,
    responder: Responder,
    compiled: Arc<ArcSwap<Compiled>>,
    tally: Arc<Tally>,
    out: Frames,
    neighbours: Table,
    /// Generation of the image that the neighbours belong to.
    generation: u64,
    pace: Pace,
    teacher: watch::Sender<Arc<Neighbours>>,
    asker: channel::Sender<Neighbour>,
}

impl Worker {
    pub(super) fn new(
        queue: mpsc::Receiver<Command>,
        responder: Responder,
        compiled: Arc<ArcSwap<Compiled>>,
        tally: Arc<Tally>,
        teacher: watch::Sender<Arc<Neighbours>>,
        asker: channel::Sender<Neighbour>,
    ) -> Result<Self, StartError> {
        let failed = |call| move |source| StartError::Descriptor { call, source };
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK);
        let wake = Arc::new(wake.map_err(failed("eventfd"))?);
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(failed("epoll_create1"))?;
        epoll
            .add(&*wake, EpollEvent::new(EpollFlags::EPOLLIN, COMMANDS))
            .map_err(failed("epoll_ctl"))?;
        let mut neighbours = Table::new(Limits::default());
        {
            let (adopted, now) = (compiled.load(), Instant::now());
            for (neighbour, mac) in adopted.learned().iter() {
                if let Some(resolver) = adopted.resolver(neighbour) {
                    neighbours.adopt(*neighbour, resolver, *mac, now);
                }
            }
        }
        Ok(Self {
            epoll,
            wake,
            queue,
            sockets: HashMap::new(),
            responder,
            compiled,
            tally,
            out: Frames::default(),
            neighbours,
            generation: 0,
            pace: Pace::default(),
            teacher,
            asker,
        })
    }

    /// What wakes the thread for a command.
    pub(super) fn waker(&self) -> Arc<EventFd> {
        Arc::clone(&self.wake)
    }

    pub(super) fn run(mut self) {
        let mut events = [EpollEvent::empty(); EVENTS];
        loop {
            let idle = self.until_attention(Instant::now()).min(IDLE);
            let sockets = self.sockets.values_mut();
            let sleep = sockets.fold(idle, |idle, socket| socket.wait_at_most(idle));
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
            self.attend();
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
                Command::Told { neighbour, told } => self.listen_to_kernel(neighbour, told),
                Command::Report(sender) => {
                    // Whoever asked may have given up.
                    let _ = sender.send(self.neighbours.reports().collect());
                }
                // To be woken is enough.
                Command::Image => {}
                Command::Stop => return false,
            }
        }
        true
    }

    fn listen_to_kernel(&mut self, neighbour: Neighbour, told: Told) {
        let compiled = self.compiled.load();
        let is_asked_for = compiled.resolver(&neighbour) == Some(Resolver::Kernel);
        let is_wrong = told.mac().is_some_and(|mac| compiled.contradicts(&neighbour, mac));
        if is_asked_for && !is_wrong {
            self.neighbours.told(neighbour, told, Instant::now());
        }
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
        let compiled = self.compiled.load_full();
        let now = Instant::now();
        let Some(count) = self.sockets.get_mut(&ifindex).map(|socket| socket.receive()) else {
            return;
        };
        for index in 0..count {
            let Some(socket) = self.sockets.get_mut(&ifindex) else { return };
            let Some(frame) = socket.frame(index) else { continue };
            let punt = Punt { ifindex, metadata: frame.metadata, frame: frame.data };
            if let Some((neighbour, heard)) = hearing::heard(&punt, &compiled) {
                self.neighbours.heard(neighbour, heard, now);
            }
            let out = &mut self.out;
            match self.responder.decide(&punt, &compiled, &self.neighbours, now, out) {
                Decision::Send { verdict, port } => self.count_sent(&compiled, verdict, port),
                Decision::End(verdict) => self.tally.count(verdict),
                Decision::Wait(next_hop) => {
                    let (metadata, frame) = (punt.metadata, punt.frame.into());
                    self.wait(next_hop, Packet { ifindex, metadata, frame, waits: 1 }, now);
                }
            }
        }
        if let Some(socket) = self.sockets.get_mut(&ifindex) {
            socket.release();
        }
    }

    /// Sends what is in `out` by a port, and counts the packet that it is for.
    fn count_sent(&mut self, compiled: &Compiled, verdict: Verdict, port: u32) {
        let sent = self.send(compiled.bound_port(port).map(|port| port.ifindex));
        self.tally.count(sent.err().unwrap_or(verdict));
    }

    /// Has a packet wait for its next hop, and counts those there is no room for.
    fn wait(&mut self, next_hop: NextHop, packet: Packet, now: Instant) {
        let NextHop { neighbour, resolver, .. } = next_hop;
        let displaced = self.neighbours.wait(neighbour, resolver, packet, now);
        self.tally.add(Verdict::NeighbourQueueFull, displaced.len() as u64);
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
