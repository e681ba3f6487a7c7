//! The receiving end of a flow.
//!
//! The kernel stamps each packet when it arrives, so this thread need not be prompt: it empties the
//! socket once a millisecond, which leaves the machine to the network under test. Its buffer holds
//! more than a second of the fastest flow.

use std::{
    net::{IpAddr, UdpSocket},
    os::fd::AsFd,
    thread,
    time::Duration,
};

use nix::sys::socket::{setsockopt, sockopt};
use socket2::SockRef;

use super::{FlowSpec, analysis::Message, error::FlowError, monotonic, payload, shared::Shared};
use crate::{
    network::namespace,
    wire::{
        arrival::Moment,
        batch::{BATCH, ReceiveBatch, Received},
    },
};

/// First port tried. Flows started in the same order get the same ports, so a lab that hashes flows
/// sends them the same way each time.
const FIRST_PORT: u16 = 40_000;
const PORTS: u16 = 1_000;
/// Bytes of waiting packets, which the kernel charges with 1 to 2 KB each.
const BUFFER: usize = 512 << 20;
const PAUSE: Duration = Duration::from_millis(1);
/// Stragglers are waited for until nothing has arrived for this long.
const SILENCE: Duration = Duration::from_millis(500);

/// The socket, in the receiver's namespace.
#[derive(Debug)]
pub(super) struct Receiver {
    socket: UdpSocket,
    batch: ReceiveBatch,
    // One byte more than a probe: a longer message shows.
    buffers: Vec<[u8; payload::LENGTH + 1]>,
}

impl Receiver {
    /// Enters the namespace, which the calling thread never leaves, and opens the first free port.
    pub(super) fn open(spec: &FlowSpec) -> Result<Self, FlowError> {
        namespace::enter(&spec.to_namespace)?;
        let failed = |call| {
            let (address, namespace) = (spec.to_address, spec.to_namespace.clone());
            move |source| FlowError::Receive { address, namespace, call, source }
        };
        let socket = bind(spec.to_address).map_err(failed("bind"))?;
        setsockopt(&socket, sockopt::RcvBufForce, &BUFFER)
            .map_err(|error| failed("SO_RCVBUFFORCE")(error.into()))?;
        for (done, call) in [
            (setsockopt(&socket, sockopt::ReceiveTimestampns, &true), "SO_TIMESTAMPNS"),
            (setsockopt(&socket, sockopt::RxqOvfl, &1), "SO_RXQ_OVFL"),
        ] {
            done.map_err(|error| failed(call)(error.into()))?;
        }
        match spec.to_address {
            IpAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4RecvTtl, &true)
                .map_err(|error| failed("IP_RECVTTL")(error.into()))?,
            IpAddr::V6(_) => SockRef::from(&socket)
                .set_recv_hoplimit_v6(true)
                .map_err(failed("IPV6_RECVHOPLIMIT"))?,
        }
        Ok(Self {
            socket,
            batch: ReceiveBatch::new(),
            buffers: vec![[0; payload::LENGTH + 1]; BATCH],
        })
    }

    /// Port of the socket.
    pub(super) fn port(&self) -> std::io::Result<u16> {
        Ok(self.socket.local_addr()?.port())
    }

    /// Receives until the sender has ended and all has arrived, or nothing has for [`SILENCE`].
    pub(super) fn run(mut self, shared: &Shared) {
        while !is_complete(shared) {
            thread::sleep(PAUSE);
            while self.receive(shared) == BATCH {}
        }
        shared.finish();
    }

    /// Receives one batch; answers its size.
    fn receive(&mut self, shared: &Shared) -> usize {
        let buffers = self.buffers.iter_mut().map(<[u8; _]>::as_mut_slice);
        // An error of a UDP socket is an old ICMP message's; it is gone once reported.
        let received = self.batch.receive(self.socket.as_fd(), buffers).unwrap_or_default();
        if received.is_empty() {
            return 0;
        }
        let (moment, now) = (Moment::now(), monotonic());
        let mut analysis = shared.analysis();
        for (Received { length, ancillary }, buffer) in received.iter().zip(&self.buffers) {
            if let Some(overflows) = ancillary.overflows {
                shared.set_receiver_overflow(overflows.into());
            }
            analysis.record(Message {
                payload: buffer.get(..*length).unwrap_or(buffer),
                arrived: now.saturating_sub(moment.age(ancillary.stamp)),
                ttl: ancillary.ttl,
            });
        }
        received.len()
    }
}

fn is_complete(shared: &Shared) -> bool {
    let Some(ended) = shared.sending_ended() else {
        return false;
    };
    let analysis = shared.analysis();
    let last = analysis.last_arrival().map_or(ended, |last| last.max(ended));
    analysis.received() >= shared.sent() || monotonic().saturating_sub(last) > SILENCE
}

fn bind(address: IpAddr) -> std::io::Result<UdpSocket> {
    let mut ports = FIRST_PORT..FIRST_PORT + PORTS;
    loop {
        // All taken: any other.
        let port = ports.next().unwrap_or(0);
        match UdpSocket::bind((address, port)) {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && port != 0 => {}
            other => return other,
        }
    }
}
