//! R25: a customer floods the router with packets whose TTL ends there. It is told of no more than the
//! rate allows, and nothing else on the same link suffers: path MTU discovery, and all that passes.

use std::{
    collections::VecDeque,
    thread::sleep,
    time::{Duration, Instant},
};

use abi::verdict::Verdict;
use desired::Revision;
use msee::{daemon::Router, fastpath::Loader};

use crate::{
    bench::{Bench, eventually},
    frames::Packet,
    ledger::Ledger,
    machine::{run_ahead, run_named_ahead},
    namespace::{self, ip},
    rig::{self, ETH1, mac},
    soak,
    station::{Pace, Station},
    traffic::Traffic,
};

/// Packets a second of the flood.
const FLOOD: u32 = 50_000;
/// Answers a second, and at once.
const ANSWERS: u64 = 1_000;
const BURST: u64 = 50;
/// Between two packets that are too long.
const PROBES: Duration = Duration::from_millis(50);
/// Five times the goal, because the machine is shared.
const LONGEST_ANSWER: Duration = Duration::from_millis(500);
const VM: [u8; 4] = [10, 255, 10, 4];

/// The flood's packets, each from the next of the sources: addresses of the customer's network.
fn expiring(sources: usize) -> Vec<Vec<u8>> {
    let source = |number: usize| {
        let [.., high, low] = number.to_be_bytes();
        let source = [172, 16, 100 + high, low];
        Packet::udp(ETH1, source, VM).with(|header| header.time_to_live = 1).bytes()
    };
    (1..=sources).map(source).collect()
}

/// A packet that is longer than the VM's link takes, and not to be cut.
fn too_long() -> Vec<u8> {
    let packet = Packet::udp(ETH1, [172, 16, 1, 1], VM);
    packet.with(|header| header.dont_fragment = true).with_length(1_501).bytes()
}

/// What the flooding station is told.
#[derive(Debug, Default)]
struct Told {
    time_exceeded: u64,
    path_mtu: u64,
    /// When the unanswered packets that are too long were sent.
    waiting: VecDeque<Instant>,
    longest: Duration,
}

impl Told {
    fn listen(&mut self, station: &Station) {
        while let Some(frame) = station.receive(mac(ETH1)) {
            if frame[23] != 1 {
                continue;
            }
            match (frame[34], frame[35]) {
                (11, 0) => self.time_exceeded += 1,
                (3, 4) => {
                    assert_eq!(frame[40..42], 1_500_u16.to_be_bytes(), "the next link's MTU");
                    self.path_mtu += 1;
                    let sent = self.waiting.pop_front().expect("asked for");
                    self.longest = self.longest.max(sent.elapsed());
                }
                _ => {}
            }
        }
    }
}

fn flood(sources: usize) {
    let bench = Bench::empty();
    // So that the customer can send more than the VM's link takes.
    ip("link set eth1 mtu 1600");
    bench.hosts.customer.run(|| ip("link set eth1p mtu 1600"));
    let (mut router, _) = Router::start(Loader::default().load(&bench.pins()).unwrap()).unwrap();
    router.apply(Revision(1), &rig::state()).unwrap();
    // The router is tested, and not how much of a CPU is left for it, or for whoever waits for its
    // answers, by what else this machine does.
    run_named_ahead("punt", 1);
    run_ahead(namespace::thread(), 1);
    Traffic::check(&bench.hosts);
    let station = Station::open(&bench.hosts.customer, "eth1p");
    let frames = expiring(sources);
    let too_long = too_long();
    let length = Duration::from_secs(soak::rounds(3, 60).into());
    let ledger = Ledger::open(&router.counters().unwrap());
    let traffic = Traffic::run(&bench.hosts);
    let mut told = Told::default();
    let (mut flooded, mut probed) = (0_u64, 0_u64);
    let (started, mut pace) = (Instant::now(), Pace::new(FLOOD));
    let mut frames_in_turn = frames.iter().cycle();
    while started.elapsed() < length {
        for frame in frames_in_turn.by_ref().take(pace.next() as usize) {
            station.send(frame);
            flooded += 1;
        }
        if started.elapsed() >= PROBES * u32::try_from(probed).unwrap() {
            station.send(&too_long);
            told.waiting.push_back(Instant::now());
            probed += 1;
        }
        told.listen(&station);
    }
    let elapsed = started.elapsed();
    // The last answers are read as they come, and not when all else is done.
    eventually(|| {
        told.listen(&station);
        told.waiting.is_empty()
    });
    let reports = traffic.stop(&format!("beside a flood of {sources} sources"));
    let good = reports[0].sent + reports[1].sent;
    let sent = flooded + probed + good;
    let mut now = router.counters().unwrap();
    let is_over = eventually(|| {
        now = router.counters().unwrap();
        ledger.dropped(&now) + good == sent
    });
    sleep(Duration::from_millis(20));
    told.listen(&station);
    let rate = u128::from(flooded) * 1_000 / elapsed.as_millis();
    let what = format!("{flooded} expired packets of {sources} sources at {rate}/s");
    let Told { time_exceeded, path_mtu, longest, .. } = told;
    println!(
        "{what}: {time_exceeded} answered; {path_mtu} of {probed} told the MTU, in {longest:?}"
    );
    ledger.settle(&what, &now, sent, good);
    assert!(is_over);
    assert_eq!(time_exceeded, ledger.of(Verdict::IcmpTimeExceeded, &now), "what is told arrives");
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap();
    let allowed = BURST + ANSWERS * (milliseconds + 1) / 1_000;
    assert!(time_exceeded <= allowed, "{time_exceeded} answers, {allowed} allowed");
    // A flood that nobody answers would say nothing about the limit.
    assert!(time_exceeded > allowed / 10, "{time_exceeded} answers, {allowed} allowed");
    assert_eq!(path_mtu, probed);
    assert!(longest <= LONGEST_ANSWER, "{longest:?}");
    router.shutdown().unwrap();
}

#[test]
fn a_flood_of_one_source_leaves_all_else_alone() {
    flood(1);
}

#[test]
fn a_flood_of_ten_thousand_sources_leaves_all_else_alone() {
    flood(10_000);
}
