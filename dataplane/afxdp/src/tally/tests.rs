use std::path::PathBuf;

use aya::{Ebpf, maps::Map};

use super::*;

fn count_of(tally: &Tally, verdict: Verdict) -> u64 {
    tally.read()[usize::from(verdict.number())]
}

/// The maps of the gateway's object.
fn object() -> Ebpf {
    let prebuilt = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ebpf/prebuilt");
    let directory = std::env::var_os(crate::DIRECTORY).map_or(prebuilt.into(), PathBuf::from);
    Ebpf::load_file(directory.join("ergw.bpf.o")).unwrap()
}

fn data(map: &mut Map) -> &mut MapData {
    let Map::Array(data) = map else { panic!("no array") };
    data
}

#[test]
fn counts_outlive_who_counted() {
    let mut ebpf = object();
    let map = data(ebpf.map_mut(abi::DAEMON_COUNTERS).unwrap());
    for round in 1..=3 {
        let tally = Tally::in_map(map).unwrap();
        tally.count(Verdict::GwNoState);
        tally.add(Verdict::GwForwarded, 10);
        assert_eq!(count_of(&tally, Verdict::GwNoState), round);
        assert_eq!(count_of(&tally, Verdict::GwForwarded), 10 * round);
        assert_eq!(tally.read().iter().sum::<u64>(), 11 * round);
    }
}

#[test]
fn another_map_is_refused_by_its_size() {
    let mut ebpf = object();
    let error = Tally::in_map(data(ebpf.map_mut(abi::VERSION_MAP).unwrap())).unwrap_err();
    assert!(error.to_string().contains(&format!("expects {BYTES}")), "{error}");
}

#[test]
fn counts_of_a_process_are_its_own() {
    let tally = Tally::default();
    tally.count(Verdict::GwForwarded);
    assert_eq!(count_of(&tally, Verdict::GwForwarded), 1);
    assert_eq!(Tally::default().read().iter().sum::<u64>(), 0);
}
