//! The fabric's end of the gateway's port, as an AF_PACKET socket: no code shared with the gateway.

use std::{
    os::fd::{AsRawFd as _, OwnedFd},
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::socket::{
        AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, send, setsockopt,
        socket,
        sockopt::{RcvBufForce, SndBufForce},
    },
};

use super::{DEADLINE, VM};

/// A raw socket on one interface.
pub(crate) struct Port(OwnedFd);

impl Port {
    pub(crate) fn open(interface: &str) -> Self {
        let descriptor = socket(
            AddressFamily::Packet,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            SockProtocol::EthAll,
        )
        .unwrap();
        setsockopt(&descriptor, RcvBufForce, &(256 << 20)).unwrap();
        setsockopt(&descriptor, SndBufForce, &(16 << 20)).unwrap();
        let address = nix::ifaddrs::getifaddrs()
            .unwrap()
            .filter(|address| address.interface_name == interface)
            .find_map(|address| address.address?.as_link_addr().copied())
            .unwrap();
        bind(descriptor.as_raw_fd(), &address).unwrap();
        Self(descriptor)
    }

    pub(crate) fn send(&self, frame: &[u8]) {
        let started = Instant::now();
        loop {
            match send(self.0.as_raw_fd(), frame, MsgFlags::empty()) {
                Ok(length) => return assert_eq!(length, frame.len()),
                Err(Errno::EAGAIN | Errno::ENOBUFS) if started.elapsed() < DEADLINE => {
                    thread::yield_now();
                }
                Err(errno) => panic!("send: {errno}"),
            }
        }
    }

    /// The next frame to the VM that is there already; our own frames are seen too and skipped.
    pub(crate) fn try_receive(&self) -> Option<Vec<u8>> {
        loop {
            let mut bytes = vec![0; 2 * abi::limits::FRAME];
            let length = recv(self.0.as_raw_fd(), &mut bytes, MsgFlags::empty()).ok()?;
            bytes.truncate(length);
            if bytes.starts_with(&VM) {
                return Some(bytes);
            }
        }
    }

    /// The next frame to the VM.
    pub(crate) fn receive(&self) -> Vec<u8> {
        self.receive_within(DEADLINE).expect("no frame to the VM")
    }

    pub(crate) fn receive_within(&self, deadline: Duration) -> Option<Vec<u8>> {
        let started = Instant::now();
        while started.elapsed() < deadline {
            if let Some(frame) = self.try_receive() {
                return Some(frame);
            }
            thread::sleep(Duration::from_millis(1));
        }
        None
    }
}
