//! A process is killed at every step of starting and applying states. The next start finds the old fast
//! path or the new one, and nothing is left of the killed one.
//!
//! The process that dies is this test binary, started again to run the one test that is ignored.

use std::{
    collections::BTreeSet,
    env, fs,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use desired::MseeState;
use msee::fastpath::{
    Loader, Neighbours,
    steps::{Step, Steps},
};
use tempfile::TempDir;

use crate::{
    bench::{Bench, names},
    faults::{Fault, kill_at},
    kernel::{Objects, pinned_maps, pinned_tags},
    neighbours::{learned, silent},
    object,
    rig::{self, GATEWAY},
    soak,
    traffic::Traffic,
};

/// What the killed process starts over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// Nothing.
    Nothing,
    /// Its own build.
    Same,
    /// Another build.
    Other,
    /// Another ABI version.
    OtherAbi,
}

/// Takes a port away, and adds it again: a detachment and an attachment.
fn states() -> [MseeState; 2] {
    let mut without = rig::state();
    without.circuit_ports.remove("eth3");
    [without, rig::state()]
}

fn run(loader: &Loader, pins: &Path) {
    let mut fast_path = loader.load(pins).unwrap();
    for state in states() {
        fast_path.apply(&state, &Neighbours::default()).unwrap();
    }
    // And learns, anew when it has moved.
    fast_path.apply(&silent(), &learned(&fast_path, GATEWAY)).unwrap();
    fast_path.learn(&learned(&fast_path, GATEWAY + 1)).unwrap();
}

const PINS: &str = "ERLAB_TEST_PINS";
const OBJECTS: &str = "ERLAB_TEST_OBJECTS";
const KILL_AT: &str = "ERLAB_TEST_KILL_AT";

#[test]
#[ignore = "it is the process that the tests of this file kill"]
fn a_process_that_is_killed() {
    let Some(pins) = env::var_os(PINS).map(PathBuf::from) else { return };
    let objects = env::var_os(OBJECTS).map(PathBuf::from).unwrap();
    let number = env::var(KILL_AT).unwrap().parse().unwrap();
    run(&Loader::default().objects(&objects).replace(true).steps(kill_at(number)), &pins);
}

/// Starts a process that is to be killed at the `number`th step.
fn start_and_kill(objects: &TempDir, pins: &Path, number: u32) {
    let status = Command::new(env::current_exe().unwrap())
        .args(["--exact", "kill::a_process_that_is_killed", "--ignored", "--test-threads=1"])
        .env(PINS, pins)
        .env(OBJECTS, objects.path())
        .env(KILL_AT, number.to_string())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.signal(), Some(9), "killed at step {number}: {status}");
}

/// The fast path of one build after another, under traffic.
struct Story {
    bench: Bench,
    over: Over,
    builds: [TempDir; 2],
    tags: [BTreeSet<u64>; 2],
    /// Which build is in force.
    in_force: usize,
    maps: usize,
}

impl Story {
    fn begin(over: Over) -> Self {
        let number = 0x0dea_d000 + over as u32 * 2;
        let builds = [number, number + 1].map(|number| object::directory(&object::build(number)));
        let bench = Bench::empty();
        let mut story =
            Self { bench, over, builds, tags: Default::default(), in_force: 0, maps: 0 };
        for build in [1, 0] {
            run(&story.loader(build, Steps::default()), &story.bench.pins());
            story.tags[build] = pinned_tags(&story.bench.pins());
        }
        story.maps = pinned_maps(&story.bench.pins());
        story
    }

    fn loader(&self, build: usize, steps: Steps) -> Loader {
        Loader::default().objects(self.builds[build].path()).replace(true).steps(steps)
    }

    fn next_build(&self) -> usize {
        if self.over == Over::Other { 1 - self.in_force } else { self.in_force }
    }

    /// Makes what the next process starts over.
    fn prepare(&self) {
        let pins = self.bench.pins();
        match self.over {
            Over::Same | Over::Other => {}
            Over::Nothing => {
                let loader = self.loader(self.in_force, Steps::default());
                loader.load(&pins).unwrap().shutdown().unwrap();
            }
            Over::OtherAbi => {
                let ours = pins.join(format!("abi-{}", abi::VERSION));
                fs::rename(ours, pins.join("abi-1")).unwrap();
            }
        }
    }

    /// The steps of a process that is not killed.
    fn steps(&mut self) -> Vec<Step> {
        let fault = Fault::default();
        self.prepare();
        self.in_force = self.next_build();
        run(&self.loader(self.in_force, fault.steps()), &self.bench.pins());
        fault.disarm().0
    }

    /// Kills a process at its `number`th step, and looks at what is left.
    fn kill_at(&mut self, number: u32) {
        self.prepare();
        let (former, build) = (self.in_force, self.next_build());
        let pins = self.bench.pins();
        start_and_kill(&self.builds[build], &pins, number);
        if self.over != Over::Nothing {
            let links = self.tags.iter().flat_map(|tags| Objects::of(tags).links);
            let links: BTreeSet<u32> = links.collect();
            // Of each interface that carries traffic, and perhaps of the one that comes and goes.
            assert!(links.len() >= 3, "{links:?} after step {number}");
        }
        let mut fast_path = self.loader(build, Steps::default()).load(&pins).unwrap();
        fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
        drop(fast_path);
        self.in_force = build;
        assert_eq!(names(self.bench.namespace.bpffs()), ["msee-a"]);
        let maps = format!("abi-{}", abi::VERSION);
        assert_eq!(names(&pins), [&maps, "links", "msee_inject", "msee_port"]);
        assert_eq!(names(&pins.join("links")), ["eth1", "eth2", "eth3", "xcpu1"]);
        Objects::settle(&self.tags[build], 2, 4, self.maps);
        if former != build {
            Objects::settle(&self.tags[former], 0, 0, 0);
        }
    }

    /// Numbers of the steps to be killed at: all in a soak. Else steps of one kind in a row are alike,
    /// and one of them is enough; of those every second in an upgrade, and every fourth else.
    fn chosen(&self, steps: &[Step]) -> Vec<u32> {
        let all = (1..).zip(steps);
        let differs = |number: u32| {
            let index = number as usize - 1;
            index == 0 || steps[index - 1] != steps[index]
        };
        if soak::rounds(0, 1) == 1 {
            return all.map(|(number, _)| number).collect();
        }
        let every = if self.over == Over::Other { 2 } else { 4 };
        let differing = all.filter(|(number, _)| differs(*number));
        differing.step_by(every).map(|(number, _)| number).collect()
    }

    fn tell(mut self) {
        let steps = self.steps();
        let traffic = (self.over != Over::Nothing).then(|| Traffic::start(&self.bench.hosts));
        let chosen = self.chosen(&steps);
        for number in &chosen {
            self.kill_at(*number);
        }
        let killed = chosen.len();
        let over = self.over;
        println!("over {over:?}: killed at {killed} of {} steps {steps:?}", steps.len());
        if let Some(traffic) = traffic {
            traffic.stop(&format!("{killed} kills over {over:?}"));
        } else {
            Traffic::check(&self.bench.hosts);
        }
        self.loader(self.in_force, Steps::default())
            .load(&self.bench.pins())
            .unwrap()
            .shutdown()
            .unwrap();
        Objects::settle(&self.tags[self.in_force], 0, 0, 0);
    }
}

#[test]
fn killed_while_it_starts_for_the_first_time() {
    Story::begin(Over::Nothing).tell();
}

#[test]
fn killed_while_it_adopts() {
    Story::begin(Over::Same).tell();
}

#[test]
fn killed_while_it_upgrades() {
    Story::begin(Over::Other).tell();
}

#[test]
fn killed_while_it_takes_over_from_another_abi_version() {
    Story::begin(Over::OtherAbi).tell();
}
