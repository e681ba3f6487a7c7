//! A packet socket on one interface: everything that arrives there, and a way out of it.
//!
//! Traps: a socket with a protocol starts to receive from *every* interface before it is bound, so
//! it is made without one. It would also hear what we send, hence `PACKET_IGNORE_OUTGOING`. Frames
//! for other stations' MAC addresses reach it only in promiscuous mode.

#![allow(unsafe_code, reason = "nix has no socket options of level SOL_PACKET and no SIOCETHTOOL")]

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

use nix::sys::socket::{setsockopt, sockopt};

use super::{batch, error::WireError};

/// Buffers of a socket. Each waiting frame is charged 1 to 4 KB: room for 50 ms of the fastest
/// traffic a wire carries. The kernel allocates none of it in advance.
const BUFFER: usize = 64 << 20;

/// The socket.
#[derive(Debug)]
pub(super) struct PacketSocket {
    socket: OwnedFd,
    index: u32,
}

impl PacketSocket {
    /// Opens `interface`, whose index is `index`, in the calling thread's namespace.
    pub(super) fn open(interface: &str, index: u32) -> Result<Self, WireError> {
        let failed = |call| {
            move |source: io::Error| WireError::Open {
                interface: interface.to_owned(),
                call,
                source,
            }
        };
        // SAFETY: socket(2) takes no pointers.
        let made = unsafe {
            libc::socket(
                libc::AF_PACKET,
                libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK,
                0,
            )
        };
        if made < 0 {
            return Err(failed("socket(AF_PACKET)")(io::Error::last_os_error()));
        }
        // SAFETY: the kernel just gave us this descriptor; nothing else owns it.
        let socket = unsafe { OwnedFd::from_raw_fd(made) };

        let nix_failed = |call| move |error: nix::Error| failed(call)(error.into());
        setsockopt(&socket, sockopt::RcvBufForce, &BUFFER).map_err(nix_failed("SO_RCVBUFFORCE"))?;
        setsockopt(&socket, sockopt::SndBufForce, &BUFFER).map_err(nix_failed("SO_SNDBUFFORCE"))?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)
            .map_err(nix_failed("SO_TIMESTAMPNS"))?;
        let on: libc::c_int = 1;
        for (option, call) in [
            (libc::PACKET_AUXDATA, "PACKET_AUXDATA"),
            (libc::PACKET_IGNORE_OUTGOING, "PACKET_IGNORE_OUTGOING"),
            (libc::PACKET_QDISC_BYPASS, "PACKET_QDISC_BYPASS"),
        ] {
            set_packet_option(&socket, option, &on).map_err(failed(call))?;
        }
        let membership = libc::packet_mreq {
            mr_ifindex: index.cast_signed(),
            mr_type: libc::PACKET_MR_PROMISC as libc::c_ushort,
            mr_alen: 0,
            mr_address: [0; 8],
        };
        set_packet_option(&socket, libc::PACKET_ADD_MEMBERSHIP, &membership)
            .map_err(failed("PACKET_ADD_MEMBERSHIP"))?;
        bind(&socket, index).map_err(failed("bind(AF_PACKET)"))?;
        Ok(Self { socket, index })
    }

    /// Index of the interface it was opened on.
    pub(super) fn index(&self) -> u32 {
        self.index
    }

    /// Sends `frames` (whole Ethernet frames) as [`batch::send`] does.
    pub(super) fn send<'frames>(
        &self,
        frames: impl Iterator<Item = &'frames [u8]>,
    ) -> io::Result<usize> {
        batch::send(self.socket.as_fd(), None, frames)
    }

    /// Frames lost to a full buffer since the last call.
    pub(super) fn take_overflows(&self) -> u64 {
        let mut statistics = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
        let mut length = size_of::<libc::tpacket_stats>() as libc::socklen_t;
        // SAFETY: both pointers are to live values, and `length` is the size of the first.
        let done = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut statistics).cast(),
                &raw mut length,
            )
        };
        if done == 0 { statistics.tp_drops.into() } else { 0 }
    }

    /// Whether `interface` is up and has a carrier, asked of the driver: `IFF_RUNNING` follows up to
    /// a second late.
    pub(super) fn is_running(&self, interface: &str) -> bool {
        let mut link = LinkQuery { command: ETHTOOL_GLINK, up: 0 };
        // SAFETY: `ifreq` is a C struct of bytes and integers: all zero bytes are a valid value.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        // The last byte stays zero: the name ends there at the latest.
        for (to, from) in
            request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1).zip(interface.bytes())
        {
            *to = from.cast_signed();
        }
        request.ifr_ifru.ifru_data = (&raw mut link).cast();
        // SAFETY: SIOCETHTOOL reads a terminated name and the pointer to `link`, and with this
        // command reads and writes a `struct ethtool_value` there; both are live.
        let done = unsafe {
            libc::ioctl(self.socket.as_raw_fd(), libc::SIOCETHTOOL as _, &raw mut request)
        };
        done == 0 && link.up != 0
    }
}

/// `ETHTOOL_GLINK` and its `struct ethtool_value` of linux/ethtool.h.
const ETHTOOL_GLINK: u32 = 0x0a;
#[repr(C)]
struct LinkQuery {
    command: u32,
    up: u32,
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn set_packet_option<T: Copy>(socket: &OwnedFd, option: libc::c_int, value: &T) -> io::Result<()> {
    // SAFETY: the pointer and length describe the live value `value`, which the kernel only reads.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            option,
            std::ptr::from_ref(value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn bind(socket: &OwnedFd, index: u32) -> io::Result<()> {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as libc::c_ushort,
        sll_protocol: (libc::ETH_P_ALL as u16).to_be(),
        sll_ifindex: index.cast_signed(),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    // SAFETY: the pointer and length describe the live value `address`, which the kernel only reads.
    let done = unsafe {
        libc::bind(
            socket.as_raw_fd(),
            (&raw const address).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
