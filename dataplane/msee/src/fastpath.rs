//! The XDP fast path of one MSEE: programs, tables, ports and what outlives this process.
//!
//! ```no_run
//! use msee::fastpath::{FastPath, Neighbours};
//!
//! # fn run(state: &desired::MseeState) -> Result<(), Box<dyn std::error::Error>> {
//! let mut fast_path = FastPath::load("/run/erlab/bpf/lab/msee-a".as_ref())?;
//! let compiled = fast_path.apply(state, &Neighbours::default())?;
//! println!("generation {} forwards", compiled.generation());
//! # Ok(())
//! # }
//! ```
//!
//! Dropped without [`FastPath::shutdown`], as by a kill, it keeps forwarding by what is pinned. The
//! next process adopts that and goes on in the same tables: see [`Loader`].
//!
//! All calls must be made in the namespace of the MSEE's interfaces.

mod attachments;
mod inject;
mod load;
mod neighbours;
mod object;
mod ports;
mod slots;
mod tables;

use std::{fmt, os::fd::BorrowedFd, path::Path, sync::Arc};

use abi::verdict;
use afxdp::tally::Tally;
use aya::{
    maps::{MapData, MapError, PerCpuArray},
    programs::Xdp,
};
use desired::MseeState;

pub use afxdp::{
    pins::{self, PinsError},
    steps,
};
pub use attachments::{AdoptError, AttachError};
pub use inject::{InjectError, Injection};
pub use load::{LoadError, Loader};
pub use neighbours::{KernelLink, Neighbour, Neighbours, NextHop, Resolver};
pub use object::LoadObjectError;
pub use ports::{BindPortsError, BoundPort, PortKind};
pub use slots::SlotsError;
pub use tables::{
    CompileError, Compiled, CompiledVnet, GracePeriodError, MapImageError, NodesExhausted,
    PublishError, Roots, RouteOf,
};

use attachments::Attachments;
use inject::Injector;
use pins::Pins;
use slots::Slots;
use tables::mapped::Image;

/// A desired state was not applied. The previous one is in force, except for
/// [`ApplyError::Incomplete`].
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Its ports cannot be bound.
    #[error(transparent)]
    Ports(#[from] BindPortsError),
    /// It has no image.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The maps of ports.
    #[error(transparent)]
    Slots(#[from] SlotsError),
    /// An interface cannot be attached.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// The image was not published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The state is in force; something after that failed.
    #[error("the state is in force, but not complete")]
    Incomplete(#[from] IncompleteError),
}

/// What failed after a state was put in force. To apply it again is the cure.
#[derive(Debug, thiserror::Error)]
pub enum IncompleteError {
    /// A former process's programs still judge packets, or an interface is not free yet.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// It forwards, but would not outlive this process.
    #[error(transparent)]
    Pins(#[from] PinsError),
    /// Packets may still be judged by the state before it.
    #[error(transparent)]
    GracePeriod(#[from] GracePeriodError),
}

/// A punt socket cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot direct the punts of slot {slot} to an AF_XDP socket")]
pub struct BindPuntError {
    /// Slot of the port.
    pub slot: u32,
    #[source]
    source: MapError,
}

/// Counters cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the COUNTERS map")]
pub struct CountersError(#[source] MapError);

/// The fast path is not completely gone.
#[derive(Debug, thiserror::Error)]
#[error("the fast path is not completely removed")]
pub struct ShutdownError(#[source] AttachError);

/// One MSEE's fast path.
pub struct FastPath {
    /// The program of every port.
    program: Xdp,
    pins: Pins,
    image: Image,
    slots: Slots,
    counters: PerCpuArray<MapData, [u64; verdict::COUNT]>,
    /// What userspace counts.
    tally: Arc<Tally>,
    injector: Injector,
    attachments: Attachments,
    compiled: Arc<Compiled>,
}

impl FastPath {
    /// Loads programs and maps over what a former process left in `pins`, which becomes a directory
    /// on bpffs. What forwards already goes on.
    pub fn load(pins: &Path) -> Result<Self, LoadError> {
        Loader::default().load(pins)
    }

    /// Binds the ports of `state`, compiles it, and puts it in force. When it returns, no packet is
    /// judged by an earlier state any more. What `state` does not mention is detached. `learned` says
    /// where the neighbours are that `state` does not tell.
    pub fn apply(
        &mut self,
        state: &MseeState,
        learned: &Neighbours,
    ) -> Result<Arc<Compiled>, ApplyError> {
        let ports = ports::bind(state, self.ports(), ports::interface::find)?;
        let compiled = Compiled::new(state, &ports, learned, self.image.generation() + 1)?;
        self.slots.admit(&ports)?;
        let fresh = self.attachments.prepare(&mut self.program, &self.pins, &ports)?;
        if let Err(error) = self.image.publish(&compiled) {
            self.attachments.withdraw(&self.pins, fresh);
            return Err(error.into());
        }
        // From here on the new state is in force, whatever fails.
        self.compiled = Arc::new(compiled);
        self.complete(&ports)?;
        Ok(self.compiled())
    }

    /// Puts in force what is known of neighbours now: the image in force, adopted or not, with other
    /// MAC addresses. Nothing is published when all next hops stay as they are.
    pub fn learn(&mut self, learned: &Neighbours) -> Result<(), PublishError> {
        let compiled = self.compiled.relearned(learned);
        if !compiled.has_adjacencies_of(&self.compiled) {
            self.image.publish(&compiled)?;
            self.compiled = Arc::new(compiled);
        }
        Ok(())
    }

    /// What is left to do once a state is in force.
    fn complete(&mut self, ports: &[BoundPort]) -> Result<(), IncompleteError> {
        self.attachments.take_over(&mut self.program, &self.pins, ports)?;
        self.pins.commit()?;
        self.attachments.retire(&self.pins, ports)?;
        Ok(self.image.wait_for_readers()?)
    }

    /// Whether the interfaces that `state` needs are no longer those of the image in force.
    pub fn ports_changed(&self, state: &MseeState) -> bool {
        let now = ports::bind(state, self.ports(), ports::interface::find);
        !now.is_ok_and(|ports| ports == self.ports())
    }

    /// How the interfaces run the program.
    pub fn mode(&self) -> afxdp::Mode {
        self.attachments.mode()
    }

    /// Why not natively.
    pub fn generic_because(&self) -> Option<&str> {
        self.attachments.because()
    }

    /// What is in force.
    pub fn compiled(&self) -> Arc<Compiled> {
        Arc::clone(&self.compiled)
    }

    /// The ports in force, by slot.
    pub fn ports(&self) -> &[BoundPort] {
        self.compiled.bound_ports()
    }

    /// Directs the punts of a port to an AF_XDP socket that is bound to its interface. They are
    /// counted as `punt_refused` until then, and again once the socket is closed.
    pub fn bind_punt(&mut self, slot: u32, socket: BorrowedFd<'_>) -> Result<(), BindPuntError> {
        self.slots.bind_punt(slot, socket).map_err(|source| BindPuntError { slot, source })
    }

    /// Whether `socket`, which is bound to an interface and has no punts directed to it, gets what comes
    /// in there and is redirected to it.
    pub fn is_heard(
        &mut self,
        ifindex: u32,
        socket: &mut afxdp::Socket,
    ) -> Result<bool, afxdp::selftest::SelfTestError> {
        self.attachments.is_heard(ifindex, socket)
    }

    /// Where whoever answers punts counts what became of them: kept in the pinned maps too.
    pub fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// Packets by verdict number that the programs have counted, over all CPUs and since the directory
    /// of pins was first made.
    pub fn counters(&self) -> Result<[u64; verdict::COUNT], CountersError> {
        let mut sums = [0_u64; verdict::COUNT];
        for counters in self.counters.get(&0, 0).map_err(CountersError)?.iter() {
            for (sum, counter) in sums.iter_mut().zip(counters) {
                *sum = sum.wrapping_add(*counter);
            }
        }
        Ok(sums)
    }

    /// Runs a frame that arrives by `ifindex` through the traced twin of the program.
    pub fn inject(&mut self, ifindex: u32, frame: &[u8]) -> Result<Injection, InjectError> {
        self.injector.inject(ifindex, frame)
    }

    /// Detaches every port and removes the pins.
    pub fn shutdown(self) -> Result<(), ShutdownError> {
        let Self { pins, attachments, .. } = self;
        attachments.detach_all(&pins).map_err(ShutdownError)?;
        pins.remove().map_err(|error| ShutdownError(error.into()))
    }
}

impl fmt::Debug for FastPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let generation = self.image.generation();
        f.debug_struct("FastPath").field("generation", &generation).finish_non_exhaustive()
    }
}
