//! What the neighbour table holds: the entries, when each is due, and the packets that wait. The sums
//! and the order of deadlines are kept here, and nowhere else.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Instant,
};

use abi::punt::Metadata;

use super::entry::{Entry, State};
use crate::fastpath::{Neighbour, Resolver};

/// How much the table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Neighbours.
    pub entries: usize,
    /// Of them, those that are being asked for or have failed.
    pub unresolved: usize,
    /// Of those, the ones that packets of one port asked for: a customer that scans leaves the others
    /// room.
    pub unresolved_of_port: usize,
    /// Packets that wait for one neighbour.
    pub packets: usize,
    /// Bytes of all packets that wait. The latest packet for each neighbour waits in any case
    /// (RFC 1122 2.3.2.2).
    pub bytes: usize,
}

impl Default for Limits {
    /// At most a mebibyte and the longest frame for each unresolved neighbour, together 10 MB; and, at
    /// one a second for each, a thousand solicitations a second. As many packets wait for one neighbour
    /// as in Linux (`unres_qlen`): a flow that has just begun, and an answer that takes a while.
    fn default() -> Self {
        Self {
            entries: abi::limits::ADJACENCIES as usize,
            unresolved: 1_024,
            unresolved_of_port: 256,
            packets: 100,
            bytes: 1 << 20,
        }
    }
}

/// A punted packet that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Index of the interface it came in by.
    pub ifindex: u32,
    /// What the fast path said about it.
    pub metadata: Metadata,
    /// The frame, Ethernet header first.
    pub frame: Box<[u8]>,
    /// How many neighbours it has waited for, this one included.
    pub waits: u8,
}

/// The entries of a table.
#[derive(Debug, Default)]
pub(super) struct Store {
    limits: Limits,
    entries: BTreeMap<Neighbour, Entry>,
    /// The deadlines of the entries.
    deadlines: BTreeSet<(Instant, Neighbour)>,
    /// Entries without a MAC address, and how many of them packets of each port asked for.
    unresolved: usize,
    unresolved_of: BTreeMap<u16, usize>,
    /// Bytes of the packets that wait.
    bytes: usize,
}

impl Store {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    pub(super) fn get(&self, neighbour: &Neighbour) -> Option<&Entry> {
        self.entries.get(neighbour)
    }

    pub(super) fn state(&self, neighbour: &Neighbour) -> Option<State> {
        self.entries.get(neighbour).map(|entry| entry.state)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Neighbour, &Entry)> {
        self.entries.iter()
    }

    /// The entry that is due first.
    pub(super) fn first_due(&self) -> Option<(Instant, Neighbour)> {
        self.deadlines.first().copied()
    }

    /// Adds a neighbour that packets of a port ask for, due at once; `false` when there is no room.
    pub(super) fn ask(
        &mut self,
        neighbour: Neighbour,
        resolver: Resolver,
        port: u16,
        now: Instant,
    ) -> bool {
        let of_port = self.unresolved_of.get(&port).copied().unwrap_or_default();
        if self.unresolved >= self.limits.unresolved || of_port >= self.limits.unresolved_of_port {
            return false;
        }
        let state = State::Incomplete { asked: 0 };
        self.put(neighbour, Entry::new(resolver, state, port, now)) && {
            self.count_unresolved(port);
            self.schedule(&neighbour, Some(now));
            true
        }
    }

    /// Puts a neighbour in a state that ends at `deadline`. One that is new must have a MAC address;
    /// `false` when there is no room for it.
    pub(super) fn set(
        &mut self,
        neighbour: Neighbour,
        resolver: Resolver,
        state: State,
        deadline: Option<Instant>,
        now: Instant,
    ) -> bool {
        let Some(entry) = self.entries.get_mut(&neighbour) else {
            let is_in = self.put(neighbour, Entry::new(resolver, state, 0, now));
            self.schedule(&neighbour, deadline);
            return is_in;
        };
        let (before, port) = (entry.state, entry.port);
        (entry.state, entry.resolver) = (state, resolver);
        if before.mac().is_none() && state.mac().is_some() {
            self.discount_unresolved(port);
        }
        self.schedule(&neighbour, deadline);
        true
    }

    /// Notes that a neighbour was heard of.
    pub(super) fn touch(&mut self, neighbour: &Neighbour, now: Instant) {
        if let Some(entry) = self.entries.get_mut(neighbour) {
            entry.heard = now;
        }
    }

    /// Removes an entry: its state, and the packets that waited.
    pub(super) fn remove(&mut self, neighbour: &Neighbour) -> Option<(State, VecDeque<Packet>)> {
        let packets = self.take_waiting(neighbour);
        self.schedule(neighbour, None);
        let entry = self.entries.remove(neighbour)?;
        if entry.state.mac().is_none() {
            self.discount_unresolved(entry.port);
        }
        Some((entry.state, packets))
    }

    /// Has a packet wait for a neighbour; returns those there is no room for.
    pub(super) fn push(&mut self, neighbour: &Neighbour, packet: Packet) -> VecDeque<Packet> {
        let Some(entry) = self.entries.get_mut(neighbour) else { return [packet].into() };
        self.bytes += packet.frame.len();
        entry.waiting.push_back(packet);
        let mut displaced = VecDeque::new();
        while entry.waiting.len() > self.limits.packets.max(1)
            || (entry.waiting.len() > 1 && self.bytes > self.limits.bytes)
        {
            let Some(oldest) = entry.waiting.pop_front() else { break };
            self.bytes -= oldest.frame.len();
            displaced.push_back(oldest);
        }
        displaced
    }

    /// Takes the packets that wait for a neighbour.
    pub(super) fn take_waiting(&mut self, neighbour: &Neighbour) -> VecDeque<Packet> {
        let entry = self.entries.get_mut(neighbour);
        let packets = entry.map(|entry| std::mem::take(&mut entry.waiting)).unwrap_or_default();
        self.bytes -= packets.iter().map(|packet| packet.frame.len()).sum::<usize>();
        packets
    }

    fn put(&mut self, neighbour: Neighbour, entry: Entry) -> bool {
        let has_room = self.entries.len() < self.limits.entries;
        if has_room {
            self.entries.insert(neighbour, entry);
        }
        has_room
    }

    /// Sets when the state of an entry ends by itself.
    fn schedule(&mut self, neighbour: &Neighbour, deadline: Option<Instant>) {
        let Some(entry) = self.entries.get_mut(neighbour) else { return };
        if let Some(before) = entry.deadline {
            self.deadlines.remove(&(before, *neighbour));
        }
        entry.deadline = deadline;
        self.deadlines.extend(deadline.map(|deadline| (deadline, *neighbour)));
    }

    fn count_unresolved(&mut self, port: u16) {
        self.unresolved += 1;
        *self.unresolved_of.entry(port).or_default() += 1;
    }

    fn discount_unresolved(&mut self, port: u16) {
        self.unresolved -= 1;
        if let Some(of_port) = self.unresolved_of.get_mut(&port) {
            *of_port -= 1;
            if *of_port == 0 {
                self.unresolved_of.remove(&port);
            }
        }
    }
}
