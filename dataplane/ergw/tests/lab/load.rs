//! A steady load of numbered packets through the gateway, each of which is accounted for.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, JoinHandle, sleep},
    time::{Duration, Instant},
};

use super::{Gateway, UP, delivered, eventually, frame, port::Port};

/// Packets a second.
pub(crate) const RATE: u32 = 50_000;

/// Sent at once after the sender was kept from running: what the receive ring of a veth surely holds.
const BURST: u32 = 64;
/// A sender sleeps this long between two bursts.
const TICK: Duration = Duration::from_micros(300);
/// What is under way when the sender stops arrives within this time.
const TAIL: Duration = Duration::from_millis(300);

/// Frames that the ring of the gateway's socket holds.
pub(crate) const RING: u64 = 16_384;
/// Frames that a gateway works on at a time.
pub(crate) const BATCH: u64 = 64;

/// Running load.
pub(crate) struct Load {
    started: Instant,
    stop: Arc<AtomicBool>,
    number: Arc<AtomicU32>,
    /// When each packet was sent.
    sender: JoinHandle<Vec<Duration>>,
    /// How often each came, and how many were not as sent.
    receiver: JoinHandle<(Vec<u8>, u64)>,
    port_drops: u64,
}

/// What became of the packets of a load.
pub(crate) struct Outcome {
    sent: Vec<Duration>,
    came: Vec<u8>,
    corrupted: u64,
    /// Frames that the port's far end had no room for.
    ring_full: u64,
}

impl Load {
    /// Starts, after a check that nothing is lost without a fault.
    pub(crate) fn start(port: &Arc<Port>) -> Self {
        let check = Self::run(port);
        check.wait_for(10_000);
        let outcome = check.stop();
        assert_eq!(outcome.lost(), 0, "self-check: {outcome}");
        Self::run(port)
    }

    fn run(port: &Arc<Port>) -> Self {
        let started = Instant::now();
        let (stop, is_over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let number = Arc::new(AtomicU32::new(0));
        let port_drops = transmit_drops("lan");
        let sender = {
            let (port, stop, is_over) = (Arc::clone(port), Arc::clone(&stop), Arc::clone(&is_over));
            let number = Arc::clone(&number);
            thread::spawn(move || {
                let sent = send(&port, started, &stop, &number);
                is_over.store(true, Ordering::Relaxed);
                sent
            })
        };
        let receiver = {
            let port = Arc::clone(port);
            thread::spawn(move || receive(&port, &is_over))
        };
        Self { started, stop, number, sender, receiver, port_drops }
    }

    /// Time since the start, by which packets are stamped.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits until `count` more packets were sent.
    pub(crate) fn wait_for(&self, count: u32) {
        let before = self.number.load(Ordering::Relaxed);
        let sent = || self.number.load(Ordering::Relaxed) - before;
        eventually("the load goes on", || (sent() >= count).then_some(()));
    }

    /// Ends it, and waits for stragglers.
    pub(crate) fn stop(self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        let sent = self.sender.join().unwrap();
        let (mut came, corrupted) = self.receiver.join().unwrap();
        assert!(came.len() <= sent.len(), "numbers that were never sent");
        came.resize(sent.len(), 0);
        let ring_full = transmit_drops("lan") - self.port_drops;
        Outcome { sent, came, corrupted, ring_full }
    }
}

fn send(port: &Port, started: Instant, stop: &AtomicBool, number: &AtomicU32) -> Vec<Duration> {
    let mut packet = frame(UP, [10, 254, 10, 4], 64, 0);
    // Nobody here looks at it, and with none the number can be changed in place.
    packet[40..42].fill(0);
    let at = packet.len() - 4;
    let interval = Duration::from_secs(1) / RATE;
    let mut sent = Vec::new();
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let late = Instant::now().saturating_duration_since(due);
        let burst = u32::try_from(late.as_nanos() / interval.as_nanos()).unwrap_or(u32::MAX);
        for _ in 0..burst.min(BURST) {
            packet[at..].copy_from_slice(&(sent.len() as u32).to_be_bytes());
            sent.push(started.elapsed());
            port.send(&packet);
        }
        number.store(sent.len() as u32, Ordering::Relaxed);
        // What was missed while it was kept from running is not made up for: a burst overflows rings
        // that a steady load does not.
        due = if burst > BURST { Instant::now() } else { due + interval * burst };
        sleep(TICK);
    }
    sent
}

fn receive(port: &Port, is_over: &AtomicBool) -> (Vec<u8>, u64) {
    let mut expected = delivered(64, 0);
    expected[40..42].fill(0);
    let at = expected.len() - 4;
    let (mut came, mut corrupted) = (Vec::new(), 0);
    let mut last = Instant::now();
    loop {
        let over = is_over.load(Ordering::Relaxed);
        let Some(packet) = port.try_receive() else {
            if over && last.elapsed() > TAIL {
                return (came, corrupted);
            }
            sleep(TICK);
            continue;
        };
        last = Instant::now();
        if packet.len() != expected.len() || packet[..at] != expected[..at] {
            corrupted += 1;
            continue;
        }
        let number = u32::from_be_bytes(packet[at..].try_into().unwrap()) as usize;
        if number >= came.len() {
            came.resize(number + 1, 0_u8);
        }
        came[number] = came[number].saturating_add(1);
    }
}

impl Outcome {
    pub(crate) fn sent(&self) -> u64 {
        self.sent.len() as u64
    }

    pub(crate) fn came(&self) -> u64 {
        self.came.iter().filter(|count| **count > 0).count() as u64
    }

    pub(crate) fn lost(&self) -> u64 {
        self.sent() - self.came()
    }

    /// Of these, frames that never reached the gateway's port: its ring had no room.
    pub(crate) fn lost_on_the_way(&self) -> u64 {
        self.ring_full
    }

    /// The longest time in which no packet was sent that came.
    pub(crate) fn longest_gap(&self) -> Duration {
        let came = self.sent.iter().zip(&self.came).filter(|(_, count)| **count > 0);
        let came: Vec<&Duration> = came.map(|(sent, _)| sent).collect();
        came.windows(2).map(|pair| pair[1].saturating_sub(*pair[0])).max().unwrap_or(Duration::MAX)
    }

    /// When the last packet was sent that did not come.
    pub(crate) fn last_loss(&self) -> Option<Duration> {
        let mut lost = self.sent.iter().zip(&self.came).filter(|(_, count)| **count == 0);
        lost.next_back().map(|(sent, _)| *sent)
    }

    /// Checks that nothing came twice or changed, and that sent = delivered + named losses, `before`
    /// being the losses named when the load began. After `kills` of the gateway what its process held
    /// is named by nobody: that remainder is returned, and is at most a ring and a batch a kill.
    pub(crate) fn conserve(&self, gateway: &Gateway, before: u64, kills: u64) -> u64 {
        let duplicated = self.came.iter().filter(|count| **count > 1).count();
        assert_eq!((duplicated, self.corrupted), (0, 0), "duplicated, corrupted: {self}");
        let named = gateway.losses() - before + self.ring_full;
        let most = kills * (RING + BATCH);
        let remainder = self.lost().checked_sub(named);
        let remainder = remainder.unwrap_or_else(|| panic!("{named} losses named: {self}"));
        println!(
            "{self}; {named} of them named, {remainder} gone with the processes of {kills} kills, at \
             most {most} (ring {RING}, batch {BATCH})"
        );
        assert!(remainder <= most, "{remainder} packets vanished: {}", gateway.counters());
        remainder
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sent, lost) = (self.sent(), self.lost());
        let gap = self.longest_gap();
        write!(f, "{sent} sent at {RATE}/s, {lost} lost, longest gap {gap:?}")
    }
}

/// Frames that an interface's peer had no room for.
fn transmit_drops(interface: &str) -> u64 {
    let table = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let line = table.lines().find(|line| line.trim().starts_with(&format!("{interface}:")));
    line.unwrap().split_ascii_whitespace().nth(12).unwrap().parse().unwrap()
}
