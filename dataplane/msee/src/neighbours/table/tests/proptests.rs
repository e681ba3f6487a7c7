//! Whatever happens: the table stays within its limits, nobody is asked too often, and every packet
//! that waits is released.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const LIMITS: Limits =
    Limits { entries: 12, unresolved: 5, unresolved_of_port: 3, packets: 3, bytes: 700 };

#[derive(Clone, Debug)]
enum Event {
    Packet { last: u8, port: u16 },
    Heard { last: u8, heard: Heard },
    Told { last: u8, told: Told },
    Pass { milliseconds: u16 },
}

/// Odd ones are the kernel's.
fn resolver(last: u8) -> Resolver {
    if last.is_multiple_of(2) { Resolver::Msee } else { Resolver::Kernel }
}

fn event() -> impl Strategy<Value = Event> {
    let mac = prop_oneof![Just(MAC), Just(OTHER)];
    let heard = (prop::option::of(mac.clone()), any::<[bool; 3]>());
    let heard = heard.prop_map(|(mac, [solicited, overrides, asks_us])| Heard {
        mac,
        solicited,
        overrides,
        asks_us,
    });
    let told = prop_oneof![
        mac.clone().prop_map(Told::Reachable),
        mac.clone().prop_map(Told::Stale),
        mac.prop_map(Told::Probe),
        Just(Told::Failed),
        Just(Told::Gone),
    ];
    prop_oneof![
        4 => (0_u8..16, 0_u16..3).prop_map(|(last, port)| Event::Packet { last, port }),
        1 => (0_u8..8, heard).prop_map(|(half, heard)| Event::Heard { last: half * 2, heard }),
        1 => (0_u8..8, told).prop_map(|(half, told)| Event::Told { last: half * 2 + 1, told }),
        3 => (0_u16..2_500).prop_map(|milliseconds| Event::Pass { milliseconds }),
    ]
}

/// A table, and what it has done so far.
struct Watched {
    table: Table,
    now: Instant,
    /// When msee asked for a neighbour last, and how often since a packet came for it.
    asked: HashMap<Neighbour, (Instant, u32)>,
    /// And the time before.
    before: HashMap<Neighbour, Instant>,
    waiting: usize,
}

impl Watched {
    /// Does what is due, at the very instant it is.
    fn pass(&mut self, until: Instant) -> Result<(), TestCaseError> {
        loop {
            while let Some(action) = self.table.poll(self.now) {
                self.note(action)?;
            }
            match self.table.deadline() {
                Some(deadline) if deadline <= until => self.now = deadline.max(self.now),
                _ => break,
            }
        }
        self.now = until;
        Ok(())
    }

    fn note(&mut self, action: Action) -> Result<(), TestCaseError> {
        match action {
            Action::Release(packets) => self.waiting -= packets.len(),
            Action::Solicit { resolver: Resolver::Kernel, .. } => {}
            Action::Solicit { neighbour, .. } => {
                let now = self.now;
                let (last, times) = self.asked.entry(neighbour).or_insert((now, 0));
                // A claim to its address is looked into besides, once a second.
                if let Some(before) = self.before.insert(neighbour, *last) {
                    prop_assert!(*times == 0 || now - before >= Duration::from_secs(1));
                }
                let in_a_row = if now - *last > Duration::from_secs(1) { 1 } else { *times + 1 };
                // Three questions to it, and then three to everybody.
                prop_assert!(in_a_row <= 6, "{in_a_row} questions a second apart");
                (*last, *times) = (now, in_a_row);
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let states: Vec<_> = self.table.reports().map(|report| report.state).collect();
        let unresolved = states.iter().filter(|state| state.mac().is_none()).count();
        prop_assert!(states.len() <= LIMITS.entries);
        // Three ports: all of it, and the shares of the second and the third.
        let most = |all| all + all / 2 + all / 3;
        prop_assert!(unresolved <= most(LIMITS.unresolved));
        for port in 0..3 {
            let entries = self.table.store.iter().filter(|(_, entry)| entry.port == port);
            let asked_by_port = entries.filter(|(_, entry)| entry.state.mac().is_none()).count();
            prop_assert!(asked_by_port <= LIMITS.unresolved_of_port);
        }
        let waiting: Vec<_> = self.table.store.iter().map(|(_, it)| it.waiting.len()).collect();
        prop_assert_eq!(waiting.iter().sum::<usize>(), self.waiting);
        prop_assert!(waiting.iter().all(|packets| *packets <= LIMITS.packets));
        let longest = 100 * most(LIMITS.unresolved);
        prop_assert!(self.waiting * 100 <= most(LIMITS.bytes) + longest);
        for (neighbour, entry) in self.table.store.iter() {
            let is_incomplete = matches!(entry.state, State::Incomplete { .. });
            prop_assert_eq!(is_incomplete, !entry.waiting.is_empty(), "{:?}", neighbour);
            // What is not confirmed by the kernel ends by itself.
            let is_kernels = entry.resolver == Resolver::Kernel && entry.state.mac().is_some();
            prop_assert!(entry.deadline.is_some() || is_kernels);
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn it_is_bounded_asks_seldom_and_keeps_nobody_waiting(
        events in prop::collection::vec(event(), 1..200),
    ) {
        let (table, now) = (Table::new(LIMITS), Instant::now());
        let mut watched = Watched {
            table,
            now,
            asked: HashMap::new(),
            before: HashMap::new(),
            waiting: 0,
        };
        for (event, number) in events.into_iter().zip((0..=u8::MAX).cycle()) {
            let now = watched.now;
            match event {
                Event::Packet { last, port } => {
                    if watched.table.known(&vm(last)) == Known::No {
                        let mut packet = packet(number);
                        packet.metadata.port = port;
                        let displaced = watched.table.wait(vm(last), resolver(last), packet, now);
                        watched.waiting = watched.waiting + 1 - displaced.len();
                    }
                }
                Event::Heard { last, heard } => {
                    watched.table.heard(vm(last), heard, now);
                    // What was heard may be a reason to ask.
                    watched.asked.entry(vm(last)).and_modify(|(_, times)| *times = 0);
                }
                Event::Told { last, told } => watched.table.told(vm(last), told, now),
                Event::Pass { milliseconds } => {
                    watched.pass(now + Duration::from_millis(milliseconds.into()))?;
                }
            }
            watched.pass(watched.now)?;
            watched.check()?;
        }
        // In silence all that waits comes to an end, and msee's own neighbours are forgotten.
        watched.pass(watched.now + Duration::from_secs(3))?;
        prop_assert_eq!(watched.waiting, 0);
        watched.pass(watched.now + Duration::from_secs(30))?;
        watched.check()?;
        let left = watched.table.reports().filter(|report| report.resolver == Resolver::Msee);
        prop_assert_eq!(left.count(), 0);
    }
}
