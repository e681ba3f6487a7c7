//! An upgrade and the way back: each process is of another build than the one before, adopts its tables
//! and applies a state of its own.

use msee::fastpath::{Loader, Neighbours};

use crate::{
    bench::Bench,
    kernel::{Objects, pinned_maps, pinned_tags},
    object, rig, soak,
    traffic::Traffic,
};

#[test]
fn upgrades_and_downgrades_lose_nothing() {
    let builds = [0x8_0001, 0x8_0002].map(|number| object::directory(&object::build(number)));
    let [former, latter] = builds.each_ref().map(|build| Loader::default().objects(build.path()));
    let bench = Bench::empty();
    let mut fast_path = bench.load(&former);
    let mut tags = pinned_tags(&bench.pins());
    let mut generation = fast_path.compiled().generation();
    let traffic = Traffic::start(&bench.hosts);
    let rounds = soak::rounds(5, 20);
    for _ in 0..rounds {
        for loader in [&latter, &former] {
            drop(fast_path);
            fast_path = loader.load(&bench.pins()).unwrap();
            assert_ne!(pinned_tags(&bench.pins()), tags, "another program");
            tags = pinned_tags(&bench.pins());
            assert_eq!(fast_path.compiled().generation(), generation, "the same tables");
            fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
            generation += 1;
        }
    }
    traffic.stop(&format!("{rounds} upgrades and downgrades"));
    Objects::settle(&tags, 2, 4, pinned_maps(&bench.pins()));
    fast_path.shutdown().unwrap();
}
