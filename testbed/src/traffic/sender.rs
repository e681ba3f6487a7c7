//! The sending end of a flow.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    os::fd::AsFd,
    thread,
    time::{Duration, Instant},
};

use nix::sys::socket::{setsockopt, sockopt};

use super::{
    FlowSpec,
    error::FlowError,
    monotonic,
    pacing::{MOST_BURST, Pacer},
    payload::{self, Probe},
    shared::Shared,
};
use crate::{
    network::namespace,
    wire::{batch, priority},
};

/// Bytes of packets on their way to the interface. A stalled path is met as `EAGAIN`.
const BUFFER: usize = 16 << 20;
/// Longest sleep, after which the wish to stop is looked at.
const LONGEST_SLEEP: Duration = Duration::from_millis(20);
/// A flow with a duration that is still behind its schedule this long after its end gives up.
const OVERTIME: Duration = Duration::from_secs(1);

/// The socket, in the sender's namespace. It is not connected: an ICMP error from the network would
/// show up as a failed send, and hide what the network does with the next packets.
#[derive(Debug)]
pub(super) struct Sender {
    socket: UdpSocket,
    to: SocketAddr,
    flow: u64,
    pps: u32,
    duration: Option<Duration>,
}

impl Sender {
    /// Enters the namespace, which the calling thread never leaves, and opens a socket.
    pub(super) fn open(spec: &FlowSpec, flow: u64, port: u16) -> Result<Self, FlowError> {
        namespace::enter(&spec.from_namespace)?;
        let failed = |call| {
            let namespace = spec.from_namespace.clone();
            move |source| FlowError::Send { namespace, call, source }
        };
        let any: IpAddr = match spec.to_address {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).map_err(failed("bind"))?;
        setsockopt(&socket, sockopt::SndBufForce, &BUFFER)
            .map_err(|error| failed("SO_SNDBUFFORCE")(error.into()))?;
        if let Err(error) = priority::be_prompt() {
            tracing::warn!(event = "traffic_uneven", %error, "the sender may pause on a busy machine");
        }
        Ok(Self {
            socket,
            to: SocketAddr::new(spec.to_address, port),
            flow,
            pps: spec.pps,
            duration: spec.duration,
        })
    }

    /// Sends by the schedule until its end or until told to stop.
    pub(super) fn run(self, shared: &Shared) {
        let start = Instant::now();
        let mut pacer = Pacer::new(start, self.pps, self.duration);
        let give_up = self.duration.and_then(|duration| start.checked_add(duration + OVERTIME));
        let mut payloads = [[0; payload::LENGTH]; MOST_BURST];
        while !pacer.is_done() && !shared.is_stopping() {
            let now = Instant::now();
            if give_up.is_some_and(|give_up| now > give_up) {
                break;
            }
            self.burst(&mut pacer, &mut payloads, shared);
            let pause = pacer.next(now).saturating_duration_since(Instant::now());
            thread::sleep(pause.min(LONGEST_SLEEP));
        }
        shared.end_sending(start.elapsed());
    }

    fn burst(
        &self,
        pacer: &mut Pacer,
        payloads: &mut [[u8; payload::LENGTH]; MOST_BURST],
        shared: &Shared,
    ) {
        let due = pacer.due(Instant::now());
        if due == 0 {
            return;
        }
        // A number is used only when its packet has left: a refused packet is not lost.
        let first = shared.sent();
        for (payload, sequence) in payloads.iter_mut().zip(first..).take(due) {
            *payload = Probe { flow: self.flow, sequence, sent: monotonic() }.encode();
        }
        let messages = payloads.iter().take(due).map(<[u8; _]>::as_slice);
        match batch::send(self.socket.as_fd(), Some(self.to), messages) {
            Ok(count) => {
                pacer.took(count);
                shared.add_sent(count as u64);
            }
            // No room now; the schedule catches up.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => {
                pacer.took(1);
                shared.add_unsent(&error);
            }
        }
    }
}
