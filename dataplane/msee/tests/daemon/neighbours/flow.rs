//! A flow of numbered datagrams, each of which is answered.

use std::{
    collections::BTreeSet,
    io::ErrorKind,
    net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket},
    thread,
    time::{Duration, Instant},
};

use crate::lab::Lab;

const PORT: u16 = 7;

/// Answers every datagram on a node, as long as the test lives.
pub(crate) fn answer(lab: &Lab, node: &str) {
    lab.inside(node, || {
        let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, PORT)).unwrap();
        thread::spawn(move || {
            let mut buffer = [0; 2_048];
            loop {
                // An ICMP error of an earlier answer is no reason to stop.
                let Ok((length, sender)) = socket.recv_from(&mut buffer) else { continue };
                let _ = socket.send_to(&buffer[..length], sender);
            }
        });
    });
}

/// Whether a frame carries a datagram of a flow, and no answer to one.
pub(super) fn is_of_one(frame: &[u8]) -> bool {
    const UDP: u8 = 17;
    let (protocol, ports) = match frame.get(12..14) {
        Some([0x08, 0x00]) => (frame.get(23), frame.get(36..38)),
        Some([0x86, 0xdd]) => (frame.get(20), frame.get(56..58)),
        _ => return false,
    };
    protocol == Some(&UDP) && ports == Some(&PORT.to_be_bytes())
}

/// How datagrams are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    pub(crate) packets: usize,
    pub(crate) interval: Duration,
}

impl Default for Flow {
    fn default() -> Self {
        Self { packets: 100, interval: Duration::from_millis(2) }
    }
}

/// What came of a flow.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Numbers of the datagrams without an answer.
    pub(crate) lost: Vec<usize>,
    /// From the first datagram to its answer.
    pub(crate) first: Option<Duration>,
    /// Longest time without an answer.
    pub(crate) gap: Duration,
}

impl Flow {
    /// Sends from a node, and waits two seconds for the last answers.
    pub(crate) fn run(self, lab: &Lab, from: &str, to: impl Into<IpAddr>) -> Outcome {
        let to = SocketAddr::new(to.into(), PORT);
        lab.inside(from, move || self.send(to))
    }

    fn send(self, to: SocketAddr) -> Outcome {
        let any: IpAddr = if to.is_ipv4() { [0; 4].into() } else { [0_u16; 8].into() };
        let socket = UdpSocket::bind((any, 0)).unwrap();
        socket.connect(to).unwrap();
        let answers = socket.try_clone().unwrap();
        let started = Instant::now();
        let expected = self.packets;
        let until = self.interval * u32::try_from(self.packets).unwrap() + Duration::from_secs(2);
        let receiver = thread::spawn(move || {
            answers.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            let (mut seen, mut first) = (BTreeSet::new(), None);
            let (mut last, mut gap) = (started, Duration::ZERO);
            let mut buffer = [0; 8];
            while seen.len() < expected && started.elapsed() < until {
                match answers.recv(&mut buffer) {
                    Ok(_) => {
                        let number = usize::from_ne_bytes(buffer);
                        assert!(seen.insert(number), "{number} was answered twice");
                        first = first.or((number == 0).then(|| started.elapsed()));
                        gap = gap.max(last.elapsed());
                        last = Instant::now();
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => panic!("{error}"),
                }
            }
            (seen, first, gap)
        });
        for number in 0..self.packets {
            let due = started + self.interval * u32::try_from(number).unwrap();
            thread::sleep(due.saturating_duration_since(Instant::now()));
            socket.send(&number.to_ne_bytes()).unwrap();
        }
        let (seen, first, gap) = receiver.join().unwrap();
        let lost = (0..self.packets).filter(|number| !seen.contains(number)).collect();
        Outcome { lost, first, gap }
    }
}
