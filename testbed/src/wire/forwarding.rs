//! The thread that moves the frames of all wires.

use std::{
    collections::HashMap,
    io,
    os::{fd::AsFd, unix::net::UnixStream},
    sync::mpsc::{Receiver, Sender, TryRecvError},
    time::{Duration, Instant},
};

use desired::Tags;

use super::{
    WireSpec,
    direction::{Direction, Workbench},
    error::WireError,
    former,
    junction::{Handling, Junction, Tap},
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
/// How often a quiet moment is looked for.
const ATTEMPTS: u32 = 50;
/// Place of the command socket in the poller's table; the ends follow.
const COMMANDS: usize = 0;

/// What the owner of the wires asks the thread.
pub(super) enum Command {
    /// Change a wire's impairment; `false` when there is no such wire.
    Set(String, Impairment, Sender<bool>),
    /// All statistics.
    Statistics(Sender<Vec<WireStatistics>>),
    /// Compare with what the interfaces count.
    Missing(Sender<io::Result<former::Lost>>),
    /// End; the last statistics.
    Stop(Sender<Vec<WireStatistics>>),
}

/// One wire. Direction `i` leads from end `i` to the other one.
pub(super) struct Wire {
    name: String,
    tags: Tags,
    /// Numbers of the interfaces at its ends.
    ends: [usize; 2],
    pub(super) directions: [Direction; 2],
}

/// All wires.
pub(super) struct Forwarding {
    wires: Vec<Wire>,
    junctions: Vec<Junction>,
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
            junctions: Vec::new(),
            bench: Workbench::new(specs.iter().map(|wire| wire.mtu).max().unwrap_or_default()),
            next_upkeep: Instant::now() + UPKEEP,
        };
        let mut interfaces = HashMap::new();
        for (wire, WireSpec { name, a, b, tags, impairment, .. }) in specs.into_iter().enumerate() {
            let mut ends = [0; 2];
            let handlings = Handling::of(tags);
            for (direction, (interface, handling)) in [a, b].into_iter().zip(handlings).enumerate()
            {
                let tap = Tap { wire, direction, handling };
                ends[direction] = forwarding.plug(&mut interfaces, interface, tap)?;
            }
            let directions = [Direction::new(impairment), Direction::new(impairment)];
            forwarding.wires.push(Wire { name, tags, ends, directions });
        }
        forwarding.register();
        Ok(forwarding)
    }

    /// Plugs one end of a wire into an interface; answers the interface's number.
    fn plug(
        &mut self,
        interfaces: &mut HashMap<String, usize>,
        interface: String,
        tap: Tap,
    ) -> Result<usize, WireError> {
        if let Some(&number) = interfaces.get(&interface) {
            let added = self.junctions.get_mut(number).is_some_and(|junction| junction.add(tap));
            return if added { Ok(number) } else { Err(WireError::SharedInterface(interface)) };
        }
        let mut port = Port::new(interface.clone());
        port.follow()?;
        self.junctions.push(Junction::new(port, tap));
        let number = self.junctions.len() - 1;
        interfaces.insert(interface, number);
        Ok(number)
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
        let Self { wires, junctions, bench, .. } = self;
        for Wire { ends: [a, b], directions: [a_to_b, b_to_a], .. } in wires {
            for (direction, to) in [(a_to_b, *b), (b_to_a, *a)] {
                let Some(to) = junctions.get(to) else { continue };
                while direction.release(now, &to.port, bench) {}
                next = direction.next_due().map_or(next, |due| due.min(next));
            }
        }
        next.saturating_duration_since(Instant::now())
    }

    fn receive(&mut self) {
        let Self { wires, junctions, poller, bench, .. } = self;
        for (place, junction) in (COMMANDS + 1..).zip(junctions) {
            if !poller.is_ready(place) {
                continue;
            }
            for _ in 0..TURN {
                match junction.receive(wires, bench) {
                    Ok(true) => {}
                    // An interface that is down is reported once, as ENETDOWN; it may return.
                    Ok(false) | Err(_) => break,
                }
            }
        }
    }

    /// Reads what has arrived already, so that it is counted as held.
    fn drain(&mut self) {
        let Self { wires, junctions, bench, .. } = self;
        for junction in junctions {
            // Senders may go on for ever.
            for _ in 0..LAST_TURN {
                if !matches!(junction.receive(wires, bench), Ok(true)) {
                    break;
                }
            }
        }
    }

    /// Compares, for the wires of each interface, at a moment when no frame of theirs comes: only then
    /// are what the interface has counted and what was read of it the same frames. Where there is no
    /// such moment too little is found, never too much.
    fn missing(&mut self) -> io::Result<former::Lost> {
        let mut missing = former::Lost::new();
        for attempt in 1..=ATTEMPTS {
            let before = self.received();
            let interfaces = former::interfaces()?;
            let after = self.received();
            let found = former::unaccounted(&after, &interfaces);
            let shared = found.len();
            for (interface, lost) in found {
                let known = missing.contains_key(&interface);
                let quiet = former::is_quiet(&interface, &before, &after);
                if !known && (quiet || attempt == ATTEMPTS) {
                    missing.insert(interface, lost);
                }
            }
            if missing.len() == shared {
                break;
            }
        }
        Ok(missing)
    }

    /// The statistics, when all is received that has come.
    fn received(&mut self) -> Vec<WireStatistics> {
        self.drain();
        self.upkeep();
        self.statistics()
    }

    /// Follows interfaces that went or came, and reads the kernel's loss counters.
    fn upkeep(&mut self) {
        self.next_upkeep = Instant::now() + UPKEEP;
        let Self { wires, junctions, .. } = self;
        for junction in junctions {
            let gone = junction.port.follow().unwrap_or_else(|error| {
                let interface = junction.port.interface();
                tracing::warn!(event = "wire_end_failed", interface, %error);
                0
            });
            let overflows = gone + junction.port.socket().map_or(0, PacketSocket::take_overflows);
            // Whose frames they were nobody has seen.
            if let Some(direction) = junction.first().and_then(|tap| tap.direction(wires)) {
                direction.overflowed(overflows);
            }
        }
        self.register();
    }

    fn register(&mut self) {
        for (place, junction) in (COMMANDS + 1..).zip(&self.junctions) {
            self.poller.place(place, junction.port.socket().map(AsFd::as_fd));
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
                Ok(Command::Missing(answer)) => {
                    let _ = answer.send(self.missing());
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
        let state = |end: usize| {
            self.junctions.get(end).map(|junction| junction.port.state()).unwrap_or_default()
        };
        let one = |wire: &Wire| {
            let Wire { name, tags, ends: [a, b], directions: [a_to_b, b_to_a] } = wire;
            WireStatistics {
                name: name.clone(),
                a: state(*a),
                b: state(*b),
                tags: *tags,
                a_to_b: a_to_b.statistics(),
                b_to_a: b_to_a.statistics(),
            }
        };
        self.wires.iter().map(one).collect()
    }
}
