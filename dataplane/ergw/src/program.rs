//! The XDP program of the fabric port: loading, sockets, attachment.
//!
//! It is attached by a bpf_link that lives as long as the process: a gateway whose process is gone
//! forwards nothing, as a real one. The XSKMAP is filled before the program is attached, so no
//! packet is lost between the two.

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _},
    thread::sleep,
    time::{Duration, Instant},
};

use abi::verdict::COUNT;
use afxdp::{ObjectError, Socket};
use aya::{
    Ebpf, EbpfError, EbpfLoader,
    maps::{MapData, MapError, PerCpuArray, XskMap},
    programs::{ProgramError, Xdp, XdpMode},
    sys::SyscallError,
};
use nix::unistd::geteuid;

/// The object as it is checked in.
static EMBEDDED: &[u8] = aya::include_bytes_aligned!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../ebpf/prebuilt/ergw.bpf.o"
));

const OBJECT: &str = "ergw.bpf.o";
const ENTRY: &str = "ergw_port";
const SOCKETS: &str = "SOCKETS";
const COUNTERS: &str = "COUNTERS";

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
    /// Loading needs privileges.
    #[error("loading eBPF programs needs CAP_BPF and CAP_NET_ADMIN: run as root")]
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
    /// The interface takes no native XDP.
    #[error(
        "native XDP cannot be attached to {interface}: its driver must support it, and the MTU of a \
         veth's peer must be under 3520"
    )]
    Attach {
        /// The interface.
        interface: String,
        #[source]
        #[doc = "What the kernel said."]
        source: ProgramError,
    },
}

/// The loaded program. Dropping it detaches it.
#[derive(Debug)]
pub(crate) struct Program {
    ebpf: Ebpf,
}

impl Program {
    pub(crate) fn load() -> Result<Self, AttachError> {
        let object = afxdp::object(OBJECT, EMBEDDED)?;
        // Without the kernel's own types: the program needs no relocation against them, and parsing
        // them would take most of the time a restart has.
        let mut ebpf = EbpfLoader::new().btf(None).load(&object).map_err(|error| {
            if geteuid().is_root() { AttachError::Load(error) } else { AttachError::NotPermitted }
        })?;
        entry(&mut ebpf)?.load().map_err(AttachError::Program)?;
        Ok(Self { ebpf })
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

    pub(crate) fn attach(&mut self, interface: &str) -> Result<(), AttachError> {
        let program = entry(&mut self.ebpf)?;
        let started = Instant::now();
        loop {
            let Err(error) = program.attach(interface, XdpMode::Driver) else { return Ok(()) };
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
}

fn entry(ebpf: &mut Ebpf) -> Result<&mut Xdp, AttachError> {
    let program = ebpf.program_mut(ENTRY).ok_or(AttachError::Missing { name: ENTRY })?;
    program.try_into().map_err(AttachError::Program)
}

fn is_busy(error: &ProgramError) -> bool {
    let ProgramError::SyscallError(SyscallError { io_error, .. }) = error else { return false };
    io_error.kind() == io::ErrorKind::ResourceBusy
}
