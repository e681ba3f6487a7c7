//! R22: the program and the reference forwarder agree on frames without end.
//!
//! `ERLAB_FUZZ_FRAMES` and `ERLAB_FUZZ_SEED` ask for more, or others (`make fuzz`). A frame on which the
//! two disagreed becomes a line of `regressions.txt`: a sentence, the port, the frame.

use std::{collections::BTreeMap, env, time::Instant};

use oracle::{
    generate::{Generator, XorShift},
    scene,
};

use crate::oracle_rig::OracleRig;

/// Frames of an ordinary run.
const FRAMES: u64 = 1_000_000;

pub fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).map_or(otherwise, |text| text.parse().expect(variable))
}

#[test]
fn the_program_judges_every_frame_as_the_rfcs_do() {
    let (frames, seed) = (number("ERLAB_FUZZ_FRAMES", FRAMES), number("ERLAB_FUZZ_SEED", 1));
    let mut rig = OracleRig::start();
    let mut generator = Generator::new(&scene::state(), &rig.ports);
    let mut random = XorShift::new(seed);
    let started = Instant::now();
    let mut verdicts: BTreeMap<&str, u64> = BTreeMap::new();
    for number in 0..frames {
        let frame = generator.frame(&mut || random.next()).unwrap();
        let expected = rig.oracle.judge(frame.ifindex, &frame.bytes);
        let end = rig.seen(frame.ifindex, &frame.bytes);
        *verdicts.entry(end.verdict.name()).or_default() += 1;
        if !expected.allows(&end) {
            rig.check(&format!("seed {seed}, frame {number}"), frame.ifindex, &frame.bytes);
        }
    }
    println!("{frames} frames of seed {seed} in {:?}: {verdicts:#?}", started.elapsed());
    assert!(frames < FRAMES || verdicts.len() >= 25, "{verdicts:?}");
}

#[test]
fn frames_that_once_divided_them_do_so_no_more() {
    let mut rig = OracleRig::start();
    for line in include_str!("regressions.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.splitn(3, ' ');
        let mut field = || fields.next().unwrap();
        let (port, frame, sentence) = (field(), field(), field());
        let ifindex = rig.ports.iter().find(|it| it.name == port).unwrap().ifindex;
        let bytes: Vec<u8> = (0..frame.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&frame[at..at + 2], 16).unwrap())
            .collect();
        rig.check(sentence, ifindex, &bytes);
    }
}
