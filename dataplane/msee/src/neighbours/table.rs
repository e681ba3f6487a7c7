//! The neighbour table: a state machine that takes what happened and `now`, and says whom to ask and
//! which packets wait no longer. No socket, no clock.
//!
//! Everything in it is bounded. Only next hops of the image in force get in, so it has no more entries
//! than the image has adjacencies; those that are not known are bounded apart ([`Limits`]), over all and
//! for each port, so that a scan of addresses that nobody has cannot fill it; and a neighbour that is
//! known is never displaced.

use std::{collections::VecDeque, time::Instant};

use super::{
    crowd::Crowds,
    entry::{
        CLAIM, DELAY, FAILED, HOLD, REMIND, RETRANSMIT, State, TRIES, first_poll, reachable_time,
    },
    event::{Action, Heard, Known, Report, Told},
    store::{Limits, Packet, Store},
};
use abi::image::PortKey;
use desired::MacAddress;

use crate::fastpath::{Neighbour, Neighbours, Resolver};

/// The neighbours whose MAC addresses the desired state leaves out.
#[derive(Debug, Default)]
pub struct Table {
    store: Store,
    crowds: Crowds,
    actions: VecDeque<Action>,
    changed: bool,
}

impl Table {
    /// An empty table.
    pub fn new(limits: Limits) -> Self {
        Self { store: Store::new(limits), ..Self::default() }
    }

    /// Where a neighbour is.
    pub fn known(&self, neighbour: &Neighbour) -> Known {
        match self.store.state(neighbour) {
            None | Some(State::Incomplete { .. }) => Known::No,
            Some(State::Failed) => Known::Failed,
            Some(State::Reachable(mac) | State::Stale(mac) | State::Probe { mac, .. }) => {
                Known::At(mac)
            }
        }
    }

    /// Has a packet wait for a neighbour that is not known, which is asked for if it is not yet.
    /// Returns the packets there is no room for: older ones of the same neighbour, or this one.
    #[must_use = "each packet must come to an end"]
    pub fn wait(
        &mut self,
        neighbour: Neighbour,
        resolver: Resolver,
        packet: Packet,
        now: Instant,
    ) -> VecDeque<Packet> {
        let has_room = if let Some(state) = self.store.state(&neighbour) {
            matches!(state, State::Incomplete { .. })
        } else {
            self.store.ask(neighbour, resolver, packet.metadata.port, now)
        };
        if has_room { self.store.push(&neighbour, packet) } else { [packet].into() }
    }

    /// Takes in what an earlier process had learned, and packets have gone by since: nobody knows for how
    /// long it has not been confirmed.
    pub fn adopt(
        &mut self,
        neighbour: Neighbour,
        resolver: Resolver,
        mac: MacAddress,
        now: Instant,
    ) {
        let deadline = match resolver {
            Resolver::Kernel => now,
            _ => now + first_poll(&neighbour),
        };
        self.store.set(neighbour, resolver, State::Stale(mac), Some(deadline), now);
    }

    /// Takes in what a neighbour on a fabric port said. It must be a next hop that msee finds.
    pub fn heard(&mut self, neighbour: Neighbour, heard: Heard, now: Instant) {
        let Heard { mac, solicited, overrides, asks_us } = heard;
        let Some(state) = self.store.state(&neighbour) else {
            // 7.2.3: who asks is known from now on, but not confirmed.
            if let Some(mac) = mac.filter(|_| asks_us) {
                self.know(neighbour, Resolver::Msee, State::Stale(mac), now);
            }
            return;
        };
        let Some(before) = state.mac() else {
            // 7.2.5: what does not say where it is, is no answer here.
            if let Some(mac) = mac {
                // A late answer, to a question that has failed, is one that nobody asks any more.
                let is_asked = matches!(state, State::Incomplete { .. });
                let answers = solicited && is_asked;
                let state = if answers { State::Reachable(mac) } else { State::Stale(mac) };
                self.know(neighbour, Resolver::Msee, state, now);
            }
            return;
        };
        let elsewhere = mac.filter(|mac| *mac != before);
        let state = match (state, elsewhere) {
            (_, Some(mac)) if overrides => return self.claimed(neighbour, mac, now),
            // 7.2.5 I: what may not override casts a doubt, and no more.
            (State::Reachable(_), Some(_)) => State::Stale(before),
            // What we did not ask for is no answer, whatever it says of itself.
            (State::Probe { .. }, None) if solicited => State::Reachable(before),
            _ => return,
        };
        self.know(neighbour, Resolver::Msee, state, now);
    }

    /// Notes ARP or Neighbour Discovery that came in by a port, to its own MAC address.
    pub fn note_message(&mut self, port: PortKey, now: Instant) {
        self.crowds.note(port, now);
    }

    /// A question to the kernel could not be handed on: it is asked again in a second, and that one does
    /// not count.
    pub fn not_asked(&mut self, neighbour: Neighbour, now: Instant) {
        let Some(entry) = self.store.get(&neighbour) else { return };
        let (resolver, state) = (entry.resolver, entry.state);
        let state = match state {
            State::Incomplete { asked } => State::Incomplete { asked: asked.saturating_sub(1) },
            other => other,
        };
        self.store.set(neighbour, resolver, state, Some(now + RETRANSMIT), now);
    }

    /// Takes in what the kernel said of a neighbour. It must be a next hop that the kernel finds.
    pub fn told(&mut self, neighbour: Neighbour, told: Told, now: Instant) {
        let state = match told {
            Told::Reachable(mac) => State::Reachable(mac),
            Told::Stale(mac) => State::Stale(mac),
            Told::Probe(mac) => State::Probe { mac, asked: 0 },
            Told::Failed | Told::Gone => {
                match (self.store.state(&neighbour), told) {
                    (Some(State::Incomplete { .. }), Told::Failed) => {
                        self.fail(neighbour, Resolver::Kernel, now);
                    }
                    // The kernel is asked again in time, or it has failed already.
                    (None | Some(State::Incomplete { .. } | State::Failed), _) => {}
                    (Some(_), _) => self.remove(neighbour),
                }
                return;
            }
        };
        self.know(neighbour, Resolver::Kernel, state, now);
    }

    /// Forgets the neighbours that are no next hops any more.
    pub fn retain(&mut self, is_next_hop: impl Fn(&Neighbour) -> bool, now: Instant) {
        self.crowds.tidy(now);
        let neighbours = self.store.iter().map(|(neighbour, _)| *neighbour);
        for neighbour in neighbours.filter(|it| !is_next_hop(it)).collect::<Vec<_>>() {
            self.remove(neighbour);
        }
    }

    /// The next thing to do at `now`; to be asked until there is none.
    pub fn poll(&mut self, now: Instant) -> Option<Action> {
        loop {
            if let Some(action) = self.actions.pop_front() {
                return Some(action);
            }
            let (deadline, neighbour) = self.store.first_due()?;
            if deadline > now {
                return None;
            }
            self.expire(neighbour, now);
        }
    }

    /// When to poll, unless something happens before.
    pub fn deadline(&self) -> Option<Instant> {
        self.store.first_due().map(|(deadline, _)| deadline)
    }

    /// Whether [`Table::learned`] has changed since this was asked last.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The MAC addresses that are known.
    pub fn learned(&self) -> Neighbours {
        let entries = self.store.iter();
        entries.filter_map(|(it, entry)| Some((*it, entry.state.mac()?))).collect()
    }

    /// All neighbours, for people.
    pub fn reports(&self) -> impl Iterator<Item = Report> {
        self.store.iter().map(|(neighbour, entry)| Report {
            neighbour: *neighbour,
            state: entry.state,
            resolver: entry.resolver,
            heard: entry.heard,
        })
    }

    /// A state has come to its end.
    fn expire(&mut self, neighbour: Neighbour, now: Instant) {
        let Some(entry) = self.store.get(&neighbour) else { return };
        let (resolver, claim) = (entry.resolver, entry.claim);
        let (state, confirm) = match entry.state {
            State::Incomplete { asked } if asked < TRIES => {
                (State::Incomplete { asked: asked + 1 }, None)
            }
            State::Incomplete { .. } => return self.fail(neighbour, resolver, now),
            // The kernel confirms what is its, once it knows that it is in use.
            State::Stale(mac) if resolver == Resolver::Kernel => (State::Stale(mac), Some(mac)),
            State::Reachable(mac) | State::Stale(mac) => {
                if claim.is_some() {
                    self.store.dispute(&neighbour, now);
                }
                (State::Probe { mac, asked: 1 }, Some(mac))
            }
            // It may have answered.
            State::Probe { mac, asked } if self.crowds.is_crowded(neighbour.port(), now) => {
                (State::Probe { mac, asked: (asked + 1).min(TRIES) }, Some(mac))
            }
            // Nobody objects to the claim: it has moved.
            State::Probe { mac, .. } if claim.is_some() => {
                self.store.dispute(&neighbour, now);
                let state = State::Stale(claim.unwrap_or(mac));
                return self.know(neighbour, resolver, state, now);
            }
            State::Probe { mac, asked } if asked < TRIES => {
                (State::Probe { mac, asked: asked + 1 }, Some(mac))
            }
            // RFC 4861 7.3.3: a packet that needs it starts anew, by asking everybody.
            State::Probe { .. } | State::Failed => return self.remove(neighbour),
        };
        let again = match state {
            State::Stale(_) => REMIND,
            State::Probe { asked: 1, .. } if claim.is_some() => CLAIM,
            _ => RETRANSMIT,
        };
        self.store.set(neighbour, resolver, state, Some(now + again), now);
        self.actions.push_back(Action::Solicit { neighbour, resolver, confirm });
    }

    /// A neighbour is in `state`, which has a MAC address.
    fn know(&mut self, neighbour: Neighbour, resolver: Resolver, state: State, now: Instant) {
        let entry = self.store.get(&neighbour);
        let before = entry.map(|entry| entry.state);
        let deadline = match (resolver, state) {
            // Doubts that are renewed before they are looked into must not put that off.
            (_, State::Stale(_)) if matches!(before, Some(State::Stale(_))) => {
                entry.and_then(|entry| entry.deadline)
            }
            (Resolver::Kernel, State::Stale(_)) => Some(now),
            (Resolver::Kernel, _) => None,
            (_, State::Stale(_)) => Some(now + DELAY),
            (..) => Some(now + reachable_time(&neighbour)),
        };
        if self.store.set(neighbour, resolver, state, deadline, now) {
            self.store.touch(&neighbour, now);
            let has_moved = before.and_then(State::mac) != state.mac();
            self.changed |= has_moved;
            if has_moved || matches!(state, State::Reachable(_)) {
                self.store.settle(&neighbour);
            }
            let packets = self.store.take_waiting(&neighbour);
            self.release(packets);
        }
    }

    /// Somebody says that a known neighbour is at `mac`: where it is known to be is asked first, and who
    /// is asked already has until then.
    fn claimed(&mut self, neighbour: Neighbour, mac: MacAddress, now: Instant) {
        let Some(entry) = self.store.get(&neighbour) else { return };
        let earliest = entry.disputed.map_or(now, |last| now.max(last + HOLD));
        let is_asked = matches!(entry.state, State::Probe { .. });
        self.store.claim(&neighbour, mac, (!is_asked).then_some(earliest));
    }

    /// A neighbour that was asked for has not answered.
    fn fail(&mut self, neighbour: Neighbour, resolver: Resolver, now: Instant) {
        self.store.set(neighbour, resolver, State::Failed, Some(now + FAILED), now);
        let packets = self.store.take_waiting(&neighbour);
        self.release(packets);
    }

    fn remove(&mut self, neighbour: Neighbour) {
        if let Some((state, packets)) = self.store.remove(&neighbour) {
            self.changed |= state.mac().is_some();
            self.release(packets);
        }
    }

    fn release(&mut self, packets: VecDeque<Packet>) {
        if !packets.is_empty() {
            self.actions.push_back(Action::Release(packets));
        }
    }
}

#[cfg(test)]
mod tests;
