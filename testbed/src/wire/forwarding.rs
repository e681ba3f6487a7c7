//! The thread that moves the frames of all wires.

use std::{
    io,
    os::{fd::AsFd, unix::net::UnixStream},
    sync::mpsc::{Receiver, Sender, TryRecvError},
    time::{Duration, Instant},
};

use super::{
    WireSpec,
    direction::{Direction, Workbench},
    error::WireError,
    packet_socket::PacketSocket,
    poller::Poller,
    port::Port,
    statistics::WireStatistics,
};
use crate::topology::plan::Impairment;

/// How often the ends look for their interfaces and the kernel's loss counters are read.
const UPKEEP: Duration = Duration::from_millis(100);
/// Batches read from one end before the others have their turn.
const TURN: usize = 4;
/// Batches read from each end when the wires stop: more than its socket has room for.
const LAST_TURN: usize = 4_096;
/// Place of the command socket in the poller's table; the ends follow.
const COMMANDS: usize = 0;

/// What the owner of the wires asks the thread.
pub(super) enum Command {
    /// Change a wire's impairment; `false` when there is no such wire.
    Set(String, Impairment, Sender<bool>),
    /// All statistics.
    Statistics(Sender<Vec<WireStatistics>>),
    /// End; the last statistics.
    Stop(Sender<Vec<WireStatistics>>),
}

/// One wire. Direction `i` leads from port `i` to the other one.
struct Wire {
    name: String,
    ports: [Port; 2],
    directions: [Direction; 2],
}

/// All wires.
pub(super) struct Forwarding {
    wires: Vec<Wire>,
    poller: Poller,
    bench: Workbench,
    next_upkeep: Instant,
}

impl Forwarding {
    /// Opens the interfaces of all wires in the calling thread's namespace. An interface that does
    /// not exist is waited for.
    pub(super) fn open(specs: Vec<WireSpec>) -> Result<Self, WireError> {
        let mut forwarding = Self {
            poller: Poller::new(COMMANDS + 1 + 2 * specs.len()),
            wires: Vec::with_capacity(specs.len()),
            bench: Workbench::new(),
            next_upkeep: Instant::now() + UPKEEP,
        };
        for WireSpec { name, a, b, impairment } in specs {
            let mut ports = [Port::new(a), Port::new(b)];
            for port in &mut ports {
                port.follow()?;
            }
            let directions = [Direction::new(impairment), Direction::new(impairment)];
            forwarding.wires.push(Wire { name, ports, directions });
        }
        forwarding.register();
        Ok(forwarding)
    }

    /// Moves frames until told to stop, or until nobody can tell any more.
    pub(super) fn run(mut self, wake: &UnixStream, commands: &Receiver<Command>) {
        self.poller.place(COMMANDS, Some(wake.as_fd()));
        loop {
            let timeout = self.release();
            if let Err(error) = self.poller.wait(timeout) {
                tracing::error!(event = "wires_failed", %error, "ppoll failed: all wires end");
                return;
            }
            if self.poller.is_ready(COMMANDS) && self.obey(wake, commands).is_break() {
                return;
            }
            self.receive();
            if Instant::now() >= self.next_upkeep {
                self.upkeep();
            }
        }
    }

    /// Sends all that is due; answers how long there is nothing to do unless a frame comes.
    fn release(&mut self) -> Duration {
        let now = Instant::now();
        let mut next = self.next_upkeep;
        for Wire { ports: [a, b], directions: [a_to_b, b_to_a], .. } in &mut self.wires {
            for (direction, to) in [(a_to_b, b), (b_to_a, a)] {
                while direction.release(now, to, &mut self.bench) {}
                next = direction.next_due().map_or(next, |due| due.min(next));
            }
        }
        next.saturating_duration_since(Instant::now())
    }

    fn receive(&mut self) {
        let mut place = COMMANDS;
        for Wire { ports, directions, .. } in &mut self.wires {
            for (port, direction) in ports.iter().zip(directions) {
                place += 1;
                let Some(socket) = port.socket() else {
                    continue;
                };
                if !self.poller.is_ready(place) {
                    continue;
                }
                for _ in 0..TURN {
                    match direction.receive(socket, &mut self.bench) {
                        Ok(true) => {}
                        // An interface that is down is reported once, as ENETDOWN; it may return.
                        Ok(false) | Err(_) => break,
                    }
                }
            }
        }
    }

    /// Reads what has arrived already, so that it is counted as held.
    fn drain(&mut self) {
        for Wire { ports, directions, .. } in &mut self.wires {
            for (port, direction) in ports.iter().zip(directions) {
                let Some(socket) = port.socket() else {
                    continue;
                };
                // Senders may go on for ever.
                for _ in 0..LAST_TURN {
                    if !matches!(direction.receive(socket, &mut self.bench), Ok(true)) {
                        break;
                    }
                }
            }
        }
    }

    /// Follows interfaces that went or came, and reads the kernel's loss counters.
    fn upkeep(&mut self) {
        self.next_upkeep = Instant::now() + UPKEEP;
        for Wire { name, ports, directions } in &mut self.wires {
            for (port, direction) in ports.iter_mut().zip(directions) {
                match port.follow() {
                    Ok(overflows) => direction.overflowed(overflows),
                    Err(error) => {
                        tracing::warn!(event = "wire_end_failed", wire = name, %error);
                    }
                }
                direction.overflowed(port.socket().map_or(0, PacketSocket::take_overflows));
            }
        }
        self.register();
    }

    fn register(&mut self) {
        for (index, port) in self.wires.iter().flat_map(|wire| &wire.ports).enumerate() {
            self.poller.place(COMMANDS + 1 + index, port.socket().map(AsFd::as_fd));
        }
    }

    fn obey(
        &mut self,
        wake: &UnixStream,
        commands: &Receiver<Command>,
    ) -> std::ops::ControlFlow<()> {
        use std::ops::ControlFlow::{Break, Continue};
        let mut drained = [0; 64];
        // Not blocking; each byte only says that there is a command.
        let _ = io::Read::read(&mut &*wake, &mut drained);
        loop {
            // An owner that does not wait for its answer needs none.
            match commands.try_recv() {
                Ok(Command::Set(name, impairment, answer)) => {
                    let _ = answer.send(self.set(&name, impairment));
                }
                Ok(Command::Statistics(answer)) => {
                    self.upkeep();
                    let _ = answer.send(self.statistics());
                }
                Ok(Command::Stop(answer)) => {
                    self.drain();
                    self.upkeep();
                    let _ = answer.send(self.statistics());
                    return Break(());
                }
                Err(TryRecvError::Empty) => return Continue(()),
                Err(TryRecvError::Disconnected) => return Break(()),
            }
        }
    }

    fn set(&mut self, name: &str, impairment: Impairment) -> bool {
        let wire = self.wires.iter_mut().find(|wire| wire.name == name);
        let found = wire.is_some();
        for direction in wire.into_iter().flat_map(|wire| &mut wire.directions) {
            direction.set(impairment);
        }
        found
    }

    fn statistics(&self) -> Vec<WireStatistics> {
        let one =
            |Wire { name, ports: [a, b], directions: [a_to_b, b_to_a] }: &Wire| WireStatistics {
                name: name.clone(),
                a: a.state(),
                b: b.state(),
                a_to_b: a_to_b.statistics(),
                b_to_a: b_to_a.statistics(),
            };
        self.wires.iter().map(one).collect()
    }
}
