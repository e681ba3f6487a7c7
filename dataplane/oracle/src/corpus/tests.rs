use std::collections::BTreeSet;

use super::*;
use crate::{Oracle, scene};

fn oracle() -> Oracle {
    Oracle::new(&scene::state(), &scene::ports()).unwrap()
}

#[test]
fn names_are_unique() {
    let mut names = BTreeSet::new();
    for case in cases() {
        assert!(names.insert((case.group, case.name)), "{}: {}", case.group, case.name);
    }
    for case in frame_cases() {
        assert!(names.insert((case.group, case.name)), "{}: {}", case.group, case.name);
    }
}

#[test]
fn there_are_enough() {
    let of = |ethertype| cases().iter().filter(|case| case.ethertype == ethertype).count();
    assert!(of(0x0800) >= 200, "{}", of(0x0800));
    assert!(of(0x86dd) >= 200, "{}", of(0x86dd));
}

#[test]
fn the_oracle_agrees_with_every_case() {
    let (oracle, ports) = (oracle(), scene::ports());
    let mut wrong = Vec::new();
    for case in cases() {
        let frames = case.frames(&ports);
        assert!(!frames.is_empty(), "{}: {}", case.group, case.name);
        for frame in frames {
            let judgement = oracle.judge(frame.ifindex, &frame.bytes);
            if judgement.verdict() != Some(case.verdict) {
                let name = format!("{}: {} on {}", case.group, case.name, frame.port);
                wrong.push(format!("{name}: {:?}, not {:?}", judgement.verdict(), case.verdict));
            }
        }
    }
    for case in frame_cases() {
        let frame = case.framed(&ports).unwrap();
        let judgement = oracle.judge(frame.ifindex, &frame.bytes);
        if judgement.verdict() != Some(case.verdict) {
            let name = format!("{}: {}", case.group, case.name);
            wrong.push(format!("{name}: {:?}, not {:?}", judgement.verdict(), case.verdict));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
