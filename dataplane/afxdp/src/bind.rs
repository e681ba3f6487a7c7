//! Making a socket and binding it to a queue, and what can go wrong.

use std::{
    error::Error,
    io,
    os::fd::AsFd as _,
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{errno::Errno, net::if_::if_nametoindex};
use xsk_rs::config::{BindFlags, Interface, LibxdpFlags, QueueSize, SocketConfig};

use crate::{
    config::{Config, ConfigError},
    memory::{Memory, OwnedFrame},
    rings::{CreateError, Rings},
    sockopt,
    steps::Step,
};

/// Pause between two attempts while the queue is busy: the kernel frees it in a deferred work
/// item, usually within a millisecond.
const BUSY_PAUSE: Duration = Duration::from_millis(2);

/// Bytes of an Ethernet header, which no MTU counts.
const ETHERNET: usize = 14;

/// A socket could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Sizes that cannot work.
    #[error("the socket's configuration is wrong")]
    Config(#[from] ConfigError),
    /// No such interface in this network namespace.
    #[error("there is no interface {interface} in this network namespace")]
    NoInterface {
        /// Its name.
        interface: String,
    },
    /// The kernel has no AF_XDP.
    #[error("this kernel has no AF_XDP sockets: use one built with CONFIG_XDP_SOCKETS=y")]
    NoKernelSupport,
    /// The process may not make AF_XDP sockets.
    #[error("AF_XDP sockets need CAP_NET_RAW: run as root")]
    NotPermitted,
    /// Another socket held the queue until the deadline.
    #[error(
        "queue {queue} of {interface} is bound to another AF_XDP socket since {waited:?}: \
         is a second process running on it?"
    )]
    Busy {
        /// The interface.
        interface: String,
        /// The queue.
        queue: u32,
        /// How long binding was retried.
        waited: Duration,
    },
    /// The interface has no such queue.
    #[error("{interface} has no queue {queue}, or cannot be used with AF_XDP")]
    NoQueue {
        /// The interface.
        interface: String,
        /// The queue.
        queue: u32,
    },
    /// The memory could not be mapped or registered.
    #[error(
        "{frames} frames of {frame_size} bytes could not be registered as AF_XDP memory: is the limit \
         of locked memory (ulimit -l) too low?"
    )]
    Memory {
        /// Frames asked for.
        frames: u32,
        /// Bytes of one.
        frame_size: u32,
        #[source]
        #[doc = "What the kernel said."]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Anything else the kernel refused.
    #[error("cannot bind an AF_XDP socket to queue {queue} of {interface}")]
    Socket {
        /// The interface.
        interface: String,
        /// The queue.
        queue: u32,
        #[source]
        #[doc = "What the kernel said."]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl BindError {
    pub(crate) fn memory(config: &Config, source: xsk_rs::umem::UmemCreateError) -> Self {
        match errno(&source) {
            Some(libc::EAFNOSUPPORT) => Self::NoKernelSupport,
            Some(libc::EPERM | libc::EACCES) => Self::NotPermitted,
            _ => Self::Memory {
                frames: config.frames,
                frame_size: config.frame_size,
                source: Box::new(source),
            },
        }
    }
}

/// The error number at the bottom of an error of `xsk_rs`, whose own field is private.
fn errno(error: &(dyn Error + 'static)) -> Option<i32> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return error.raw_os_error();
        }
        cause = error.source();
    }
    None
}

/// Maps the memory and binds: copy mode where the driver has no zero-copy, wakeups on demand, packets
/// in several frames where the kernel has them, no XDP program loaded by libxdp. The frames all belong
/// to the caller.
pub(crate) fn bind(
    interface: &str,
    queue: u32,
    config: &Config,
) -> Result<(Rings, Memory, Vec<OwnedFrame>), BindError> {
    config.check()?;
    let missing = || BindError::NoInterface { interface: interface.to_owned() };
    if_nametoindex(interface).map_err(|_: Errno| missing())?;
    let name: Interface = interface.parse().map_err(|_| missing())?;
    let (memory, frames) = Memory::new(config)?;
    let started = Instant::now();
    let mut several_frames = true;
    loop {
        let socket_config = socket_config(config, several_frames)?;
        let step = config.steps.take(Step::Bind { several_frames }).map_err(CreateError::Step);
        let rings = step
            .and_then(|()| Rings::create(memory.umem(), socket_config, &name, queue, config.batch));
        let error = match rings {
            Ok(rings) => {
                sockopt::raise_transmit_budget(rings.as_fd(), config.transmit);
                if !several_frames {
                    warn_of_one_frame(interface, queue, memory.room());
                }
                return Ok((rings, memory, frames));
            }
            Err(error) => error,
        };
        let waited = started.elapsed();
        match errno(&error) {
            Some(libc::EBUSY) if waited < config.busy_deadline => sleep(BUSY_PAUSE),
            // A flag that the kernel does not know, or no such queue: the next attempt tells.
            Some(libc::EINVAL) if several_frames => several_frames = false,
            code => return Err(refused(interface, queue, waited, code, error)),
        }
    }
}

fn socket_config(config: &Config, several_frames: bool) -> Result<SocketConfig, ConfigError> {
    let ring = |ring, entries| {
        QueueSize::new(entries).map_err(|_| ConfigError::RingSize { ring, entries })
    };
    let flags = BindFlags::XDP_USE_NEED_WAKEUP;
    Ok(SocketConfig::builder()
        .rx_queue_size(ring("receive", config.receive)?)
        .tx_queue_size(ring("transmit", config.transmit)?)
        .libxdp_flags(LibxdpFlags::XSK_LIBXDP_FLAGS_INHIBIT_PROG_LOAD)
        .bind_flags(if several_frames { flags | BindFlags::XDP_USE_SG } else { flags })
        .build())
}

fn warn_of_one_frame(interface: &str, queue: u32, room: usize) {
    let mtu = room - ETHERNET;
    tracing::warn!(
        event = "packets_of_one_frame",
        interface,
        queue,
        mtu,
        "the kernel has no AF_XDP packets in several frames: longer ones that a socket is to take are \
         lost. Set no larger MTU (it counts tags), or run Linux 6.6 or newer"
    );
}

fn refused(
    interface: &str,
    queue: u32,
    waited: Duration,
    code: Option<i32>,
    source: CreateError,
) -> BindError {
    let interface = interface.to_owned();
    match code {
        Some(libc::EBUSY) => BindError::Busy { interface, queue, waited },
        Some(libc::ENODEV) => BindError::NoInterface { interface },
        Some(libc::EPERM | libc::EACCES) => BindError::NotPermitted,
        Some(libc::EINVAL) => BindError::NoQueue { interface, queue },
        _ => BindError::Socket { interface, queue, source: Box::new(source) },
    }
}
