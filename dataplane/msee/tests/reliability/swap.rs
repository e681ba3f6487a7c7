//! R5: the program of every port is swapped for another build's under traffic.
//!
//! A swap is preceded by the verifier, which keeps a CPU busy for a tenth of a second, and the machine has others to
//! serve. So the same is done without a swap first, and what is asked of a swap is what it adds to a gap beyond the
//! time in which a CPU ran nothing at all.

use std::{collections::BTreeSet, time::Duration};

use msee::fastpath::{FastPath, Loader};

use crate::{
    bench::Bench,
    kernel::{Objects, pinned_maps, pinned_tags},
    machine::{Watch, longest, longest_beyond},
    object, soak,
    traffic::Traffic,
};

/// Five times the goal, because the machine is shared.
const LONGEST_GAP: Duration = Duration::from_millis(5);

/// Starts processes one after the other, under traffic. Each adopts the tables, and swaps the programs if
/// they are not those of its own build. Returns what was added to a gap.
fn start_each<'l>(
    bench: &Bench,
    mut fast_path: FastPath,
    loaders: impl Iterator<Item = &'l Loader>,
    mut started: impl FnMut(BTreeSet<u64>),
    what: &str,
) -> (FastPath, Duration) {
    let traffic = Traffic::start(&bench.hosts);
    let watch = Watch::start();
    for loader in loaders {
        drop(fast_path);
        fast_path = loader.load(&bench.pins()).unwrap();
        started(pinned_tags(&bench.pins()));
    }
    let standstills = watch.stop();
    let late = traffic.stop(what).map(|report| report.late).concat();
    let beyond = longest_beyond(&late, &standstills);
    println!(
        "{what}: a CPU stood still {} times, {:?} at most; {} packets late, {beyond:?} at most beyond that",
        standstills.len(),
        longest(&standstills),
        late.len(),
    );
    (fast_path, beyond)
}

#[test]
fn swapping_programs_loses_nothing() {
    let builds = [0x5a_0001, 0x5a_0002].map(|number| object::directory(&object::build(number)));
    let loaders = builds.each_ref().map(|build| Loader::default().objects(build.path()));
    let bench = Bench::empty();
    let fast_path = bench.load(&loaders[0]);
    let maps = pinned_maps(&bench.pins());
    let swaps = soak::rounds(20, 500) as usize;

    let own = pinned_tags(&bench.pins());
    let same = std::iter::repeat_n(&loaders[0], swaps);
    let what = format!("{swaps} programs verified and not swapped");
    let unswapped = |tags| assert_eq!(tags, own);
    let (fast_path, _) = start_each(&bench, fast_path, same, unswapped, &what);

    let mut tags = [own.clone(), BTreeSet::new()];
    let mut swap = 0;
    let others = loaders.iter().cycle().skip(1).take(swaps);
    let what = format!("{swaps} programs verified and swapped");
    let swapped = |now| {
        swap += 1;
        tags[swap % 2] = now;
        assert_ne!(tags[0], tags[1], "two builds");
    };
    let (fast_path, added) = start_each(&bench, fast_path, others, swapped, &what);
    assert!(added <= LONGEST_GAP, "{added:?}");
    let in_force = swaps % 2;
    Objects::settle(&tags[in_force], 2, 4, maps);
    Objects::settle(&tags[1 - in_force], 0, 0, 0);
    fast_path.shutdown().unwrap();
    Objects::settle(&tags[in_force], 0, 0, 0);
}
