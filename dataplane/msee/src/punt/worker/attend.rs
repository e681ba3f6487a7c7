//! What the punt thread does for neighbours: asks for them, sends what waited for them, and says what
//! it has learned.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use abi::verdict::Verdict;
use desired::MacAddress;

use super::{IDLE, Worker};
use crate::{
    fastpath::{Compiled, Neighbour, Resolver},
    neighbours::{Action, Packet, solicitation},
    punt::{Decision, Punt, way},
};

/// How many neighbours a packet may wait for: the host of its next hop, the next hop, and, when that has
/// failed, those of the answer.
const WAITS: u8 = 4;

/// Shortest sleep that the kernel knows.
const TICK: Duration = Duration::from_millis(1);

impl Worker {
    /// How long nothing is to be done for neighbours.
    pub(super) fn until_attention(&self, now: Instant) -> Duration {
        let deadlines = [self.neighbours.deadline(), self.pace.deadline()];
        let next = deadlines.into_iter().flatten().min();
        let left = next.map_or(IDLE, |next| next.saturating_duration_since(now));
        if left.is_zero() { left } else { left.max(TICK) }
    }

    /// Does what is due.
    pub(super) fn attend(&mut self) {
        let compiled = self.compiled.load_full();
        let now = Instant::now();
        if compiled.generation() != self.generation {
            self.generation = compiled.generation();
            let asked = [Some(Resolver::Msee), Some(Resolver::Kernel)];
            let is_asked = |neighbour: &Neighbour| asked.contains(&compiled.resolver(neighbour));
            self.neighbours.retain(is_asked, now);
        }
        while let Some(action) = self.neighbours.poll(now) {
            match action {
                Action::Solicit { neighbour, resolver: Resolver::Kernel, confirm: _ } => {
                    if self.asker.try_send(neighbour).is_err() {
                        self.neighbours.not_asked(neighbour, now);
                    }
                }
                Action::Solicit { neighbour, confirm, .. } => {
                    self.solicit(&neighbour, confirm, &compiled);
                }
                Action::Release(packets) => {
                    for packet in packets {
                        self.decide_again(packet, &compiled, now);
                    }
                }
            }
        }
        if self.neighbours.take_changed() {
            self.pace.changed(now);
        }
        if self.pace.take(now) {
            self.teacher.send_replace(Arc::new(self.neighbours.learned()));
        }
    }

    fn solicit(&mut self, neighbour: &Neighbour, confirm: Option<MacAddress>, compiled: &Compiled) {
        let tunnel = compiled.tunnel_of(neighbour);
        // Its host is asked for before it is, so that the tunnel is open unless the host has just gone.
        let Some(Ok(tunnel)) = way::tunnel(compiled, &self.neighbours, tunnel) else { return };
        let mut written = None;
        self.out.clear();
        self.out.add(tunnel.as_ref(), |out| {
            written = solicitation::write(neighbour, confirm, compiled, out);
        });
        if written.is_some() {
            // A question that is lost is asked again.
            let _ = self.send(Some(neighbour.port().ifindex));
        }
    }

    /// Decides about a packet that has waited.
    fn decide_again(&mut self, packet: Packet, compiled: &Compiled, now: Instant) {
        let Packet { ifindex, metadata, ref frame, waits } = packet;
        let punt = Punt { ifindex, metadata, frame };
        let out = &mut self.out;
        match self.responder.decide(&punt, compiled, &self.neighbours, now, out) {
            Decision::Send { verdict, port } => self.count_sent(compiled, verdict, port),
            Decision::End(verdict) => self.tally.count(verdict),
            Decision::Wait(_) if waits >= WAITS => self.tally.count(Verdict::IcmpUnroutable),
            Decision::Wait(next_hop) => {
                self.wait(next_hop, Packet { waits: waits + 1, ..packet }, now);
            }
        }
    }
}
