//! R21: the corpus of named frames, on every kind of link, whole and cut at every length from 14 bytes:
//! verdict, bytes, and the one count.

use std::collections::BTreeSet;

use oracle::{End, corpus};

use crate::{counted::Counted, oracle_rig::OracleRig};

#[test]
fn every_named_frame_ends_as_written() {
    let mut rig = OracleRig::start();
    let mut counted = Counted::new(&rig.pins(), &rig.fast_path);
    let (mut frames, mut cuts) = (0, 0);
    let mut names = BTreeSet::new();
    let ports = rig.ports.clone();
    let mut all = Vec::new();
    for case in corpus::cases() {
        let name = format!("{}: {}", case.group, case.name);
        names.insert(name.clone());
        all.extend(
            case.frames(&ports).into_iter().map(|framed| (name.clone(), case.verdict, framed)),
        );
    }
    for case in corpus::frame_cases() {
        let name = format!("{}: {}", case.group, case.name);
        names.insert(name.clone());
        all.extend(case.framed(&ports).map(|framed| (name, case.verdict, framed)));
    }
    for (name, verdict, framed) in all {
        let End { verdict: seen, .. } = rig.seen(framed.ifindex, &framed.bytes);
        assert_eq!(seen, verdict, "{name} on {}", framed.port);
        let end = rig.check(&name, framed.ifindex, &framed.bytes);
        let ran = counted.run(&name, framed.ifindex, &framed.bytes, &rig.fast_path);
        assert_eq!(ran.verdict, end.verdict, "{name} on {}", framed.port);
        frames += 1;
        for cut in corpus::cuts(&framed.bytes) {
            let name = format!("{name} cut to {}", cut.len());
            let end = rig.check(&name, framed.ifindex, cut);
            let ran = counted.run(&name, framed.ifindex, cut, &rig.fast_path);
            assert_eq!(ran.verdict, end.verdict, "{name} on {}", framed.port);
            cuts += 1;
        }
    }
    println!("{} cases, {frames} frames, {cuts} cut frames", names.len());
    println!("{} frames counted, each once", counted.frames());
    assert!(names.len() >= 200, "{} cases", names.len());
}
