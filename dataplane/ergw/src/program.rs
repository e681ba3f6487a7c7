//! The XDP program of the fabric port: loading or adopting it, its sockets, its attachment.
//!
//! A gateway whose process is gone forwards nothing, as a real one; the program only counts its
//! losses. Without pins the bpf_link that attaches it ends with the process: frames then go to the
//! namespace's kernel, which drops them without a word. With pins ([`afxdp::pins`]) it stays, finds
//! no socket, and counts `gw_no_socket` until the next process has bound one.
//!
//! | pinned | what a start does |
//! |---|---|
//! | nothing | builds a directory of its own, and attaches |
//! | our ABI version, our program | adopts maps, program and link as they are |
//! | our ABI version, another program | adopts maps and link, and puts its program in the place of the other |
//! | another ABI version | refuses, or with `replace` builds its own and puts its program in the place of the other |
//!
//! A socket is registered in the XSKMAP before the program is attached, or as soon as it is bound
//! where one is attached already: what arrives from then on waits in the socket for the packet
//! thread.

mod admit;

use std::{
    collections::BTreeMap,
    error::Error,
    io,
    os::fd::{AsFd as _, AsRawFd as _},
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use abi::verdict::COUNT;
use afxdp::{
    LoadProgramError, ObjectError, Socket,
    pins::{FormerLink, Layout, LayoutError, Pins, PinsError},
    steps::Steps,
    tally::{Tally, TallyError},
};
use aya::{
    Ebpf, EbpfError, EbpfLoader,
    maps::{Map, MapData, MapError, PerCpuArray, XskMap},
    programs::{
        ProgramError, Xdp, XdpMode,
        links::{FdLink, LinkError},
        xdp::{XdpLink, XdpLinkId},
    },
    sys::SyscallError,
};
use nix::net::if_::if_nametoindex;
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
/// What is counted by the program and by the process: shared where everything else is not.
const KEPT: [&str; 2] = [COUNTERS, abi::DAEMON_COUNTERS];

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
    /// What is pinned was made by a build with other layouts.
    #[error(
        "{path} holds the program of a gateway of ABI version {pinned}, and this ergw has version \
         {ours}: let an ergw of version {pinned} end in order (SIGTERM), or take over from it with \
         --replace",
        ours = abi::VERSION
    )]
    Version {
        /// The directory of pins.
        path: PathBuf,
        /// The version of what is pinned; 0 when it says none.
        pinned: u32,
    },
    /// What is pinned says it has our layouts, and has not.
    #[error("{path} cannot be adopted: take over from it with --replace")]
    Layout {
        /// The directory of pins.
        path: PathBuf,
        #[source]
        #[doc = "What is wrong."]
        source: LayoutError,
    },
    /// Loading needs privileges.
    #[error(
        "loading eBPF programs needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON: run as root, or with them"
    )]
    NotPermitted,
    /// The kernel refused the object.
    #[error("the kernel did not take {OBJECT}: it may be too old (erlab is tested on Linux 6.18)")]
    ObjectMaps(#[source] EbpfError),
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
    /// The map of what this process counts.
    #[error(transparent)]
    Tally(#[from] TallyError),
    /// The kernel refused the program.
    #[error(transparent)]
    Load(#[from] LoadProgramError),
    /// The kernel says nothing of the program.
    #[error("BPF_OBJ_GET_INFO_BY_FD of the program {ENTRY} failed")]
    Program(#[source] ProgramError),
    /// The interface is gone.
    #[error("there is no interface {interface} in this network namespace")]
    NoInterface {
        /// The interface.
        interface: String,
    },
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
    /// Our object: the maps, those that are pinned where there are pins, and the program where there
    /// are none.
    ebpf: Ebpf,
    pinned: Option<Pinned>,
}

/// What outlives the process.
#[derive(Debug)]
struct Pinned {
    pins: Pins,
    /// The program that is pinned.
    entry: Xdp,
    /// Keeps the interface attached should somebody remove the pin while we run.
    link: Option<FdLink>,
}

impl Program {
    /// Loads the program, or adopts what a former process left in `pins`. Nothing is attached yet; what
    /// is attached already stays.
    pub(crate) fn load(pins: Option<&Path>, replace: bool) -> Result<Self, AttachError> {
        let object = afxdp::object(OBJECT, EMBEDDED)?;
        let layouts = afxdp::layouts(OBJECT, &object)?;
        let Some(path) = pins else {
            return Ok(Self { ebpf: verified(&object, &layouts, |_, _| None)?, pinned: None });
        };
        let mut pins = Pins::claim(path, Steps::default())?;
        let path = || path.to_owned();
        let unadoptable = match pins.former_version()? {
            None => None,
            Some(abi::VERSION) => match pins.check_layouts(&layouts) {
                Ok(()) => return Self::adopt(pins, &object, &layouts),
                Err(source) => Some(AttachError::Layout { path: path(), source }),
            },
            Some(pinned) => Some(AttachError::Version { path: path(), pinned }),
        };
        match unadoptable {
            Some(error) if !replace => Err(error),
            _ => {
                pins.build()?;
                Self::build(pins, &object, &layouts)
            }
        }
    }

    /// With maps of its own, except those of a former process's counters whose layout is ours.
    fn build(
        pins: Pins,
        object: &[u8],
        layouts: &BTreeMap<String, Layout>,
    ) -> Result<Self, AttachError> {
        let kept = |name: &str, layout| {
            KEPT.contains(&name).then(|| pins.former_map(name, layout)).flatten()
        };
        let mut ebpf = verified(object, layouts, kept)?;
        pins.pin_objects(&mut ebpf, &[ENTRY])?;
        Self::pinned(ebpf, pins)
    }

    /// With what is pinned.
    fn adopt(
        mut pins: Pins,
        object: &[u8],
        layouts: &BTreeMap<String, Layout>,
    ) -> Result<Self, AttachError> {
        pins.adopt(&[ENTRY])?;
        let mut ebpf = verified(object, layouts, |name, _| Some(pins.map_path(name)))?;
        if !pins.is_pinned(&mut ebpf, ENTRY).map_err(AttachError::Program)? {
            pins.replace_program(&mut ebpf, ENTRY)?;
            tracing::info!(event = "program_replaced", program = ENTRY);
        }
        Self::pinned(ebpf, pins)
    }

    /// The program that is pinned does all from now on, whoever loaded it.
    fn pinned(mut ebpf: Ebpf, pins: Pins) -> Result<Self, AttachError> {
        let entry = pins.program(ENTRY)?;
        self::entry(&mut ebpf)?.unload().map_err(AttachError::Program)?;
        Ok(Self { ebpf, pinned: Some(Pinned { pins, entry, link: None }) })
    }

    /// The program's own verdicts, a set for each processor.
    pub(crate) fn counters(&mut self) -> Result<PerCpuArray<MapData, [u64; COUNT]>, AttachError> {
        let map = self.ebpf.take_map(COUNTERS).ok_or(AttachError::Missing { name: COUNTERS })?;
        map.try_into().map_err(|source| AttachError::Map { name: COUNTERS, source })
    }

    /// Where this process counts the verdicts it reaches.
    pub(crate) fn tally(&self) -> Result<Tally, AttachError> {
        const NAME: &str = abi::DAEMON_COUNTERS;
        match self.ebpf.map(NAME) {
            Some(Map::Array(data)) => Ok(Tally::in_map(data)?),
            _ => Err(AttachError::Missing { name: NAME }),
        }
    }

    /// Has the program hand frames of receive queue `queue` to `socket`, which is bound to it.
    pub(crate) fn register(&mut self, queue: u32, socket: &Socket) -> Result<(), AttachError> {
        let failed = |source| AttachError::Map { name: SOCKETS, source };
        let map = self.ebpf.map_mut(SOCKETS).ok_or(AttachError::Missing { name: SOCKETS })?;
        let mut sockets = XskMap::try_from(map).map_err(failed)?;
        sockets.set(queue, socket.as_fd().as_raw_fd(), 0).map_err(failed)
    }

    /// Attaches the program, unless a former process's link does already; one that attaches another
    /// program is given ours without a gap. What is attached stays as native or generic as it was;
    /// what is not is attached natively, or, where the driver cannot, in generic mode.
    pub(crate) fn attach(&mut self, interface: &str) -> Result<(), AttachError> {
        match &mut self.pinned {
            Some(pinned) => pinned.attach(interface),
            None => attach(entry(&mut self.ebpf)?, interface).map(drop),
        }
    }

    /// Detaches a pinned program and removes its pins; another is detached when it is dropped.
    pub(crate) fn detach(&mut self, interface: &str) -> Result<(), AttachError> {
        if let Some(Pinned { pins, .. }) = self.pinned.take() {
            pins.detach(interface)?;
            pins.remove()?;
        }
        Ok(())
    }
}

impl Pinned {
    fn attach(&mut self, interface: &str) -> Result<(), AttachError> {
        let Self { pins, entry, .. } = self;
        let missing = |_| AttachError::NoInterface { interface: interface.to_owned() };
        let ifindex = if_nametoindex(interface).map_err(missing)?;
        let id = entry.info().map_err(AttachError::Program)?.id();
        let mut former = pins.described_links()?;
        self.link = Some(match former.remove(interface) {
            Some(FormerLink { link, ifindex: at, program })
                if pins.is_in_place() && at == ifindex && program == id =>
            {
                tracing::info!(event = "adopted", interface);
                link
            }
            Some(FormerLink { link, ifindex: at, .. }) if at == ifindex => {
                // The link says that it is attached, so a refusal is one of the program.
                let link = replace(entry, interface, link)?;
                if pins.is_in_place() { link } else { pins.pin_link(interface, link)? }
            }
            defunct => {
                // Its interface was deleted, and this one has its name.
                if defunct.is_some() {
                    pins.detach_former(interface)?;
                }
                let id = attach(entry, interface)?;
                pins.pin_link(interface, owned(entry, id, interface)?)?
            }
        });
        // What is left was attached to another interface.
        for interface in former.keys() {
            pins.detach_former(interface)?;
        }
        Ok(pins.commit()?)
    }
}

/// Our object, its program seen by the verifier, over the maps that `pinned` gives a path for and
/// over new ones where it gives none.
fn verified(
    object: &[u8],
    layouts: &BTreeMap<String, Layout>,
    pinned: impl Fn(&str, Layout) -> Option<PathBuf>,
) -> Result<Ebpf, AttachError> {
    // Without the kernel's own types: the program needs no relocation against them, and parsing
    // them would take most of the time a restart has.
    let mut loader = EbpfLoader::new();
    loader.btf(None);
    for (name, layout) in layouts {
        if let Some(path) = pinned(name, *layout) {
            loader.map_pin_path(name, path);
        }
    }
    // Asked only about a failure: what the kernel says of a missing privilege is not plain.
    let permitted = |error| {
        if privilege::has(LOADING) { error } else { AttachError::NotPermitted }
    };
    let ebpf = loader.load(object);
    let mut ebpf = ebpf.map_err(|error| permitted(AttachError::ObjectMaps(error)))?;
    afxdp::load_program(&mut ebpf, ENTRY).map_err(|error| permitted(error.into()))?;
    Ok(ebpf)
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

/// Puts the program in the place of the one that `link` attaches, without a gap.
fn replace(program: &mut Xdp, interface: &str, link: FdLink) -> Result<FdLink, AttachError> {
    let link = XdpLink::try_from(link)
        .map_err(|source| AttachError::NoLink { interface: interface.to_owned(), source })?;
    let id = program.attach_to_link(link);
    let id =
        id.map_err(|source| AttachError::Attach { interface: interface.to_owned(), source })?;
    owned(program, id, interface)
}

fn owned(program: &mut Xdp, id: XdpLinkId, interface: &str) -> Result<FdLink, AttachError> {
    let link = program.take_link(id).map_err(AttachError::Program)?;
    link.try_into()
        .map_err(|source| AttachError::NoLink { interface: interface.to_owned(), source })
}

fn entry(ebpf: &mut Ebpf) -> Result<&mut Xdp, AttachError> {
    let program = ebpf.program_mut(ENTRY).ok_or(AttachError::Missing { name: ENTRY })?;
    program.try_into().map_err(AttachError::Program)
}

fn is_busy(error: &ProgramError) -> bool {
    let ProgramError::SyscallError(SyscallError { io_error, .. }) = error else { return false };
    io_error.kind() == io::ErrorKind::ResourceBusy
}
