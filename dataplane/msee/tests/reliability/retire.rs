//! A table of 10,000 routes is put in force and retired under traffic.

use std::time::Duration;

use desired::MseeState;
use msee::fastpath::Neighbours;

use crate::{bench::Bench, rig, soak, traffic::Traffic};

const ROUTES: usize = 10_000;
/// Five times the goal, because the machine is shared.
const LONGEST_GAP: Duration = Duration::from_millis(25);

fn with_routes(count: usize) -> MseeState {
    let mut state = rig::state();
    let prefixes: Vec<String> =
        (0..count).map(|number| format!("20.{}.{}.0/24", number / 256, number % 256)).collect();
    let next_hops = (0..=0xff_u8).cycle().map(rig::direct);
    let routes: Vec<_> = prefixes.iter().map(String::as_str).zip(next_hops).collect();
    let vrf = state.vrfs.get_mut("circuit").unwrap();
    vrf.routes.extend(rig::vrf(&routes).routes);
    state
}

#[test]
fn retiring_a_large_table_stops_no_packet() {
    let (bench, mut fast_path) = Bench::start();
    let (large, small) = (with_routes(ROUTES), rig::state());
    let rounds = soak::rounds(30, 500);
    let traffic = Traffic::start(&bench.hosts);
    for _ in 0..rounds {
        fast_path.apply(&large, &Neighbours::default()).unwrap();
        fast_path.apply(&small, &Neighbours::default()).unwrap();
    }
    let what = format!("{rounds} tables of {ROUTES} routes retired");
    for report in traffic.stop(&what) {
        assert!(report.longest_added <= LONGEST_GAP, "{report:?}");
    }
    fast_path.shutdown().unwrap();
}
