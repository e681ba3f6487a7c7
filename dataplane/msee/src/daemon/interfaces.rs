//! Noticing that an interface has come, gone or changed: the kernel's own messages (rtnetlink), so that
//! a port made anew forwards after a moment and not after the next look at all of them.
//!
//! What the messages say is not read. There can be too many of them for the socket, and the state of
//! the interfaces has to be looked at anyway.
#![allow(unsafe_code, reason = "a descriptor registered with tokio")]

use std::{
    io,
    os::fd::{AsRawFd as _, OwnedFd},
    time::Duration,
};

use nix::{
    errno::Errno,
    sys::socket::{
        AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
    },
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    time::{Instant, timeout_at},
};

/// RTMGRP_LINK of `linux/rtnetlink.h`.
const LINKS: u32 = 1;

/// An interface is being set up: its messages come one after the other, and until they are over it
/// is not what it will be.
const QUIET: Duration = Duration::from_millis(100);
/// Messages that never pause must not delay for longer.
const PATIENCE: Duration = Duration::from_millis(500);

/// The kernel's messages about interfaces of this namespace.
#[derive(Debug)]
pub(super) struct Changes(AsyncFd<OwnedFd>);

impl Changes {
    /// Listens from now on. To be called within a runtime.
    pub(super) fn watch() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let route = SockProtocol::NetlinkRoute;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, route)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, LINKS))?;
        // SAFETY: a) the descriptor is valid as long as `socket`, which owns it; b) `AsyncFd` owns
        // `socket` from now on, and nothing here takes it out or puts another in its place.
        let socket = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE)? };
        Ok(Self(socket))
    }

    /// Returns after interfaces have changed and it has become quiet.
    pub(super) async fn next(&self) -> io::Result<()> {
        self.drain().await?;
        let patience = Instant::now() + PATIENCE;
        while Instant::now() < patience {
            let quiet = (Instant::now() + QUIET).min(patience);
            match timeout_at(quiet, self.drain()).await {
                Ok(drained) => drained?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// Waits for a message, and forgets all there are.
    async fn drain(&self) -> io::Result<()> {
        let mut readable = self.0.readable().await?;
        let mut message = [0; 64];
        loop {
            // A message that is longer is cut, one that did not fit into the socket is an error.
            match recv(self.0.as_raw_fd(), &mut message, MsgFlags::empty()) {
                Ok(_) | Err(Errno::ENOBUFS | Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        readable.clear_ready();
        Ok(())
    }
}
