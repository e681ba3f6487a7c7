//! R16: tables are put in force and retired under traffic, up to the largest that an image holds.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use abi::limits;
use desired::{MseeState, Route};
use msee::fastpath::Neighbours;

use crate::{
    bench::Bench,
    full_tables::{most, with_nodes},
    rig, soak,
    traffic::Traffic,
};

/// Five times the goal, because the machine is shared.
const LONGEST_GAP: Duration = Duration::from_millis(25);

/// Routes to hosts, one beside the other, with next hops that differ from each to the next.
fn with_routes(count: usize) -> MseeState {
    let mut state = rig::state();
    let next_hops: Vec<_> = (0..=0xff_u8).map(rig::direct).collect();
    let route = |number: usize| {
        let address = Ipv4Addr::from(20 << 24 | u32::try_from(number).unwrap());
        let adjacency = next_hops[number % next_hops.len()].clone();
        (IpAddr::V4(address).into(), Route { adjacency, why: String::new() })
    };
    let routes: BTreeMap<_, _> = (0..count).map(route).collect();
    state.vrfs.get_mut("circuit").unwrap().routes.extend(routes);
    state
}

#[test]
fn retiring_a_large_table_stops_no_packet() {
    let (bench, mut fast_path) = Bench::start();
    let nodes = most(with_nodes, limits::NODES, &mut |state| {
        fast_path.apply(state, &Neighbours::default()).is_ok()
    });
    let small = rig::state();
    for (count, with, rounds) in [
        (10_000, with_routes as fn(usize) -> MseeState, soak::rounds(30, 500)),
        // All that fit when each needs a node of its own.
        (nodes, with_nodes, soak::rounds(10, 200)),
        (100_000, with_routes, soak::rounds(2, 50)),
        (1_000_000, with_routes, soak::rounds(0, 5)),
    ] {
        if rounds == 0 {
            continue;
        }
        let large = with(count);
        let traffic = Traffic::start(&bench.hosts);
        for _ in 0..rounds {
            fast_path.apply(&large, &Neighbours::default()).unwrap();
            fast_path.apply(&small, &Neighbours::default()).unwrap();
        }
        for report in traffic.stop(&format!("{count} routes retired {rounds} times")) {
            assert!(report.longest_added <= LONGEST_GAP, "{count} routes: {report:?}");
        }
    }
    fast_path.shutdown().unwrap();
}
