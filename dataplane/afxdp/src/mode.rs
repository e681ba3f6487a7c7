//! Which way an interface runs its XDP program. A bpf_link does not tell, so the kernel is asked about the
//! interface, by netlink.

use std::{fmt, io, os::fd::AsRawFd as _};

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};
use serde::Serialize;

/// How a program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// By the driver, before a packet is more than a frame.
    Native,
    /// By the kernel's stack, for drivers that cannot: slower, as every packet is an skb first.
    Generic,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Generic => "generic",
        })
    }
}

/// `RTM_NEWLINK`, `RTM_GETLINK` and `NLM_F_REQUEST` of linux/rtnetlink.h and linux/netlink.h.
const NEW_LINK: u16 = 16;
const GET_LINK: u16 = 18;
const REQUEST: u16 = 1;
/// Bytes of a `struct nlmsghdr`, of a `struct ifinfomsg`, and of a `struct rtattr`.
const HEADER: usize = 16;
const LINK: usize = 16;
const ATTRIBUTE: usize = 4;
/// `IFLA_XDP`, and `IFLA_XDP_ATTACHED` within it, of linux/if_link.h.
const XDP: u16 = 43;
const ATTACHED: u16 = 2;
/// `XDP_ATTACHED_DRV`, `XDP_ATTACHED_SKB` and `XDP_ATTACHED_HW`.
const BY_DRIVER: u8 = 1;
const BY_STACK: u8 = 2;
const BY_HARDWARE: u8 = 3;
/// An answer about an interface of many queues has some 10 KiB.
const LONGEST: usize = 64 << 10;

/// How the interface runs the program that is attached to it; `None` when there is none, or no such
/// interface in this network namespace.
pub fn attached(ifindex: u32) -> io::Result<Option<Mode>> {
    let route = SockProtocol::NetlinkRoute;
    let socket = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, route)?;
    let mut request = Vec::with_capacity(HEADER + LINK);
    request.extend(((HEADER + LINK) as u32).to_ne_bytes());
    request.extend(GET_LINK.to_ne_bytes());
    request.extend(REQUEST.to_ne_bytes());
    // Sequence and port: one question on a socket of its own.
    request.extend([0; 8]);
    // Family and type: any.
    request.extend([0; 4]);
    request.extend(ifindex.to_ne_bytes());
    // Flags and their mask.
    request.extend([0; 8]);
    sendto(socket.as_raw_fd(), &request, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
    let mut answer = vec![0; LONGEST];
    let length = recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    answer.truncate(length);
    Ok(mode(&answer))
}

fn mode(message: &[u8]) -> Option<Mode> {
    // An error has another type: there is no such interface.
    if word(message, 4)? != NEW_LINK {
        return None;
    }
    let xdp = attribute(message.get(HEADER + LINK..)?, XDP)?;
    match *attribute(xdp, ATTACHED)?.first()? {
        BY_DRIVER | BY_HARDWARE => Some(Mode::Native),
        BY_STACK => Some(Mode::Generic),
        _ => None,
    }
}

/// What the first attribute of this type holds.
fn attribute(mut attributes: &[u8], kind: u16) -> Option<&[u8]> {
    loop {
        let length = usize::from(word(attributes, 0)?);
        let value = attributes.get(ATTRIBUTE..length)?;
        // The upper bits say how it is encoded.
        if word(attributes, 2)? & 0x3fff == kind {
            return Some(value);
        }
        attributes = attributes.get(length.next_multiple_of(4)..)?;
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests;
