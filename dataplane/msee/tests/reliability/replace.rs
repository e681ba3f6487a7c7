//! R9: a table of 10,000 routes is replaced by one in which half of them have another next hop, again
//! and again, under packets. Each takes the next hop of the generation that judged it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use abi::verdict::Verdict;
use desired::{MseeState, Route};
use msee::fastpath::{
    Loader, Neighbours,
    steps::{Step, Steps},
};

use crate::{
    bench::Bench,
    frames::Packet,
    judge::Judge,
    ledger::Ledger,
    rig::{self, ETH1},
    soak,
    traffic::Traffic,
};

const ROUTES: usize = 10_000;
/// Next hops, so many that the one of a prefix is another one for more generations than can be in
/// use at a time.
const HOPS: usize = 251;
/// From the call to the store that puts the table in force. Five times the promise, because the
/// machine is shared.
const LONGEST_FLIP: Duration = Duration::from_secs(5);

fn network(route: usize) -> [u8; 4] {
    let [.., high, low] = route.to_be_bytes();
    [20, high, low, 0]
}

/// The next hop of a route after so many replacements: of every second route another one each time.
fn hop(route: usize, replacements: u64) -> u8 {
    let changes = if route.is_multiple_of(2) { 0 } else { replacements as usize };
    u8::try_from((route + changes) % HOPS).unwrap()
}

fn table(replacements: u64) -> MseeState {
    let mut state = rig::state();
    let hops: Vec<_> = (0..=0xff).map(rig::direct).collect();
    let route = |route: usize| {
        let [a, b, c, d] = network(route);
        let prefix = format!("{a}.{b}.{c}.{d}/24").parse().unwrap();
        let adjacency = hops[usize::from(hop(route, replacements))].clone();
        (prefix, Route { adjacency, why: String::new() })
    };
    let routes: BTreeMap<_, _> = (0..ROUTES).map(route).collect();
    state.vrfs.get_mut("circuit").unwrap().routes.extend(routes);
    state
}

/// Packets until `stop`: how many of each program.
fn packets(judge: &Judge, first: u64, stop: &AtomicBool) -> (u64, u64) {
    let frames: Vec<_> = (0..ROUTES)
        .map(|route| {
            let [a, b, c, _] = network(route);
            Packet::udp(ETH1, [172, 16, 1, 1], [a, b, c, 9]).bytes()
        })
        .collect();
    let (mut traced, mut forwarded) = (0, 0);
    let mut route = 0;
    while !stop.load(Ordering::Relaxed) {
        // Steps of a prime reach all routes, and neighbours in no order.
        route = (route + 7_919) % ROUTES;
        let judged = judge.judge(&frames[route]);
        let replacements = u64::from(judged.generation) - first;
        let expected = (Verdict::ForwardedDirect, hop(route, replacements));
        assert_eq!((judged.verdict, judged.hop), expected, "route {route}, {judged:?}");
        traced += 1;

        let before = judge.generation() - first;
        let taken = judge.forward(&frames[route]);
        let after = judge.generation() - first;
        let taken = taken.expect("a route that is in every table");
        let allowed = (before..=after).any(|generation| hop(route, generation) == taken);
        assert!(allowed, "route {route} to {taken:x} in {before}..={after}");
        forwarded += 1;
    }
    (traced, forwarded)
}

/// The middle one, the one that 99 of 100 are not longer than, and the longest.
fn quantiles(mut times: Vec<Duration>) -> [Duration; 3] {
    times.sort_unstable();
    [times.len() / 2, times.len() * 99 / 100, times.len() - 1].map(|at| times[at])
}

#[test]
fn each_packet_takes_the_next_hop_of_its_generation() {
    let bench = Bench::empty();
    let published = Arc::new(Mutex::new(Instant::now()));
    let told = Arc::clone(&published);
    let steps = Steps::new(move |step| {
        if step == Step::Publish {
            *told.lock().unwrap() = Instant::now();
        }
        Ok(())
    });
    let mut fast_path = bench.load(&Loader::default().steps(steps));
    fast_path.apply(&table(0), &Neighbours::default()).unwrap();
    let first = fast_path.compiled().generation();
    let port = fast_path.ports().iter().find(|port| port.name == "eth1").unwrap();
    let judge = Judge::new(&bench.pins(), port.ifindex);
    let replacements = u64::from(soak::rounds(20, 1_000));
    Traffic::check(&bench.hosts);
    let ledger = Ledger::open(&fast_path.counters().unwrap());
    let traffic = Traffic::run(&bench.hosts);
    let stop = AtomicBool::new(false);
    let (mut flips, mut waits) = (Vec::new(), Vec::new());
    let (traced, forwarded) = thread::scope(|scope| {
        let packets = scope.spawn(|| packets(&judge, first, &stop));
        for replacement in 1..=replacements {
            let table = table(replacement);
            let started = Instant::now();
            fast_path.apply(&table, &Neighbours::default()).unwrap();
            let published = *published.lock().unwrap();
            flips.push(published - started);
            waits.push(published.elapsed());
        }
        stop.store(true, Ordering::Relaxed);
        packets.join().unwrap()
    });
    let what = format!("{replacements} tables of {ROUTES} routes replaced");
    let reports = traffic.stop(&what);
    let [usual, most, longest] = quantiles(flips);
    println!(
        "{what}: in force after {usual:?}, 99 % after {most:?}, all after {longest:?} (goal 100 ms)"
    );
    let [usual, most, all] = quantiles(waits);
    println!("{what}: and the last reader of the table before after {usual:?}, {most:?}, {all:?}");
    println!("{what}: {traced} packets traced, {forwarded} through the program of the ports");
    let now = fast_path.counters().unwrap();
    let ways = reports.map(|report| report.sent);
    let sent = ways[0] + ways[1] + forwarded;
    let direct = ledger.of(Verdict::ForwardedDirect, &now);
    assert_eq!(direct, ways[0] + forwarded);
    ledger.settle(&what, &now, sent, direct + ledger.of(Verdict::ForwardedCe, &now));
    assert!(traced > 10 * replacements, "{traced} packets");
    assert!(longest <= LONGEST_FLIP, "{longest:?}");
    fast_path.shutdown().unwrap();
}
