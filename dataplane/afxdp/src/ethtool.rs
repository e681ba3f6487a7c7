//! How many receive queues an interface has: each needs a socket of its own.
#![allow(unsafe_code, reason = "the ethtool ioctl takes raw structs")]

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
    ptr,
};

/// `ETHTOOL_GCHANNELS` of `linux/ethtool.h`.
const GET_CHANNELS: u32 = 0x3c;

/// `struct ethtool_channels`.
#[repr(C)]
#[derive(Default)]
struct Channels {
    command: u32,
    max_receive: u32,
    max_transmit: u32,
    max_other: u32,
    max_combined: u32,
    receive: u32,
    transmit: u32,
    other: u32,
    combined: u32,
}

/// The number of queues could not be read.
#[derive(Debug, thiserror::Error)]
pub enum QueuesError {
    /// No such interface in this network namespace.
    #[error("there is no interface {interface} in this network namespace")]
    NoInterface {
        /// Its name.
        interface: String,
    },
    /// The kernel refused.
    #[error("ioctl(SIOCETHTOOL, ETHTOOL_GCHANNELS) on {interface} failed")]
    Ioctl {
        /// The interface's name.
        interface: String,
        #[source]
        #[doc = "What the kernel said."]
        source: io::Error,
    },
}

/// Number of receive queues in use on `interface`, at least 1: those of receive-only channels and
/// those of combined ones, of which a driver may have both. A driver that does not say has one.
pub fn queues(interface: &str) -> Result<u32, QueuesError> {
    let ioctl = |source| QueuesError::Ioctl { interface: interface.to_owned(), source };
    // SAFETY: no pointer is passed.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if socket < 0 {
        return Err(ioctl(io::Error::last_os_error()));
    }
    // SAFETY: the descriptor was just made and belongs to nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    let mut channels = Channels { command: GET_CHANNELS, ..Channels::default() };
    // SAFETY: `ifreq` is plain integers and pointers: all zeroes is a valid value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if interface.len() >= request.ifr_name.len() {
        return Err(QueuesError::NoInterface { interface: interface.to_owned() });
    }
    for (to, from) in request.ifr_name.iter_mut().zip(interface.bytes()) {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_data = ptr::from_mut(&mut channels).cast();
    // SAFETY: a) the name is terminated by a zero (checked above); b) `ifru_data` points to a
    // `struct ethtool_channels`, the type this command writes; both structs outlive the call.
    let result =
        unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL, ptr::from_mut(&mut request)) };
    if result == 0 {
        return Ok(channels.receive.saturating_add(channels.combined).max(1));
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EOPNOTSUPP) => Ok(1),
        Some(libc::ENODEV) => Err(QueuesError::NoInterface { interface: interface.to_owned() }),
        _ => Err(ioctl(error)),
    }
}
