//! The program of every port is swapped for another build's under traffic.

use msee::fastpath::Loader;

use crate::{
    bench::Bench,
    kernel::{Objects, pinned_maps, pinned_tags},
    object, soak,
    traffic::Traffic,
};

#[test]
fn swapping_programs_loses_nothing() {
    let builds = [0x5a_0001, 0x5a_0002].map(|number| object::directory(&object::build(number)));
    let loaders = builds.each_ref().map(|build| Loader::default().objects(build.path()));
    let bench = Bench::empty();
    let mut fast_path = bench.load(&loaders[0]);
    let maps = pinned_maps(&bench.pins());
    let mut tags = [pinned_tags(&bench.pins()), std::collections::BTreeSet::new()];
    let swaps = soak::rounds(20, 500);
    let traffic = Traffic::start(&bench.hosts);
    for swap in 1..=swaps as usize {
        drop(fast_path);
        fast_path = loaders[swap % 2].load(&bench.pins()).unwrap();
        tags[swap % 2] = pinned_tags(&bench.pins());
    }
    traffic.stop(&format!("{swaps} swaps"));
    assert_ne!(tags[0], tags[1], "two builds");
    let in_force = swaps as usize % 2;
    Objects::settle(&tags[in_force], 2, 4, maps);
    Objects::settle(&tags[1 - in_force], 0, 0, 0);
    fast_path.shutdown().unwrap();
    Objects::settle(&tags[in_force], 0, 0, 0);
}
