//! What the neighbour table holds: the entries, when each is due, and the packets that wait. The sums
//! and the order of deadlines are kept here, and nowhere else.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Instant,
};

use abi::punt::Metadata;
use desired::MacAddress;

use super::entry::{Entry, State};
use crate::fastpath::{Neighbour, Resolver};

/// How much the table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Neighbours.
    pub entries: usize,
    /// Of them, those that are being asked for or have failed; more only of ports that have less than
    /// an equal share of this.
    pub unresolved: usize,
    /// Of those, the ones that packets of one port asked for: a customer that scans leaves the others
    /// room.
    pub unresolved_of_port: usize,
    /// Packets that wait for one neighbour.
    pub packets: usize,
    /// Bytes of the packets of a port that wait, while no other port has any; else an equal share of
    /// this. The latest packet for each neighbour waits in any case (RFC 1122 2.3.2.2).
    pub bytes: usize,
}

impl Default for Limits {
    /// For one port a mebibyte, and the longest frame for each of its 256 neighbours, 3.4 MB. Each more
    /// has its share, half, a third and so on: of 4,096 ports 9 MiB, and the longest frame for each of
    /// 9,000 neighbours, which are as many solicitations a second. As many packets wait for one neighbour
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
    /// Bytes of the packets that wait, by the port that they came in by; only ports that have some.
    bytes_of: BTreeMap<u16, usize>,
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
        let of_port = self.unresolved_of.get(&port).copied();
        let ports = self.unresolved_of.len() + usize::from(of_port.is_none());
        let of_port = of_port.unwrap_or_default();
        // Though others have filled the room, each port has its share of it.
        let has_room =
            self.unresolved < self.limits.unresolved || of_port < self.limits.unresolved / ports;
        if !has_room || of_port >= self.limits.unresolved_of_port {
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
        let port = packet.metadata.port;
        *self.bytes_of.entry(port).or_default() += packet.frame.len();
        entry.waiting.push_back(packet);
        let mut displaced = VecDeque::new();
        loop {
            let of_port = self.bytes_of.get(&port).copied().unwrap_or_default();
            let share = self.limits.bytes / self.bytes_of.len().max(1);
            let oldest = if entry.waiting.len() > self.limits.packets.max(1) {
                entry.waiting.pop_front()
            } else if entry.waiting.len() > 1 && of_port > share {
                let oldest = entry.waiting.iter().position(|it| it.metadata.port == port);
                oldest.and_then(|place| entry.waiting.remove(place))
            } else {
                None
            };
            let Some(oldest) = oldest else { return displaced };
            discount_bytes(&mut self.bytes_of, &oldest);
            displaced.push_back(oldest);
        }
    }

    /// Takes the packets that wait for a neighbour.
    pub(super) fn take_waiting(&mut self, neighbour: &Neighbour) -> VecDeque<Packet> {
        let entry = self.entries.get_mut(neighbour);
        let packets = entry.map(|entry| std::mem::take(&mut entry.waiting)).unwrap_or_default();
        for packet in &packets {
            discount_bytes(&mut self.bytes_of, packet);
        }
        packets
    }

    /// Notes where somebody says a neighbour is; it is due at `due` at the latest.
    pub(super) fn claim(&mut self, neighbour: &Neighbour, mac: MacAddress, due: Option<Instant>) {
        let Some(entry) = self.entries.get_mut(neighbour) else { return };
        entry.claim = Some(mac);
        let deadline = entry.deadline.into_iter().chain(due).min();
        self.schedule(neighbour, deadline);
    }

    /// Notes that a claim to a neighbour's address is looked into, or has come true.
    pub(super) fn dispute(&mut self, neighbour: &Neighbour, now: Instant) {
        if let Some(entry) = self.entries.get_mut(neighbour) {
            entry.disputed = Some(now);
        }
    }

    /// Takes the claim to a neighbour's address: it is settled.
    pub(super) fn settle(&mut self, neighbour: &Neighbour) {
        if let Some(entry) = self.entries.get_mut(neighbour) {
            entry.claim = None;
        }
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

/// Takes a packet that waits no longer off its port's bytes.
fn discount_bytes(bytes_of: &mut BTreeMap<u16, usize>, packet: &Packet) {
    let port = packet.metadata.port;
    if let Some(bytes) = bytes_of.get_mut(&port) {
        *bytes -= packet.frame.len();
        if *bytes == 0 {
            bytes_of.remove(&port);
        }
    }
}
