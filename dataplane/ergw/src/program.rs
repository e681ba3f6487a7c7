//! The XDP program of the fabric port: loading, sockets, attachment.
//!
//! A gateway whose process is gone forwards nothing, as a real one; the program only counts its
//! losses. Without pins the bpf_link that attaches it ends with the process: frames then go to the
//! namespace's kernel, which drops them without a word. With pins ([`afxdp::pins`]) it stays, finds
//! no socket, and counts `gw_no_socket` until the next process puts its own program in its place.
//!
//! The XSKMAP is filled before the program is attached, so no packet is lost between the two.

mod admit;

use std::{
    error::Error,
    io,
    os::fd::{AsFd as _, AsRawFd as _},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use abi::verdict::COUNT;
use afxdp::{
    ObjectError, Socket,
    pins::{Pins, PinsError},
};
use aya::{
    Ebpf, EbpfError, EbpfLoader,
    maps::{MapData, MapError, PerCpuArray, XskMap},
    programs::{
        ProgramError, Xdp, XdpMode,
        links::{FdLink, LinkError},
        xdp::{XdpLink, XdpLinkId},
    },
    sys::SyscallError,
};
use privilege::Capabilities;

/// The object as it is checked in.
static EMBEDDED: &[u8] = aya::include_bytes_aligned!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../ebpf/prebuilt/ergw.bpf.o"
));

const OBJECT: &str = "ergw.bpf.o";
const ENTRY: &str = "ergw_port";
const SOCKETS: &str = "SOCKETS";
const COUNTERS: &str = "COUNTERS";

/// What loading takes. The verifier lets nobody compare packet pointers without CAP_PERFMON, and the
/// program does.
const LOADING: Capabilities =
    Capabilities::BPF.union(Capabilities::NET_ADMIN).union(Capabilities::PERFMON);

/// How long attaching is retried while the interface still has the program of a process that was
/// just killed.
const BUSY_DEADLINE: Duration = Duration::from_secs(2);
const BUSY_PAUSE: Duration = Duration::from_millis(2);

/// The XDP program could not be brought to work.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The object could not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The pin directory.
    #[error(transparent)]
    Pins(#[from] PinsError),
    /// Loading needs privileges.
    #[error(
        "loading eBPF programs needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON: run as root, or with them"
    )]
    NotPermitted,
    /// The kernel refused the object.
    #[error("the kernel did not take {OBJECT}: it may be too old (erlab is tested on Linux 6.18)")]
    Load(#[source] EbpfError),
    /// The object is of another build.
    #[error("{OBJECT} has no {name}: it is of another version than this ergw (rebuild both)")]
    Missing {
        /// Name of the program or map.
        name: &'static str,
    },
    /// A map of the object cannot be used.
    #[error("map {name} of {OBJECT} cannot be used")]
    Map {
        /// Its name.
        name: &'static str,
        #[source]
        #[doc = "What aya or the kernel said."]
        source: MapError,
    },
    /// The kernel refused the program.
    #[error("the kernel did not load the program {ENTRY}")]
    Program(#[source] ProgramError),
    /// Another program holds the interface.
    #[error(
        "{interface} has another XDP program since {waited:?}: is a second process running on it? \
         (`ip link show {interface}` names the program, `ip link set {interface} xdp off` removes it)"
    )]
    Busy {
        /// The interface.
        interface: String,
        /// How long attaching was retried.
        waited: Duration,
    },
    /// The interface takes no XDP.
    #[error("XDP cannot be attached to {interface}, by its driver or by the kernel's stack")]
    Attach {
        /// The interface.
        interface: String,
        #[source]
        #[doc = "What the kernel said."]
        source: ProgramError,
    },
    /// What is redirected to a socket does not get there.
    #[error(
        "a frame that was redirected to the AF_XDP socket of queue {queue} of {interface} did not \
         arrive: `ethtool -l {interface}` shows its queues"
    )]
    Deaf {
        /// The interface.
        interface: String,
        /// The queue.
        queue: u32,
    },
    /// The attachment is no bpf_link, so it cannot be pinned.
    #[error("the attachment to {interface} is no bpf_link (kernel before 5.9?)")]
    NoLink {
        /// The interface.
        interface: String,
        #[source]
        #[doc = "What aya said."]
        source: LinkError,
    },
}

/// The loaded program. Dropping it detaches it, unless it is pinned.
#[derive(Debug)]
pub(crate) struct Program {
    ebpf: Ebpf,
    pins: Option<Pins>,
    /// Keeps the interface attached should somebody remove the pin while we run.
    pinned: Option<FdLink>,
}

impl Program {
    /// Loads the program; nothing is attached yet. What a former process left in `pins` stays in
    /// force until [`Program::attach`], but its counters are ours from now on.
    pub(crate) fn load(pins: Option<&Path>) -> Result<Self, AttachError> {
        let pins = pins.map(Pins::open).transpose()?;
        let object = afxdp::object(OBJECT, EMBEDDED)?;
        // Without the kernel's own types: the program needs no relocation against them, and parsing
        // them would take most of the time a restart has.
        let mut loader = EbpfLoader::new();
        loader.btf(None);
        if let Some(counters) = pins.as_ref().and_then(Pins::former_counters) {
            loader.map_pin_path(COUNTERS, counters);
        }
        // Asked only about a failure: what the kernel says of a missing privilege is not plain.
        let permitted = |error| {
            if privilege::has(LOADING) { error } else { AttachError::NotPermitted }
        };
        let mut ebpf = loader.load(&object).map_err(|error| permitted(AttachError::Load(error)))?;
        afxdp::check_version(OBJECT, &ebpf)?;
        let verified = entry(&mut ebpf)?.load();
        verified.map_err(|error| permitted(AttachError::Program(error)))?;
        if let Some(pins) = &pins {
            pins.pin_objects(&mut ebpf, &[ENTRY])?;
        }
        Ok(Self { ebpf, pins, pinned: None })
    }

    /// The program's own verdicts, a set for each processor.
    pub(crate) fn counters(&mut self) -> Result<PerCpuArray<MapData, [u64; COUNT]>, AttachError> {
        let map = self.ebpf.take_map(COUNTERS).ok_or(AttachError::Missing { name: COUNTERS })?;
        map.try_into().map_err(|source| AttachError::Map { name: COUNTERS, source })
    }

    /// Has the program hand frames of receive queue `queue` to `socket`, which is bound to it.
    pub(crate) fn register(&mut self, queue: u32, socket: &Socket) -> Result<(), AttachError> {
        let failed = |source| AttachError::Map { name: SOCKETS, source };
        let map = self.ebpf.map_mut(SOCKETS).ok_or(AttachError::Missing { name: SOCKETS })?;
        let mut sockets = XskMap::try_from(map).map_err(failed)?;
        sockets.set(queue, socket.as_fd().as_raw_fd(), 0).map_err(failed)
    }

    /// Attaches the program, in the place of what a former process left pinned, which stays as native or
    /// generic as it was. Otherwise natively, or, where the driver cannot, in generic mode.
    pub(crate) fn attach(&mut self, interface: &str) -> Result<(), AttachError> {
        let program = entry(&mut self.ebpf)?;
        let Some(pins) = &mut self.pins else { return attach(program, interface).map(drop) };
        let mut former = pins.former_links()?;
        let replaced = former.remove(interface).and_then(|link| replace(program, link));
        let id = match replaced {
            Some(id) => id,
            None => attach(program, interface)?,
        };
        let link = program.take_link(id).map_err(AttachError::Program)?;
        let link = FdLink::try_from(link)
            .map_err(|source| AttachError::NoLink { interface: interface.to_owned(), source })?;
        self.pinned = Some(pins.pin_link(interface, link)?);
        // What is left was attached to another interface.
        for interface in former.keys() {
            pins.detach_former(interface)?;
        }
        Ok(pins.commit()?)
    }

    /// Detaches a pinned program and removes its pins; another is detached when it is dropped.
    pub(crate) fn detach(&mut self, interface: &str) -> Result<(), AttachError> {
        if let Some(pins) = self.pins.take() {
            pins.detach(interface)?;
            pins.remove()?;
        }
        Ok(())
    }
}

fn attach(program: &mut Xdp, interface: &str) -> Result<XdpLinkId, AttachError> {
    let native = match attach_as(program, interface, XdpMode::Driver) {
        Err(AttachError::Attach { source, .. }) => source,
        attached => return attached,
    };
    let Ok(id) = attach_as(program, interface, XdpMode::Skb) else {
        // What the driver said is what there is to mend.
        return Err(AttachError::Attach { interface: interface.to_owned(), source: native });
    };
    tracing::warn!(
        event = "generic_mode",
        interface,
        error = &native as &dyn Error,
        "slower: the driver takes no native XDP, so the kernel's stack runs it"
    );
    Ok(id)
}

fn attach_as(program: &mut Xdp, interface: &str, mode: XdpMode) -> Result<XdpLinkId, AttachError> {
    let started = Instant::now();
    loop {
        let error = match program.attach(interface, mode) {
            Ok(id) => return Ok(id),
            Err(error) => error,
        };
        let waited = started.elapsed();
        if !is_busy(&error) {
            return Err(AttachError::Attach { interface: interface.to_owned(), source: error });
        }
        if waited >= BUSY_DEADLINE {
            return Err(AttachError::Busy { interface: interface.to_owned(), waited });
        }
        sleep(BUSY_PAUSE);
    }
}

/// Puts the program in the place of the one that `link` attaches, without a gap. A link that refuses
/// is defunct: its interface was deleted, and another one has its name.
fn replace(program: &mut Xdp, link: FdLink) -> Option<XdpLinkId> {
    program.attach_to_link(XdpLink::try_from(link).ok()?).ok()
}

fn entry(ebpf: &mut Ebpf) -> Result<&mut Xdp, AttachError> {
    let program = ebpf.program_mut(ENTRY).ok_or(AttachError::Missing { name: ENTRY })?;
    program.try_into().map_err(AttachError::Program)
}

fn is_busy(error: &ProgramError) -> bool {
    let ProgramError::SyscallError(SyscallError { io_error, .. }) = error else { return false };
    io_error.kind() == io::ErrorKind::ResourceBusy
}
