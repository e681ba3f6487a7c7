//! What the kernel holds of ours: programs, links and maps, found by the programs' tags. A build that
//! only one test uses (`object::build`) has tags that no other process's programs have.

use std::{
    collections::BTreeSet,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use aya::programs::{Xdp, loaded_links, loaded_programs};
use aya_obj::programs::XdpAttachType;

use crate::bench::names;

/// The kernel frees what nobody holds some time later.
const DEADLINE: Duration = Duration::from_secs(10);

/// The tags of the programs that are pinned.
pub fn pinned_tags(pins: &Path) -> BTreeSet<u64> {
    let programs = ["msee_port", "msee_inject"].map(|name| pins.join(name));
    let programs = programs.map(|pin| Xdp::from_pin(pin, XdpAttachType::Interface).unwrap());
    programs.iter().map(|program| program.info().unwrap().tag()).collect()
}

/// Maps that no program uses: one tells a version by its size, two are for the next process.
const UNUSED: [&str; 3] = [abi::VERSION_MAP, abi::DAEMON_COUNTERS, "NEXT_HOPS"];

/// How many maps the pinned programs use.
pub fn pinned_maps(pins: &Path) -> usize {
    let pinned = names(&pins.join(format!("abi-{}", abi::VERSION)));
    assert!(UNUSED.iter().all(|unused| pinned.iter().any(|name| name == unused)), "{pinned:?}");
    pinned.len() - UNUSED.len()
}

/// Programs with a tag of these, the links that attach them, and the maps they use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    pub programs: BTreeSet<u32>,
    pub links: BTreeSet<u32>,
    pub maps: BTreeSet<u32>,
}

impl Objects {
    pub fn of(tags: &BTreeSet<u64>) -> Self {
        let mut found = Self::default();
        // What is freed meanwhile is an error of the iterator.
        for program in loaded_programs().flatten().filter(|it| tags.contains(&it.tag())) {
            found.programs.insert(program.id());
            found.maps.extend(program.map_ids().ok().flatten().unwrap_or_default());
        }
        let links = loaded_links().flatten();
        let ours = links.filter(|link| found.programs.contains(&link.program_id()));
        found.links = ours.map(|link| link.id()).collect();
        found
    }

    /// Waits until these many programs, links and maps are left.
    pub fn settle(tags: &BTreeSet<u64>, programs: usize, links: usize, maps: usize) -> Self {
        let started = Instant::now();
        loop {
            let found = Self::of(tags);
            let counts = (found.programs.len(), found.links.len(), found.maps.len());
            if counts == (programs, links, maps) {
                return found;
            }
            assert!(
                started.elapsed() < DEADLINE,
                "{counts:?} programs, links and maps are left, not {:?}",
                (programs, links, maps)
            );
            sleep(Duration::from_millis(5));
        }
    }
}
