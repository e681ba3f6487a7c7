//! Traffic that accounts for every packet: numbered datagrams at a steady rate through the router,
//! from the customer to the VM (FastPath) and back (to the customer edge).

use std::{
    io::IoSliceMut,
    net::UdpSocket,
    os::fd::AsRawFd as _,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle, sleep},
    time::{Duration, Instant, SystemTime},
};

use nix::{
    errno::Errno,
    sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt},
};

use crate::{host::Host, hosts::Hosts, machine::run_ahead, namespace};

/// Packets a second, each way.
const RATE: u32 = 11_000;
/// Sent at once after the sender was kept from running: what a veth's ring of 256 surely holds.
const BURST: u32 = 24;
/// A sender sleeps at most this long between two bursts.
const TICK: Duration = Duration::from_micros(300);
/// Packets under way when the sender stops arrive within this time.
const TAIL: Duration = Duration::from_millis(300);
/// Fewer packets are no traffic.
const ENOUGH: u64 = 1_000;
/// How long a sender may take to send them.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a receiver may be late by: four seconds of packets.
const BUFFER: usize = 64 << 20;

/// Traffic both ways, until it is stopped.
pub struct Traffic(Vec<Flow>);

/// What became of the packets of one way.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub sent: u64,
    pub received: u64,
    pub duplicated: u64,
    pub reordered: u64,
    /// Longest time between two packets on arrival in the receiving host's kernel.
    pub longest_gap: Duration,
    /// By how much the longest gap grew on the way from the sender, by the packets' time stamps.
    pub longest_added: Duration,
    /// Each time that a gap grew by more than [`LATE`]: by how much, and when the packet behind it
    /// arrived, in nanoseconds of the system's clock.
    pub late: Vec<(Duration, u64)>,
    pub rate: u64,
}

/// A gap that grew by less is not noted.
const LATE: Duration = Duration::from_micros(500);

impl Traffic {
    /// Starts, after a check that nothing is lost without a fault.
    pub fn start(hosts: &Hosts) -> Self {
        Self::check(hosts);
        Self::run(hosts)
    }

    /// Fails when something is lost without a fault.
    pub fn check(hosts: &Hosts) {
        let check = Self::run(hosts);
        sleep(Duration::from_millis(300));
        // The sender of a busy machine may not have run yet.
        let deadline = Instant::now() + PATIENCE;
        let has_run = |flow: &Flow| flow.sent.load(Ordering::Relaxed) > ENOUGH;
        while !check.0.iter().all(has_run) && Instant::now() < deadline {
            sleep(TICK);
        }
        check.stop("self-check");
    }

    /// Starts without a check.
    pub fn run(hosts: &Hosts) -> Self {
        let Hosts { customer, vm } = hosts;
        Self(vec![
            Flow::start(customer, "172.16.1.1:0", vm, "10.255.10.4:9"),
            Flow::start(vm, "10.255.10.4:0", customer, "172.16.1.1:9"),
        ])
    }

    /// Stops, prints what became of the packets, and fails when one was lost or came twice.
    pub fn stop(self, what: &str) -> [Report; 2] {
        let reports: Vec<Report> = self.0.into_iter().map(Flow::stop).collect();
        for (way, report) in ["to the VM", "to the customer"].iter().zip(&reports) {
            let Report { sent, received, duplicated, reordered, rate, .. } = report;
            println!(
                "{what}, {way}: {sent} sent at {rate}/s = {received} delivered, difference {}, \
                 {duplicated} duplicated, {reordered} reordered, longest gap {:?}, of which the \
                 router made at most {:?}",
                i128::from(*sent) - i128::from(*received),
                report.longest_gap,
                report.longest_added,
            );
            assert!(*sent > 1_000, "{what}, {way}: no traffic");
            assert_eq!((received, duplicated), (sent, &0), "{what}, {way}");
        }
        reports.try_into().expect("two ways")
    }
}

struct Flow {
    stop: Arc<AtomicBool>,
    /// Packets so far.
    sent: Arc<AtomicU64>,
    sender: JoinHandle<(u64, Duration)>,
    receiver: JoinHandle<Report>,
}

impl Flow {
    fn start(from: &Host, source: &'static str, to: &Host, destination: &'static str) -> Self {
        let sink = to.run(move || {
            let socket = UdpSocket::bind(destination).unwrap();
            setsockopt(&socket, sockopt::RcvBufForce, &BUFFER).unwrap();
            setsockopt(&socket, sockopt::ReceiveTimestampns, &true).unwrap();
            socket
        });
        let socket = from.run(move || {
            let socket = UdpSocket::bind(source).unwrap();
            socket.connect(destination).unwrap();
            socket
        });
        let stop = Arc::new(AtomicBool::new(false));
        let sent_all = Arc::new(AtomicBool::new(false));
        let (stopped, done) = (Arc::clone(&stop), Arc::clone(&sent_all));
        let sent = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&sent);
        let sender = thread::spawn(move || {
            // Ahead of everything else on this machine: a sender that is kept from running between
            // a packet's time stamp and its way through the router would be taken for a gap.
            run_ahead(namespace::thread(), 1);
            let sent = send(&socket, &stopped, &counter);
            done.store(true, Ordering::Relaxed);
            sent
        });
        let receiver = thread::spawn(move || receive(&sink, &sent_all));
        Self { stop, sent, sender, receiver }
    }

    fn stop(self) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        let (sent, elapsed) = self.sender.join().unwrap();
        let report = self.receiver.join().unwrap();
        let rate = u128::from(sent) * 1_000 / elapsed.as_millis().max(1);
        Report { sent, rate: u64::try_from(rate).unwrap(), ..report }
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u64::try_from(now.as_nanos()).unwrap()
}

/// Sends at the rate. What the sender misses while it is kept from running it does not make up for:
/// a burst would overflow rings that steady traffic does not.
fn send(socket: &UdpSocket, stop: &AtomicBool, counter: &AtomicU64) -> (u64, Duration) {
    let started = Instant::now();
    let (mut sent, mut due) = (0_u64, Instant::now());
    let interval = Duration::from_secs(1) / RATE;
    while !stop.load(Ordering::Relaxed) {
        let late = Instant::now().saturating_duration_since(due);
        let burst = u32::try_from(late.as_nanos() / interval.as_nanos()).unwrap_or(u32::MAX);
        for _ in 0..burst.min(BURST) {
            let mut packet = [0; 16];
            packet[..8].copy_from_slice(&sent.to_ne_bytes());
            packet[8..].copy_from_slice(&now().to_ne_bytes());
            // A queue without room is the sender's own, and no packet left.
            if socket.send(&packet).is_ok() {
                sent += 1;
            }
        }
        counter.store(sent, Ordering::Relaxed);
        due = if burst > BURST { Instant::now() } else { due + interval * burst };
        sleep(TICK);
    }
    (sent, started.elapsed())
}

fn receive(socket: &UdpSocket, sent_all: &AtomicBool) -> Report {
    socket.set_read_timeout(Some(TAIL)).unwrap();
    let mut report = Report::default();
    let mut seen: Vec<bool> = Vec::new();
    let (mut last_arrival, mut last_sent) = (0_u64, 0_u64);
    loop {
        let is_over = sent_all.load(Ordering::Relaxed);
        let Some((number, sent_at, arrived_at)) = next(socket) else {
            if is_over {
                return report;
            }
            continue;
        };
        let place = usize::try_from(number).unwrap();
        if place >= seen.len() {
            seen.resize(place + 1, false);
        } else {
            report.reordered += u64::from(!seen[place]);
        }
        report.duplicated += u64::from(seen[place]);
        report.received += u64::from(!seen[place]);
        seen[place] = true;
        let since = |earlier: u64, later: u64| Duration::from_nanos(later.saturating_sub(earlier));
        if last_arrival != 0 {
            let (gap, pause) = (since(last_arrival, arrived_at), since(last_sent, sent_at));
            report.longest_gap = report.longest_gap.max(gap);
            let added = gap.saturating_sub(pause);
            report.longest_added = report.longest_added.max(added);
            if added > LATE {
                report.late.push((added, arrived_at));
            }
        }
        (last_arrival, last_sent) = (arrived_at, sent_at);
    }
}

/// The next packet: its number, when it was sent, and when it arrived by the kernel's clock.
fn next(socket: &UdpSocket) -> Option<(u64, u64, u64)> {
    let mut packet = [0; 16];
    let mut buffers = [IoSliceMut::new(&mut packet)];
    let mut control = nix::cmsg_space!(nix::sys::time::TimeSpec);
    let received = recvmsg::<SockaddrIn>(
        socket.as_raw_fd(),
        &mut buffers,
        Some(&mut control),
        MsgFlags::empty(),
    );
    let received = match received {
        Err(Errno::EAGAIN | Errno::EINTR) => return None,
        received => received.unwrap(),
    };
    let arrived_at = received.cmsgs().unwrap().find_map(|message| match message {
        ControlMessageOwned::ScmTimestampns(time) => {
            let (seconds, nanoseconds) = (time.tv_sec().cast_unsigned(), time.tv_nsec());
            Some(seconds * 1_000_000_000 + nanoseconds.cast_unsigned())
        }
        _ => None,
    });
    let arrived_at = arrived_at.expect("the kernel stamps what arrives");
    let (numbers, _) = packet.as_chunks::<8>();
    Some((u64::from_ne_bytes(numbers[0]), u64::from_ne_bytes(numbers[1]), arrived_at))
}
