//! What a driver says of an interface: its receive queues, each of which needs a socket of its own, and its
//! carrier.
#![allow(unsafe_code, reason = "the ethtool ioctl takes raw structs")]

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
    ptr,
};

/// `ETHTOOL_GCHANNELS` of `linux/ethtool.h`.
const GET_CHANNELS: u32 = 0x3c;
/// `ETHTOOL_GLINK`.
const GET_LINK: u32 = 0x0a;

/// `struct ethtool_value`.
#[repr(C)]
struct Value {
    command: u32,
    value: u32,
}

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

/// The driver was not asked.
#[derive(Debug, thiserror::Error)]
pub enum QueuesError {
    /// No such interface in this network namespace.
    #[error("there is no interface {interface} in this network namespace")]
    NoInterface {
        /// Its name.
        interface: String,
    },
    /// The kernel refused.
    #[error("ioctl(SIOCETHTOOL) on {interface} failed")]
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
    let mut channels = Channels { command: GET_CHANNELS, ..Channels::default() };
    // SAFETY: `Channels` is the struct of this command.
    let is_told = unsafe { ask(interface, &mut channels) }?;
    Ok(if is_told { channels.receive.saturating_add(channels.combined).max(1) } else { 1 })
}

/// Whether the interface has a carrier: the driver knows at once, `IFF_RUNNING` up to a second later.
/// A driver that does not say has one.
pub fn has_carrier(interface: &str) -> Result<bool, QueuesError> {
    let mut link = Value { command: GET_LINK, value: 0 };
    // SAFETY: `Value` is the struct of this command.
    let is_told = unsafe { ask(interface, &mut link) }?;
    Ok(!is_told || link.value != 0)
}

/// Asks the driver; `false` when it has no answer.
///
/// # Safety
/// `question` begins with a command of ethtool, and has the type of that command's struct.
unsafe fn ask<T>(interface: &str, question: &mut T) -> Result<bool, QueuesError> {
    let ioctl = |source| QueuesError::Ioctl { interface: interface.to_owned(), source };
    // SAFETY: no pointer is passed.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if socket < 0 {
        return Err(ioctl(io::Error::last_os_error()));
    }
    // SAFETY: the descriptor was just made and belongs to nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    // SAFETY: `ifreq` is plain integers and pointers: all zeroes is a valid value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if interface.len() >= request.ifr_name.len() {
        return Err(QueuesError::NoInterface { interface: interface.to_owned() });
    }
    for (to, from) in request.ifr_name.iter_mut().zip(interface.bytes()) {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_data = ptr::from_mut(question).cast();
    // SAFETY: a) the name is terminated by a zero (checked above); b) `ifru_data` points to
    // the struct that the command reads and writes, as the caller grants; both outlive the call.
    let result =
        unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL, ptr::from_mut(&mut request)) };
    if result == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EOPNOTSUPP) => Ok(false),
        Some(libc::ENODEV) => Err(QueuesError::NoInterface { interface: interface.to_owned() }),
        _ => Err(ioctl(error)),
    }
}
