//! An interface of the current namespace, asked by ioctl: sysfs shows another namespace's
//! interfaces after `setns`, and netlink is much text for three numbers.
#![allow(unsafe_code, reason = "ioctl with a union")]

use std::{io, os::fd::AsRawFd as _};

use desired::MacAddress;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

/// What the fast path needs to know of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) ifindex: u32,
    pub(crate) mac: MacAddress,
    /// Bytes of the largest packet, Ethernet header not counted.
    pub(crate) mtu: u32,
}

/// Looks an interface up by name; `None` when the namespace has none of that name.
pub(crate) fn find(name: &str) -> io::Result<Option<Interface>> {
    if name.len() >= libc::IFNAMSIZ {
        return Ok(None);
    }
    let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    let ask = |request| {
        // SAFETY: `ifreq` is plain old data; all zeroes is a valid value.
        let mut question: libc::ifreq = unsafe { std::mem::zeroed() };
        for (place, byte) in question.ifr_name.iter_mut().zip(name.as_bytes()) {
            *place = byte.cast_signed();
        }
        // SAFETY: the three requests below read and write one `ifreq`, which outlives the call.
        let result = unsafe { libc::ioctl(socket.as_raw_fd(), request, &raw mut question) };
        if result == 0 { Ok(question.ifr_ifru) } else { Err(io::Error::last_os_error()) }
    };
    let index = match ask(libc::SIOCGIFINDEX) {
        Ok(answer) => answer,
        Err(error) if error.raw_os_error() == Some(libc::ENODEV) => return Ok(None),
        Err(error) => return Err(error),
    };
    let (mac, mtu) = (ask(libc::SIOCGIFHWADDR)?, ask(libc::SIOCGIFMTU)?);
    // SAFETY: each successful request filled the member of the union that it is named after.
    let (index, mac, mtu) = unsafe { (index.ifru_ifindex, mac.ifru_hwaddr.sa_data, mtu.ifru_mtu) };
    let mut octets = [0; 6];
    for (octet, character) in octets.iter_mut().zip(mac) {
        *octet = character.cast_unsigned();
    }
    Ok(Some(Interface {
        ifindex: index.cast_unsigned(),
        mac: MacAddress(octets),
        mtu: mtu.cast_unsigned(),
    }))
}
