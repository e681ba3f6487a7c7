//! R11: nested prefixes from /0 to /32 are added one by one in every order, and removed one by one in the
//! same order, under packets: at no time does one take another next hop than that of the longest
//! prefix in its table.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use abi::verdict::Verdict;
use desired::MseeState;
use msee::fastpath::Neighbours;

use crate::{
    bench::Bench,
    frames::Packet,
    judge::{Judge, Judged},
    rig::{self, ETH1},
    soak,
    traffic::Traffic,
};

/// Each holds the next one; with the last byte of its next hop.
const PREFIXES: [(&str, u8); 6] = [
    ("0.0.0.0/0", 0x61),
    ("20.0.0.0/7", 0x62),
    ("20.30.0.0/16", 0x63),
    ("20.30.40.0/21", 0x64),
    ("20.30.40.0/25", 0x65),
    ("20.30.40.50/32", 0x66),
];

/// An address in each prefix and in no longer one.
const ADDRESSES: [[u8; 4]; 6] = [
    [99, 1, 1, 1],
    [21, 1, 1, 1],
    [20, 30, 1, 1],
    [20, 30, 47, 1],
    [20, 30, 40, 51],
    [20, 30, 40, 50],
];

/// Prefixes in a table, one bit each.
type Members = u8;

/// All orders of the prefixes.
fn orders() -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for _ in PREFIXES {
        let longer = orders.iter().flat_map(|order: &Vec<usize>| {
            let others = (0..PREFIXES.len()).filter(|next| !order.contains(next));
            others.map(|next| [&order[..], &[next]].concat())
        });
        orders = longer.collect();
    }
    orders
}

/// The tables one after the other, each one prefix away from the one before it; the first is empty.
fn tables(orders: &[Vec<usize>]) -> Vec<Members> {
    let mut tables: Vec<Members> = vec![0];
    for order in orders {
        for prefix in order.iter().chain(order) {
            tables.push(tables.last().unwrap() ^ (1 << prefix));
        }
    }
    tables
}

fn state(members: Members) -> MseeState {
    let mut state = rig::state();
    let is_member = |index: &usize| members >> index & 1 == 1;
    let routes: Vec<_> = (0..PREFIXES.len())
        .filter(is_member)
        .map(|index| (PREFIXES[index].0, rig::direct(PREFIXES[index].1)))
        .collect();
    let vrf = state.vrfs.get_mut("circuit").unwrap();
    vrf.routes.extend(rig::vrf(&routes).routes);
    state
}

/// What the longest prefix of a table says about the address: its next hop, if there is one.
fn expected(members: Members, address: usize) -> Option<u8> {
    let longest = (0..=address).rev().find(|index| members >> index & 1 == 1);
    longest.map(|index| PREFIXES[index].1)
}

#[test]
fn nested_prefixes_come_and_go_in_any_order_without_a_wrong_hop() {
    let (bench, mut fast_path) = Bench::start();
    let first = fast_path.compiled().generation();
    let port = fast_path.ports().iter().find(|port| port.name == "eth1").unwrap();
    let judge = Judge::new(&bench.pins(), port.ifindex);
    let every = soak::rounds(30, 1) as usize;
    let orders: Vec<_> = orders().into_iter().step_by(every).collect();
    let tables = tables(&orders);
    let frames = ADDRESSES.map(|address| Packet::udp(ETH1, [172, 16, 1, 1], address).bytes());
    let traffic = Traffic::start(&bench.hosts);
    let stop = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let packets = scope.spawn(|| {
            // By address and by whether there was a route.
            let mut seen = [[0_u64; 2]; 6];
            while !stop.load(Ordering::Relaxed) {
                for (address, frame) in frames.iter().enumerate() {
                    let judged = judge.judge(frame);
                    let Judged { generation, verdict, hop } = judged;
                    let members = tables[(u64::from(generation) - first) as usize];
                    let taken = (verdict == Verdict::ForwardedDirect).then_some(hop);
                    let wanted = expected(members, address);
                    assert_eq!(taken, wanted, "{members:b}, address {address}, {judged:?}");
                    // Punted, or without a socket refused.
                    let unrouted = matches!(verdict, Verdict::NoRoute | Verdict::PuntRefused);
                    assert!(taken.is_some() || unrouted, "{judged:?}");
                    seen[address][usize::from(taken.is_some())] += 1;
                }
            }
            seen
        });
        for members in &tables[1..] {
            fast_path.apply(&state(*members), &Neighbours::default()).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        packets.join().unwrap()
    });
    let (orders, changes) = (orders.len(), tables.len() - 1);
    let what = format!("{orders} orders of {} nested prefixes, {changes} changes", PREFIXES.len());
    traffic.stop(&what);
    println!("{what}: packets to each address without and with a route {seen:?}");
    assert!(seen.iter().flatten().all(|count| *count > 100), "{seen:?}");
    fast_path.shutdown().unwrap();
}
