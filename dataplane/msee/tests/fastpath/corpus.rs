//! R21: the corpus of named frames, on every kind of link, whole and cut at every length from 14 bytes.

use std::collections::BTreeSet;

use oracle::{End, corpus};

use crate::oracle_rig::OracleRig;

#[test]
fn every_named_frame_ends_as_written() {
    let mut rig = OracleRig::start();
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
    for case in corpus::tag_cases() {
        let name = format!("tags: {}", case.name);
        names.insert(name.clone());
        all.extend(case.framed(&ports).map(|framed| (name, case.verdict, framed)));
    }
    for (name, verdict, framed) in all {
        let End { verdict: seen, .. } = rig.seen(framed.ifindex, &framed.bytes);
        assert_eq!(seen, verdict, "{name} on {}", framed.port);
        rig.check(&name, framed.ifindex, &framed.bytes);
        frames += 1;
        for cut in corpus::cuts(&framed.bytes) {
            rig.check(&format!("{name} cut to {}", cut.len()), framed.ifindex, cut);
            cuts += 1;
        }
    }
    println!("{} cases, {frames} frames, {cuts} cut frames", names.len());
    assert!(names.len() >= 200, "{} cases", names.len());
}
