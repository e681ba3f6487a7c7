//! The far ends of the router's wires.

use std::{
    os::fd::{AsRawFd as _, OwnedFd},
    thread,
    time::{Duration, Instant},
};

use etherparse::PacketBuilder;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
};

use crate::router::{self, CE_LEFT, CE_RIGHT};

/// The longest a packet may take through the router.
const DEADLINE: Duration = Duration::from_secs(5);

/// The wires of one router.
pub struct Wires {
    left: Wire,
    right: Wire,
    sent: u64,
}

/// What came back for one frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Port of the router, and the frame.
    pub frames: Vec<(&'static str, Vec<u8>)>,
}

impl Wires {
    pub fn open() -> Self {
        Self { left: Wire::open("left"), right: Wire::open("right"), sent: 0 }
    }

    /// Sends a frame into a port and waits until the router has done with it: until a packet that is
    /// sent behind it has come through. On one processor none overtakes another.
    pub fn exchange(&mut self, port: &str, frame: &[u8]) -> Seen {
        match port {
            "r0" => self.left.send(frame),
            "r1" => self.right.send(frame),
            _ => panic!("{port} is no port"),
        }
        self.sent += 1;
        let mark = format!("mark {:016x}", self.sent);
        self.left.send(&sentinel(mark.as_bytes()));
        let mut seen = Seen::default();
        let started = Instant::now();
        loop {
            let mut marked = false;
            while let Some(frame) = self.right.receive(CE_RIGHT) {
                if frame.ends_with(mark.as_bytes()) {
                    marked = true;
                } else {
                    seen.frames.push(("r1", frame));
                }
            }
            while let Some(frame) = self.left.receive(CE_LEFT) {
                seen.frames.push(("r0", frame));
            }
            if marked {
                return seen;
            }
            assert!(started.elapsed() < DEADLINE, "the router forwards nothing any more");
            thread::sleep(Duration::from_micros(50));
        }
    }
}

fn sentinel(mark: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(CE_LEFT, router::MAC_LEFT)
        .ipv4([10, 10, 250, 250], [10, 1, 250, 250], 64)
        .udp(9, 9)
        .write(&mut bytes, mark)
        .unwrap();
    bytes
}

/// A raw socket on one interface.
struct Wire(OwnedFd);

impl Wire {
    fn open(interface: &str) -> Self {
        let descriptor = socket(
            AddressFamily::Packet,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            SockProtocol::EthAll,
        )
        .unwrap();
        let address = nix::ifaddrs::getifaddrs()
            .unwrap()
            .filter(|address| address.interface_name == interface)
            .find_map(|address| address.address?.as_link_addr().copied())
            .unwrap();
        bind(descriptor.as_raw_fd(), &address).unwrap();
        Self(descriptor)
    }

    fn send(&self, frame: &[u8]) {
        assert_eq!(send(self.0.as_raw_fd(), frame, MsgFlags::empty()), Ok(frame.len()));
    }

    /// The next frame that is there for a station; the kernel's own talk is to groups.
    fn receive(&self, station: [u8; 6]) -> Option<Vec<u8>> {
        loop {
            let mut bytes = vec![0; 4_096];
            let length = recv(self.0.as_raw_fd(), &mut bytes, MsgFlags::empty()).ok()?;
            bytes.truncate(length);
            if bytes.starts_with(&station) {
                return Some(bytes);
            }
        }
    }
}
