//! Namespaces, veth pairs and an AF_PACKET port to test against.

use std::{
    os::fd::{AsFd as _, AsRawFd as _, OwnedFd},
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use aya::{
    Ebpf,
    maps::XskMap,
    programs::{Xdp, XdpMode},
};
use etherparse::PacketBuilder;
use nix::{
    sched::{CloneFlags, unshare},
    sys::socket::{
        AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
    },
    unistd::geteuid,
};

use super::{Config, DEADLINE, Socket};

/// Runs `test` in a network namespace of its own.
pub(super) fn in_namespace(test: impl FnOnce() + Send + 'static) {
    assert!(geteuid().is_root(), "this test makes a network namespace: run it as root");
    let thread = thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").unwrap();
        test();
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

pub(super) fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status().unwrap();
    assert!(status.success(), "ip {arguments}");
}

/// `eth1`, the dataplane's end, and `lan`.
pub(super) fn veth(mtu: u32) {
    ip(&format!("link add eth1 mtu {mtu} type veth peer name lan mtu {mtu}"));
    ip("link set eth1 up");
    ip("link set lan up");
}

/// A socket with the gateway's XDP program in front of it, which hands it every IPv4 frame.
pub(super) fn receiving(interface: &str, config: &Config) -> (Socket, Ebpf) {
    let socket = Socket::bind(interface, 0, config).unwrap();
    let directory = std::env::var_os(crate::DIRECTORY).map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ebpf/prebuilt")),
        PathBuf::from,
    );
    let mut ebpf = Ebpf::load_file(directory.join("ergw.bpf.o")).unwrap();
    let mut sockets = XskMap::try_from(ebpf.map_mut("SOCKETS").unwrap()).unwrap();
    sockets.set(0, socket.as_fd().as_raw_fd(), 0).unwrap();
    let program: &mut Xdp = ebpf.program_mut("ergw_port").unwrap().try_into().unwrap();
    program.load().unwrap();
    program.attach(interface, XdpMode::Driver).unwrap();
    (socket, ebpf)
}

/// An IPv4 frame of `length` bytes that carries `number`.
pub(super) fn frame(number: u32, length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut payload = vec![0; length - 42];
    payload[..4].copy_from_slice(&number.to_be_bytes());
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .udp(1, 2)
        .write(&mut bytes, &payload)
        .unwrap();
    bytes
}

/// A raw socket on one interface.
pub(super) struct Port(OwnedFd);

impl Port {
    pub(super) fn open(interface: &str) -> Self {
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

    pub(super) fn send(&mut self, frame: &[u8]) {
        assert_eq!(send(self.0.as_raw_fd(), frame, MsgFlags::empty()), Ok(frame.len()));
    }

    fn receive(&mut self) -> Option<Vec<u8>> {
        let mut bytes = vec![0; 2 * abi::limits::FRAME];
        let length = recv(self.0.as_raw_fd(), &mut bytes, MsgFlags::empty()).ok()?;
        bytes.truncate(length);
        Some(bytes)
    }

    pub(super) fn drain(&mut self) {
        while self.receive().is_some() {}
    }

    /// The next frame to this destination; frames we sent ourselves are seen too and skipped.
    pub(super) fn receive_from(&mut self, destination: [u8; 6]) -> Vec<u8> {
        let started = Instant::now();
        while started.elapsed() < DEADLINE {
            match self.receive() {
                Some(frame) if frame.starts_with(&destination) => return frame,
                Some(_) => {}
                None => thread::sleep(Duration::from_millis(1)),
            }
        }
        panic!("nothing came within {DEADLINE:?}");
    }
}

/// Packets that `interface` has taken off the wire.
pub(super) fn received(interface: &str) -> u64 {
    let table = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let line = table.lines().find(|line| line.trim().starts_with(interface)).unwrap();
    line.split_ascii_whitespace().nth(2).unwrap().parse().unwrap()
}

/// Waits until `interface` has taken this many packets off the wire.
pub(super) fn settle(interface: &str, packets: u64) {
    let started = Instant::now();
    while started.elapsed() < DEADLINE {
        if received(interface) >= packets {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("{interface} did not take {packets} packets within {DEADLINE:?}");
}
