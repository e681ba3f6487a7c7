//! R20: a path loses one packet in a hundred, and the rest passes: the far end of a link takes no frame as long as
//! its own end does, and a hundredth of the packets is that long. The counters say so by name, on that path
//! alone.

use std::time::{Duration, Instant};

use abi::verdict::Verdict;
use desired::{Adjacency, Revision};
use msee::{daemon::Router, fastpath::Loader};

use crate::{
    bench::{Bench, eventually},
    frames::Packet,
    host::Host,
    ledger::Ledger,
    namespace::ip,
    rig::{self, ETH1, ETH2, ETH3, mac},
    soak,
    station::{Pace, Station},
};

const RATE: u32 = 10_000;
/// Of the far end; the router's own is 1,500.
const MTU: usize = 1_000;
const LONGEST: Duration = Duration::from_secs(10);
/// How often somebody looks at the counters.
const LOOKS: Duration = Duration::from_millis(500);

/// A packet for a VM that FastPath reaches, or for the customer behind `eth3`: every hundredth is long.
fn packet(number: u64, destination: [u8; 4]) -> Vec<u8> {
    let length = if number.is_multiple_of(100) { MTU + 100 } else { MTU / 10 };
    Packet::udp(ETH1, [172, 16, 1, 1], destination).with_length(length).bytes()
}

#[test]
fn a_path_that_loses_one_packet_in_a_hundred_shows_in_the_counters() {
    let bench = Bench::empty();
    let mut state = rig::state();
    let eth3 = Adjacency::Ce { port: "eth3".to_owned() };
    let second = rig::vrf(&[("172.16.3.0/30", eth3)]);
    state.vrfs.get_mut("circuit").unwrap().routes.extend(second.routes);
    let (mut router, _) = Router::start(Loader::default().load(&bench.pins()).unwrap()).unwrap();
    router.apply(Revision(1), &state).unwrap();
    let behind = Host::start();
    ip(&format!("link set eth3p netns {}", behind.thread));
    behind.run(|| ip("link set eth3p up"));
    let customer = Station::open(&bench.hosts.customer, "eth1p");
    let vm = Station::open(&bench.hosts.vm, "eth2p");
    let other = Station::open(&behind, "eth3p");
    let arrivals =
        |station: &Station, port| std::iter::from_fn(|| station.receive(mac(port))).count() as u64;
    let (mut arrived, mut sent) = ([0; 2], 0);
    let mut seen_after = None;
    let ledger = Ledger::open(&router.counters().unwrap());
    let wanted = u64::from(soak::rounds(20_000, 600_000));
    let mut pace = Pace::new(RATE);
    bench.hosts.vm.run(|| ip(&format!("link set eth2p mtu {MTU}")));
    let (started, mut looked) = (Instant::now(), Instant::now());
    while sent < wanted {
        for _ in 0..pace.next().min(wanted - sent) {
            customer.send(&packet(sent, [10, 255, 10, 4]));
            customer.send(&packet(sent, [172, 16, 3, 1]));
            sent += 1;
        }
        arrived[0] += arrivals(&vm, ETH2);
        arrived[1] += arrivals(&other, ETH3);
        if seen_after.is_none() && looked.elapsed() >= LOOKS {
            looked = Instant::now();
            let now = router.counters().unwrap();
            let lost = ledger.of(Verdict::KernelDevmapError, &now);
            seen_after = (lost > 0).then(|| (lost, started.elapsed()));
        }
    }
    let mut now = router.counters().unwrap();
    let is_over = eventually(|| {
        arrived[0] += arrivals(&vm, ETH2);
        arrived[1] += arrivals(&other, ETH3);
        now = router.counters().unwrap();
        arrived[0] + arrived[1] + ledger.dropped(&now) == 2 * sent
    });
    let (lost, after) = seen_after.expect("seen");
    println!("{lost} lost packets seen after {after:?}, by looks every {LOOKS:?}");
    ledger.settle("one of two paths loses 1 %", &now, 2 * sent, arrived[0] + arrived[1]);
    assert!(is_over && after <= LONGEST);
    let lost = ledger.of(Verdict::KernelDevmapError, &now);
    assert_eq!((lost, ledger.dropped(&now)), (sent / 100, sent / 100), "one name for all of it");
    assert_eq!(arrived, [sent - lost, sent], "and nothing of the other path");
    router.shutdown().unwrap();
}
