//! A host's end of a link as raw frames: what is sent is what its bytes say, and whatever arrives is
//! seen.

use std::{
    os::fd::{AsRawFd as _, OwnedFd},
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::socket::{
        AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, send, setsockopt,
        socket, sockopt,
    },
};

use crate::host::Host;

/// What a receiver may be late by.
const BUFFER: usize = 64 << 20;
/// Sent at once: less than a veth's ring of 256 holds.
const BURST: u64 = 24;

/// One raw socket.
pub struct Station(OwnedFd);

impl Station {
    /// On an interface of a host.
    pub fn open(host: &Host, interface: &'static str) -> Self {
        host.run(move || {
            let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
            let protocol = SockProtocol::EthAll;
            let socket = socket(AddressFamily::Packet, SockType::Raw, flags, protocol).unwrap();
            let address = nix::ifaddrs::getifaddrs()
                .unwrap()
                .filter(|address| address.interface_name == interface)
                .find_map(|address| address.address?.as_link_addr().copied())
                .unwrap();
            bind(socket.as_raw_fd(), &address).unwrap();
            setsockopt(&socket, sockopt::RcvBufForce, &BUFFER).unwrap();
            Self(socket)
        })
    }

    /// Sends a frame. When the interface has no room, again until it has.
    pub fn send(&self, frame: &[u8]) {
        loop {
            match send(self.0.as_raw_fd(), frame, MsgFlags::empty()) {
                Ok(length) => return assert_eq!(length, frame.len()),
                Err(error) => {
                    assert!(matches!(error, Errno::ENOBUFS | Errno::EAGAIN), "{error}");
                    sleep(Duration::from_micros(50));
                }
            }
        }
    }

    /// The next frame that the station with this MAC address has sent. The socket sees what it sends
    /// itself too.
    pub fn receive(&self, from: [u8; 6]) -> Option<Vec<u8>> {
        let mut bytes = [0; 2_048];
        loop {
            let length = recv(self.0.as_raw_fd(), &mut bytes, MsgFlags::empty()).ok()?;
            if bytes[6..12] == from {
                return Some(bytes[..length].to_vec());
            }
        }
    }
}

/// Says how many may be sent now, for a steady rate. What is missed is not made up for at once: a
/// burst would overflow rings that steady traffic does not.
pub struct Pace {
    rate: u32,
    started: Instant,
    allowed: u64,
}

impl Pace {
    /// So many a second.
    pub fn new(rate: u32) -> Self {
        Self { rate, started: Instant::now(), allowed: 0 }
    }

    /// How many may be sent, at least one: waits for it.
    pub fn next(&mut self) -> u64 {
        loop {
            let elapsed = self.started.elapsed().as_micros();
            let due = u64::try_from(elapsed * u128::from(self.rate) / 1_000_000).unwrap();
            let burst = due.saturating_sub(self.allowed);
            if burst > 0 {
                // What is beyond a burst is forgotten.
                self.allowed = due;
                return burst.min(BURST);
            }
            sleep(Duration::from_micros(200));
        }
    }
}
