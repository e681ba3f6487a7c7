//! A station's end of its link: frames out by AF_XDP, answers in by AF_PACKET.

use std::{
    collections::BTreeMap,
    os::fd::{AsRawFd as _, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use afxdp::{Config, Socket};
use nix::{
    errno::Errno,
    sys::socket::{
        AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, setsockopt, socket,
        sockopt::RcvBufForce,
    },
};

use super::kinds::{Kind, Station};
use crate::lab::Lab;

pub(super) type Counts = BTreeMap<Kind, u64>;

/// Sent at once: what a veth's ring of 256 surely holds.
const BURST: u64 = 96;
/// How far a steady sender that was kept from running may be behind: what it has missed by more it
/// leaves out, so that it never sends faster than its rate.
const BEHIND: Duration = Duration::from_millis(2);

/// How much more than its budget a flood is.
pub(super) const OVERLOAD: u64 = 10;

/// A flood that has not come to that by now will not on this machine.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is sent in how long a time.
#[derive(Clone, Debug)]
pub(super) struct Load {
    /// At least so long.
    pub(super) time: Duration,
    /// Packets a second of each kind.
    pub(super) steady: BTreeMap<Kind, u32>,
    /// Of this kind ten times what its budget admits, however long that takes.
    pub(super) flood: Option<Kind>,
}

/// What was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) by_kind: Counts,
    pub(super) time: Duration,
}

/// How many of a kind a budget admits in a time, at most.
pub(super) fn admitted(kind: Kind, time: Duration) -> u64 {
    let budget = kind.class().budget().unwrap();
    let paid = u128::from(budget.rate) * time.as_nanos() / 1_000_000_000;
    u64::from(budget.burst) + u64::try_from(paid).unwrap() + 1
}

impl Load {
    /// Sends from a station.
    pub(super) fn send(&self, lab: &Lab, station: Station) -> Sent {
        let load = self.clone();
        lab.inside(station.node, move || load.run(&station))
    }

    fn run(&self, station: &Station) -> Sent {
        let mut socket = Socket::bind("eth1", 0, &Config::default()).unwrap();
        let kinds = self.steady.keys().chain(&self.flood);
        let frames: BTreeMap<Kind, Vec<Vec<u8>>> =
            kinds.map(|kind| (*kind, station.frames(*kind))).collect();
        let mut counts = Counts::new();
        let mut send = |socket: &mut Socket, kind: Kind| {
            let number = counts.entry(kind).or_default();
            let variants = &frames[&kind];
            let frame = &variants[*number as usize % variants.len()];
            while socket.send_copy(frame).is_err() {
                socket.wakeup().unwrap();
            }
            *number += 1;
            *number
        };
        let started = Instant::now();
        let mut due: BTreeMap<Kind, Instant> =
            self.steady.keys().map(|kind| (*kind, started)).collect();
        let mut flooded = 0;
        let time = loop {
            let now = Instant::now();
            let elapsed = now - started;
            for (kind, due) in &mut due {
                *due = (*due).max(now.checked_sub(BEHIND).unwrap_or(now));
                while *due <= now {
                    send(&mut socket, *kind);
                    *due += Duration::from_secs(1) / self.steady[kind];
                }
            }
            let goal = self.flood.map_or(0, |kind| OVERLOAD * admitted(kind, elapsed));
            if let Some(kind) = self.flood {
                for _ in 0..goal.saturating_sub(flooded).min(BURST) {
                    flooded = send(&mut socket, kind);
                }
            }
            socket.wakeup().unwrap();
            if elapsed >= PATIENCE || (elapsed >= self.time && flooded >= goal) {
                break elapsed;
            }
            if flooded >= goal {
                thread::sleep(Duration::from_micros(100));
            }
        };
        while socket.accounting().transmission > 0 {
            socket.wakeup().unwrap();
            socket.release();
        }
        Sent { by_kind: counts, time }
    }
}

/// Counts answers.
pub(super) struct Answers {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Counts>,
}

impl Answers {
    pub(super) fn count(lab: &Lab, station: Station) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = lab.inside(station.node, move || {
            let socket = listen("eth1");
            thread::spawn(move || {
                let (mut counts, mut frame) = (Counts::new(), [0; 2_048]);
                loop {
                    match recv(socket.as_raw_fd(), &mut frame, MsgFlags::empty()) {
                        Ok(length) => {
                            if let Some(kind) = station.answered(&frame[..length]) {
                                *counts.entry(kind).or_default() += 1;
                            }
                        }
                        Err(Errno::EAGAIN) if stopped.load(Ordering::Relaxed) => return counts,
                        Err(Errno::EAGAIN) => thread::sleep(Duration::from_millis(1)),
                        Err(error) => panic!("recv: {error}"),
                    }
                }
            })
        });
        Self { stop, thread }
    }

    /// How many have come. To be asked when all are there.
    pub(super) fn stop(self) -> Counts {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn listen(interface: &str) -> OwnedFd {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let all = SockProtocol::EthAll;
    let socket = socket(AddressFamily::Packet, SockType::Raw, flags, all).unwrap();
    setsockopt(&socket, RcvBufForce, &(256 << 20)).unwrap();
    let mut addresses = nix::ifaddrs::getifaddrs().unwrap();
    let address = addresses.find_map(|it| {
        it.address.filter(|_| it.interface_name == interface)?.as_link_addr().copied()
    });
    bind(socket.as_raw_fd(), &address.unwrap()).unwrap();
    socket
}
