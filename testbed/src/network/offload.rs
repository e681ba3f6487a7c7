//! Offloads of a veth, by the ethtool ioctl (include/uapi/linux/ethtool.h).
//!
//! By default a veth pretends to compute checksums and to cut segments: the sender leaves both
//! undone, and a frame that XDP takes to another interface arrives with a partial checksum.
#![allow(unsafe_code, reason = "SIOCETHTOOL takes a pointer inside struct ifreq")]

use std::{io, os::fd::AsRawFd};

use socket2::Socket;

const ETHTOOL_STXCSUM: u32 = 0x17;
const ETHTOOL_STSO: u32 = 0x1f;
const ETHTOOL_SGSO: u32 = 0x24;
const ETHTOOL_SGRO: u32 = 0x2c;

/// Command and value; transmit offloads off, receive by NAPI on.
const SETTINGS: [(u32, u32); 4] =
    [(ETHTOOL_STSO, 0), (ETHTOOL_SGSO, 0), (ETHTOOL_STXCSUM, 0), (ETHTOOL_SGRO, 1)];

/// `struct ethtool_value`.
#[repr(C)]
struct Value {
    command: u32,
    data: u32,
}

/// Sets the offloads of an interface in the namespace of `socket`.
pub(super) fn set(socket: &Socket, interface: &str) -> io::Result<()> {
    for (command, data) in SETTINGS {
        ioctl(socket, interface, Value { command, data })?;
    }
    Ok(())
}

fn ioctl(socket: &Socket, interface: &str, mut value: Value) -> io::Result<()> {
    let mut name: [libc::c_char; libc::IFNAMSIZ] = [0; libc::IFNAMSIZ];
    if interface.len() >= name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (slot, byte) in name.iter_mut().zip(interface.bytes()) {
        *slot = byte.cast_signed();
    }
    let mut request = libc::ifreq {
        ifr_name: name,
        ifr_ifru: libc::__c_anonymous_ifr_ifru { ifru_data: (&raw mut value).cast() },
    };
    // SAFETY: a) `request` is a whole `struct ifreq` with a zero-terminated name; b) its data points
    // to a `struct ethtool_value` that outlives the call, which is what the four commands above
    // read; c) the kernel keeps neither pointer after the call.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL, &raw mut request) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
