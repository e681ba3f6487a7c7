//! What the router asks for on a link, seen by AF_PACKET at the other end.

use std::{
    io::Read as _,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::lab::Lab;

const ROUTER: [u8; 6] = [2, 0, 0, 0, 2, 1];
const ALL_FRAMES: u16 = 3;

/// Solicitations of the router, with the time each was seen.
pub(super) struct Wiretap {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<(Instant, IpAddr)>>,
}

impl Wiretap {
    /// Listens on a node until it is read.
    pub(super) fn start(lab: &Lab, node: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = lab.inside(node, move || {
            let protocol = Protocol::from(i32::from(ALL_FRAMES.to_be()));
            let socket = Socket::new(Domain::PACKET, Type::RAW, Some(protocol)).unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            thread::spawn(move || {
                let (mut seen, mut buffer) = (Vec::new(), [0; 2_048]);
                while !stopped.load(Ordering::Relaxed) {
                    let Ok(length) = (&socket).read(&mut buffer) else { continue };
                    seen.extend(asked_for(&buffer[..length]).map(|it| (Instant::now(), it)));
                }
                seen
            })
        });
        Self { stop, thread }
    }

    /// What was asked for, in order.
    pub(super) fn read(self) -> Vec<(Instant, IpAddr)> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// The address that a frame of the router asks for.
fn asked_for(frame: &[u8]) -> Option<IpAddr> {
    if frame.get(6..12)? != ROUTER {
        return None;
    }
    match (frame.get(12..14)?, frame.get(20..22)?, frame.get(54)) {
        ([0x08, 0x06], [0, 1], _) => Some(<[u8; 4]>::try_from(frame.get(38..42)?).ok()?.into()),
        ([0x86, 0xdd], _, Some(135)) => Some(<[u8; 16]>::try_from(frame.get(62..78)?).ok()?.into()),
        _ => None,
    }
}
