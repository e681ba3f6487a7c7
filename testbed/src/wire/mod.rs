//! Wires: userspace cables between two interfaces of one namespace, with a delay.
//!
//! Every frame that arrives at one end leaves at the other after the delay: unchanged, or, on the
//! wire of a tagged circuit, with the circuit's VLAN tags towards the MSEE and without them towards
//! the customer. Such a wire is the provider edge, and several of them may end at one interface of
//! an MSEE (see [`junction`]). All wires of a namespace are moved by one thread: it reads frames in batches from packet sockets, puts
//! them on a delay line with the time they are due, and sleeps until the next one is, or the next
//! arrives. The delay counts from the kernel's receive time stamp, so a late wake-up on the way in
//! does not add to it.
//!
//! The interfaces must not merge frames: a veth that has NAPI does generic receive offload, which
//! would turn a TCP stream into frames of up to 64 KB before a packet socket sees them, unless its
//! `gro_max_size` forbids. Checksums must be whole, as `tx off` at the sender makes them.
//!
//! A frame that does not arrive is counted under one of five verdicts (see [`WireLosses`]); frames
//! under way when the thread ends are in the last statistics as `held_frames`. What a killed process
//! has lost the next one finds by the kernel's counts (see [`former`]).

mod ancillary;
pub(crate) mod arrival;
pub(crate) mod batch;
mod delay_line;
mod direction;
mod error;
pub(crate) mod former;
mod forwarding;
mod frame;
mod junction;
mod packet_socket;
mod poller;
mod port;
pub(crate) mod priority;
mod statistics;
mod tags;
#[cfg(test)]
pub(crate) mod test_namespaces;

use std::{
    collections::HashSet,
    io::Write,
    os::unix::net::UnixStream,
    sync::mpsc::{self, Sender},
    thread::JoinHandle,
};

use desired::Tags;
use tokio::sync::watch;

use self::forwarding::{Command, Forwarding};
pub use self::{
    error::WireError,
    statistics::{DirectionStatistics, EndState, WireLosses, WireStatistics},
};
use crate::topology::plan::Impairment;

/// One wire to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireSpec {
    /// Its name, unique among the wires started together.
    pub name: String,
    /// Interface at its first end.
    pub a: String,
    /// Interface at its second end.
    pub b: String,
    /// Tags that frames carry at the second end and not at the first. Untagged, frames pass with
    /// whatever tags they have.
    pub tags: Tags,
    /// Longest packet in bytes, tags not counted. Wires started together all take the longest one's:
    /// the MTUs of the interfaces hold the others to theirs.
    pub mtu: u32,
    /// What it does to frames, in both directions.
    pub impairment: Impairment,
}

/// Running wires. Dropping it ends them.
#[derive(Debug)]
pub struct Wires {
    commands: Sender<Command>,
    wake: UnixStream,
    thread: Option<JoinHandle<()>>,
    /// Its sender is the thread's, and is dropped with it, after a panic too.
    alive: watch::Receiver<()>,
}

impl Wires {
    /// Starts the wires in the calling thread's network namespace. An interface that does not exist
    /// (yet) is waited for; until then its wire loses frames as `wire_link_down`.
    pub fn start(wires: Vec<WireSpec>) -> Result<Self, WireError> {
        let mut names = HashSet::new();
        if let Some(twice) = wires.iter().find(|wire| !names.insert(&wire.name)) {
            return Err(WireError::DuplicateName(twice.name.clone()));
        }
        let (wake, woken) = UnixStream::pair().map_err(WireError::Thread)?;
        for end in [&wake, &woken] {
            end.set_nonblocking(true).map_err(WireError::Thread)?;
        }
        let (commands, obeyed) = mpsc::channel();
        let forwarding = Forwarding::open(wires)?;
        let (living, alive) = watch::channel(());
        let thread = std::thread::Builder::new()
            .name("wires".to_owned())
            .spawn(move || {
                let _living = living;
                if let Err(error) = priority::be_prompt() {
                    tracing::warn!(event = "wires_imprecise", %error, "delays may be longer");
                }
                forwarding.run(&woken, &obeyed);
            })
            .map_err(WireError::Thread)?;
        Ok(Self { commands, wake, thread: Some(thread), alive })
    }

    /// Changes what a wire does to frames, in both directions, for frames that arrive from now on.
    /// With a lower delay these overtake what is still under way.
    pub fn set(&self, name: &str, impairment: Impairment) -> Result<(), WireError> {
        let known = self.ask(|answer| Command::Set(name.to_owned(), impairment, answer))?;
        if known { Ok(()) } else { Err(WireError::Unknown(name.to_owned())) }
    }

    /// What the wires did so far, in the order they were given. Blocks while the thread finishes
    /// what it is doing: under a millisecond.
    pub fn statistics(&self) -> Result<Vec<WireStatistics>, WireError> {
        self.ask(Command::Statistics)
    }

    /// Frames that came in at one end, did not go out at the other, and that these wires do not account
    /// for: see [`former`].
    pub(crate) fn missing(&self) -> Result<former::Lost, WireError> {
        self.ask(Command::Missing)?.map_err(WireError::Interfaces)
    }

    /// Waits until the wires' thread has ended, which it does only when it was stopped or has failed:
    /// nothing is forwarded any more. Cancel safe.
    pub async fn ended(&self) {
        let mut alive = self.alive.clone();
        // Nothing is ever sent: a change is the end.
        while alive.changed().await.is_ok() {}
    }

    /// Ends the wires and answers their last statistics.
    pub fn stop(mut self) -> Result<Vec<WireStatistics>, WireError> {
        let last = self.ask(Command::Stop);
        if let Some(thread) = self.thread.take() {
            thread.join().map_err(|_| WireError::Stopped)?;
        }
        last
    }

    fn ask<T>(&self, command: impl FnOnce(Sender<T>) -> Command) -> Result<T, WireError> {
        let (answer, answered) = mpsc::channel();
        self.commands.send(command(answer)).map_err(|_| WireError::Stopped)?;
        // Full means that the thread has enough wake-ups waiting.
        let _ = (&self.wake).write(&[1]);
        answered.recv().map_err(|_| WireError::Stopped)
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = self.ask(Command::Stop);
            // A panic of the thread has been reported by its hook.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
