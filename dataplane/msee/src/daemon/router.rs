//! One MSEE as an object: its fast path, its punt thread, and what ties the two together.

use std::{
    collections::{BTreeMap, BTreeSet},
    os::fd::{AsFd as _, OwnedFd},
    sync::Arc,
    time::Instant,
};

use abi::verdict;
use afxdp::{Socket, losses::PortLosses, tally::Tally};
use arc_swap::ArcSwap;
use desired::{MseeState, Revision};
use packet::probe::{Explanation, InjectRequest};
use tokio::sync::watch;

use super::{
    explain::Context,
    inject::{self, PortError},
    neighbours::{self, NeighbourReport},
};
use crate::{
    fastpath::{
        ApplyError, BindPuntError, BoundPort, Compiled, CountersError, FastPath, IncompleteError,
        InjectError, KernelLink, LoadError, Neighbours, PortKind, PublishError, ShutdownError,
    },
    icmp::limit::Rate,
    neighbours::Follower,
    punt::{Ended, Outlets, PuntThread, Responder, StartError},
};

/// A socket takes the longest frame a port forwards; what all budgets of a port admit at once (2,500,
/// `abi::police`) and for 100 ms more, so that no kind is lost for another one's flood while this process
/// does not run; and a second's worth of the answers that the rate limit allows: 20 MiB an interface.
fn socket_config() -> afxdp::Config {
    afxdp::Config {
        frames: 5_120,
        frame_size: 4_096,
        receive: 4_096,
        transmit: 1_024,
        fill: 4_096,
        completion: 1_024,
        ..afxdp::Config::default()
    }
}

/// An MSEE could not be started.
#[derive(Debug, thiserror::Error)]
pub enum RouterStartError {
    /// The fast path.
    #[error("the XDP fast path cannot be loaded")]
    FastPath(#[from] LoadError),
    /// The punt thread.
    #[error("the punt thread cannot be started")]
    Punt(#[from] StartError),
}

/// A desired state is not wholly in force.
#[derive(Debug, thiserror::Error)]
pub enum RouterApplyError {
    /// The state was refused; the one before it stays in force.
    #[error("the fast path refused the state, the one before it stays in force")]
    Refused(#[source] ApplyError),
    /// Packets are judged by the state, but not on all interfaces or not for ever.
    #[error("the state is in force, but the fast path could not complete it")]
    Incomplete(#[source] IncompleteError),
    /// The state forwards, but a port's exceptions cannot be answered.
    #[error("{interface} forwards, but nothing that arrives there can be answered")]
    Socket {
        /// The port's interface.
        interface: String,
        #[source]
        #[doc = "What went wrong."]
        source: PortBindError,
    },
}

impl From<ApplyError> for RouterApplyError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Incomplete(source) => Self::Incomplete(source),
            refused => Self::Refused(refused),
        }
    }
}

/// A port's AF_XDP socket could not be put in place.
#[derive(Debug, thiserror::Error)]
pub enum PortBindError {
    /// Its receive queues could not be counted.
    #[error("its receive queues cannot be counted")]
    Queues(#[from] afxdp::QueuesError),
    /// Punts of the other queues would vanish without a counter.
    #[error("it has {queues} receive queues and may have one: `ethtool -L {interface} rx 1`")]
    ManyQueues {
        /// The port's interface.
        interface: String,
        /// How many it has.
        queues: u32,
    },
    /// What is redirected to the socket does not get there.
    #[error(
        "a frame that was redirected to its AF_XDP socket did not arrive: `ip link show {interface}`"
    )]
    Deaf {
        /// The port's interface.
        interface: String,
    },
    /// The socket.
    #[error("its AF_XDP socket cannot be bound")]
    Socket(#[from] afxdp::BindError),
    /// Its counters.
    #[error("its AF_XDP socket cannot be shared; raise the limit of open files")]
    Statistics(#[from] std::io::Error),
    /// Its place in the fast path.
    #[error("its AF_XDP socket cannot be registered with the fast path")]
    Register(#[from] BindPuntError),
}

/// A packet could not be injected.
#[derive(Debug, thiserror::Error)]
pub enum RouterInjectError {
    /// No port for it.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The test run.
    #[error("the test run of the fast path failed")]
    Run(#[from] InjectError),
}

/// An interface whose socket is with the punt thread.
#[derive(Debug)]
struct Listening {
    interface: String,
    /// The socket's descriptor, to direct the punts of more ports to it.
    socket: OwnedFd,
    /// Slots of the ports whose punts it gets.
    slots: BTreeSet<u32>,
}

/// One MSEE.
#[derive(Debug)]
pub struct Router {
    fastpath: FastPath,
    punts: PuntThread,
    /// By interface index.
    listening: BTreeMap<u32, Listening>,
    losses: PortLosses,
    compiled: Arc<ArcSwap<Compiled>>,
    tally: Arc<Tally>,
    state: MseeState,
    applied: Option<Revision>,
    /// What was learned of neighbours, as far as the image in force has it or the next one will.
    learned: Arc<Neighbours>,
    /// The links whose customer edges the kernel is to find.
    links: watch::Sender<Arc<[KernelLink]>>,
}

/// What goes on beside a router, and whose end is its end.
#[derive(Debug)]
pub struct Parts {
    /// The end of the punt thread, which comes only by a failure.
    pub punts: Ended,
    /// Follows the kernel's neighbours, once it is run.
    pub follower: Follower,
    /// What was learned of neighbours, for [`Router::learn`].
    pub learned: watch::Receiver<Arc<Neighbours>>,
}

impl Router {
    /// Starts to answer what a fast path punts. One that adopted the pins of an earlier process is
    /// forwarding, and what it punts is answered from now on, by the image in its tables.
    pub fn start(fastpath: FastPath) -> Result<(Self, Parts), StartError> {
        let adopted = fastpath.compiled();
        let learned = Arc::new(adopted.learned());
        let compiled = Arc::new(ArcSwap::new(adopted));
        let tally = fastpath.tally();
        let responder = Responder::new(Rate::default());
        let (punts, outlets) =
            PuntThread::start(responder, Arc::clone(&compiled), Arc::clone(&tally))?;
        let Outlets { ended, learned: more, questions } = outlets;
        let (links, wanted) = watch::channel(Arc::default());
        let follower = Follower::new(wanted, questions, punts.teller());
        let mut router = Self {
            fastpath,
            punts,
            listening: BTreeMap::new(),
            losses: PortLosses::default(),
            compiled,
            tally,
            state: MseeState::default(),
            applied: None,
            learned,
            links,
        };
        router.show_image();
        if let Err(error) = router.listen() {
            // The first state tries again, and is refused when it fails.
            tracing::warn!(event = "punts_not_adopted", error = super::chain(&error));
        }
        Ok((router, Parts { punts: ended, follower, learned: more }))
    }

    /// Puts `state` in force. The revision counts as applied only when its ports answer too.
    pub fn apply(&mut self, revision: Revision, state: &MseeState) -> Result<(), RouterApplyError> {
        let before = self.generation();
        let result = self.fastpath.apply(state, &self.learned);
        // Also when it failed: what was published judges packets, and answers must agree with it.
        self.show_image();
        let mut listening = Ok(());
        if self.generation() != before {
            self.state = state.clone();
            listening = self.listen();
        }
        result?;
        listening?;
        self.applied = Some(revision);
        Ok(())
    }

    /// How the interfaces run the fast path, and why not natively.
    pub fn mode(&self) -> (afxdp::Mode, Option<&str>) {
        (self.fastpath.mode(), self.fastpath.generic_because())
    }

    /// Takes in what was learned of neighbours, with an image of its own when that makes a difference.
    pub fn learn(&mut self, learned: Arc<Neighbours>) -> Result<(), PublishError> {
        self.learned = learned;
        // Before the first image there is nothing that it could be in force for.
        if self.generation() == 0 {
            return Ok(());
        }
        let result = self.fastpath.learn(&self.learned);
        self.show_image();
        result
    }

    /// The revision in force, once there is one.
    pub fn applied(&self) -> Option<Revision> {
        self.applied
    }

    /// Generation of the image in force.
    pub fn generation(&self) -> u64 {
        self.compiled.load().generation()
    }

    /// Whether the interfaces are no longer those the image was made for: deleted, made anew, with
    /// another MTU or MAC address, or with a `cpu` veth that was not there.
    pub fn interfaces_changed(&self) -> bool {
        self.fastpath.ports_changed(&self.state)
    }

    /// What is known of neighbours: first those that are declared, then those that were found, or are
    /// being asked for.
    pub fn neighbours(&self) -> Vec<NeighbourReport> {
        let reports = self.punts.neighbours();
        neighbours::report(&self.compiled.load(), &reports, Instant::now())
    }

    /// Packets by verdict: those of the fast path, of userspace, and the kernel's losses.
    pub fn counters(&mut self) -> Result<[u64; verdict::COUNT], CountersError> {
        let mut counters = self.fastpath.counters()?;
        for (counter, more) in counters.iter_mut().zip(self.tally.read()) {
            *counter += more;
        }
        self.read_losses();
        self.losses.total().add_to(&mut counters);
        Ok(counters)
    }

    /// Where the frames of each AF_XDP socket are, by interface index.
    pub fn accounting(&self) -> BTreeMap<u32, afxdp::Accounting> {
        self.punts.accounting()
    }

    /// Reads what the kernel lost, so that little is forgotten should an interface be deleted.
    pub fn read_losses(&mut self) {
        let interfaces: BTreeMap<u32, &str> = self
            .fastpath
            .ports()
            .iter()
            .map(|port| (port.ifindex, port.interface.as_str()))
            .collect();
        for (ifindex, interface) in interfaces {
            if let Err(error) = self.losses.read(interface, ifindex) {
                tracing::warn!(event = "losses_not_read", interface, %error);
            }
        }
    }

    /// Runs a packet through the tables in force, without sending or counting it.
    pub fn inject(&mut self, request: &InjectRequest) -> Result<Explanation, RouterInjectError> {
        let compiled = self.compiled.load_full();
        let port = inject::choose_port(request, &compiled)?;
        let frame = inject::frame(request, port, &compiled, &self.state);
        let arriving = inject::arriving(&frame, port, &compiled, &self.state);
        let injection = self.fastpath.inject(port.ifindex, &arriving)?;
        let context =
            Context { compiled: &compiled, state: &self.state, request, port, frame: &frame };
        Ok(context.explain(&injection))
    }

    /// Stops forwarding: detaches and unpins everything.
    pub fn shutdown(self) -> Result<(), ShutdownError> {
        drop(self.punts);
        self.fastpath.shutdown()
    }

    /// Has whatever goes on beside the fast path see the image in force.
    fn show_image(&self) {
        let compiled = self.fastpath.compiled();
        let links: Arc<[KernelLink]> = compiled.kernel_links().into();
        self.compiled.store(compiled);
        self.punts.image_changed();
        // After the image: what the follower tells is checked against it.
        self.links.send_if_modified(|known| {
            let changed = *known != links;
            *known = links;
            changed
        });
    }

    /// Gives each interface towards customer edges and fabrics its socket, directs the punts of all
    /// its ports there, and takes away the sockets of interfaces that are gone.
    fn listen(&mut self) -> Result<(), RouterApplyError> {
        let mut interfaces: BTreeMap<u32, Vec<BoundPort>> = BTreeMap::new();
        // Of an adopted port whose interface is gone nothing is left to listen to.
        let ports = self.fastpath.ports().iter().filter(|port| !port.interface.is_empty());
        for port in ports.filter(|port| port.kind != PortKind::Cpu) {
            interfaces.entry(port.ifindex).or_default().push(port.clone());
        }
        let gone = self.listening.keys().filter(|ifindex| !interfaces.contains_key(ifindex));
        for ifindex in gone.copied().collect::<Vec<_>>() {
            self.forget(ifindex);
        }
        let mut result = Ok(());
        for ports in interfaces.values() {
            // One bad interface must not leave the others deaf.
            if let Err((interface, source)) = self.listen_on(ports) {
                result = Err(RouterApplyError::Socket { interface, source });
            }
        }
        result
    }

    /// Has the punts of `ports`, which share an interface, arrive at its socket.
    fn listen_on(&mut self, ports: &[BoundPort]) -> Result<(), (String, PortBindError)> {
        let Some(first) = ports.first() else { return Ok(()) };
        let failed = |source| (first.interface.clone(), source);
        if !self.listening.contains_key(&first.ifindex) {
            self.open(first).map_err(failed)?;
        }
        let Some(listening) = self.listening.get_mut(&first.ifindex) else { return Ok(()) };
        for port in ports {
            if !listening.slots.contains(&port.slot) {
                self.fastpath
                    .bind_punt(port.slot, listening.socket.as_fd())
                    .map_err(|error| failed(error.into()))?;
                tracing::info!(event = "port_listening", port = port.name, slot = port.slot);
            }
        }
        listening.slots = ports.iter().map(|port| port.slot).collect();
        Ok(())
    }

    /// Binds a socket to the interface of a port.
    fn open(&mut self, port: &BoundPort) -> Result<(), PortBindError> {
        let queues = afxdp::queues(&port.interface)?;
        if queues > 1 {
            let interface = port.interface.clone();
            return Err(PortBindError::ManyQueues { interface, queues });
        }
        let mut socket = Socket::bind(&port.interface, 0, &socket_config())?;
        // A redirect to a socket that the kernel takes for another queue's vanishes.
        match self.fastpath.is_heard(port.ifindex, &mut socket) {
            Ok(true) => {}
            Ok(false) => {
                return Err(PortBindError::Deaf { interface: port.interface.clone() });
            }
            Err(error) => {
                let (interface, error) = (&port.interface, super::chain(&error));
                tracing::warn!(event = "socket_unverified", interface, error);
            }
        }
        let statistics = socket.statistics_source()?;
        let descriptor = socket.as_fd().try_clone_to_owned()?;
        self.punts.bind(port.ifindex, socket);
        self.losses.open(&port.interface, port.ifindex, vec![statistics]);
        let interface = port.interface.clone();
        let listening = Listening { interface, socket: descriptor, slots: BTreeSet::new() };
        self.listening.insert(port.ifindex, listening);
        Ok(())
    }

    /// Closes the socket of an interface; what its kernel counters said is kept.
    fn forget(&mut self, ifindex: u32) {
        self.punts.unbind(ifindex);
        if let Some(listening) = self.listening.remove(&ifindex) {
            self.losses.close(&listening.interface);
        }
    }
}
