//! Packets to a customer that go on in pieces are policed at the circuit's bandwidth like all others, and
//! as wholes: no piece arrives alone.

use std::{
    collections::BTreeMap,
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
    namespace::ip,
    rig::{self, ETH1, ETH2, mac},
    soak,
    station::{Pace, Station},
};

/// Bits a second of the circuit; four times as much is offered.
const BANDWIDTH: u64 = 8_000_000;
const BURST: Duration = Duration::from_millis(20);
/// Bytes of a packet, which the customer's link takes in two pieces.
const LENGTH: usize = 1_400;
const MTU: usize = 1_000;
/// 976 bytes of data fit, which leaves 404.
const PIECES: u64 = (14 + 20 + 976) + (14 + 20 + 404);
const OFFERED: u32 = 2_800;

#[test]
fn pieces_to_a_customer_are_policed_as_wholes() {
    let bench = Bench::empty();
    ip(&format!("link set eth1 mtu {MTU}"));
    let (mut router, _) = Router::start(Loader::default().load(&bench.pins()).unwrap()).unwrap();
    let mut state = rig::state();
    state.circuit_ports.get_mut("eth1").unwrap().bandwidth = Some(BANDWIDTH);
    router.apply(Revision(1), &state).unwrap();
    let vm = Station::open(&bench.hosts.vm, "eth2p");
    let customer = Station::open(&bench.hosts.customer, "eth1p");
    let ledger = Ledger::open(&router.counters().unwrap());
    let length = Duration::from_secs(soak::rounds(2, 30).into());
    // By the identification that the pieces of a packet share: how many came.
    let mut pieces: BTreeMap<u16, u64> = BTreeMap::new();
    let (mut arrived, mut whole, mut sent) = (0, 0, 0_u64);
    let mut listen = |customer: &Station| {
        while let Some(frame) = customer.receive(mac(ETH1)) {
            arrived += frame.len() as u64;
            let number = u16::from_be_bytes([frame[18], frame[19]]);
            let count = pieces.entry(number).or_default();
            *count += 1;
            if *count == 2 {
                pieces.remove(&number);
                whole += 1;
            }
        }
        (arrived, whole, pieces.len())
    };
    let (started, mut pace) = (Instant::now(), Pace::new(OFFERED));
    while started.elapsed() < length {
        for _ in 0..pace.next() {
            let packet = Packet::udp(ETH2, [10, 255, 10, 4], [172, 16, 1, 1])
                .with(|header| {
                    header.identification = sent as u16;
                    header.dont_fragment = false;
                })
                .with_length(LENGTH);
            vm.send(&packet.bytes());
            sent += 1;
        }
        listen(&customer);
    }
    let elapsed = started.elapsed();
    let mut now = router.counters().unwrap();
    let is_over = eventually(|| {
        now = router.counters().unwrap();
        ledger.dropped(&now) + ledger.of(Verdict::Fragmented, &now) == sent
    });
    // The last packet was judged at some time before now.
    let judged = started.elapsed();
    sleep(Duration::from_millis(50));
    let (arrived, whole, alone) = listen(&customer);
    let paid = |time: Duration| {
        u64::try_from((time + BURST).as_micros()).unwrap() * (BANDWIDTH / 8) / 1_000_000
    };
    let (least, paid) = (paid(elapsed) * 80 / 100, paid(judged));
    let what = format!("{LENGTH} bytes by a link of {MTU}");
    println!("{what}: {arrived} bytes in {whole} packets in {judged:?}, {paid} bytes paid for");
    ledger.settle(&what, &now, sent, whole);
    assert!(is_over);
    assert_eq!((alone, arrived), (0, whole * PIECES), "no piece without the other");
    assert!(arrived <= paid + PIECES && arrived >= least, "{arrived} of {paid}");
    let policed = ledger.of(Verdict::PolicedToCustomer, &now);
    assert!(policed > sent / 2, "{policed} of {sent} policed");
    router.shutdown().unwrap();
}
