//! What a node sees on its link, by AF_PACKET.

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

/// The router's ends of its links.
const ROUTER: [[u8; 6]; 2] = [[2, 0, 0, 0, 1, 2], [2, 0, 0, 0, 2, 1]];
const ALL_FRAMES: u16 = 3;

/// What a node sees on its link, with the time of each.
pub(super) struct Tap<T> {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<(Instant, T)>>,
}

impl<T: Send + 'static> Tap<T> {
    /// Listens on a node, for what `read` finds in a frame, until it is read.
    pub(super) fn start(
        lab: &Lab,
        node: &str,
        read: impl Fn(&[u8]) -> Option<T> + Send + 'static,
    ) -> Self {
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
                    seen.extend(read(&buffer[..length]).map(|it| (Instant::now(), it)));
                }
                seen
            })
        });
        Self { stop, thread }
    }

    /// What was seen, in order.
    pub(super) fn read(self) -> Vec<(Instant, T)> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// The address that a frame of the router asks for.
pub(super) fn asked_for(frame: &[u8]) -> Option<IpAddr> {
    if !ROUTER.iter().any(|router| frame.get(6..12) == Some(router)) {
        return None;
    }
    match (frame.get(12..14)?, frame.get(20..22)?, frame.get(54)) {
        ([0x08, 0x06], [0, 1], _) => Some(<[u8; 4]>::try_from(frame.get(38..42)?).ok()?.into()),
        ([0x86, 0xdd], _, Some(135)) => Some(<[u8; 16]>::try_from(frame.get(62..78)?).ok()?.into()),
        _ => None,
    }
}
