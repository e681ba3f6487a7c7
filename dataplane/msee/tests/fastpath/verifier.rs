//! R37: what the verifier makes of the programs.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::{namespace::Namespace, verifier_log};

/// Instructions processed. The verifier gives up at a million; this is far below, and a jump shows
/// here first.
const INSTRUCTIONS: u32 = 100_000;
/// Bytes of stack, of the 512 that there are.
const STACK: u32 = 384;

/// The object of this name that is under test.
fn object(name: &str) -> Vec<u8> {
    let prebuilt = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ebpf/prebuilt");
    let directory = std::env::var_os(afxdp::DIRECTORY).map_or(prebuilt.into(), PathBuf::from);
    fs::read(directory.join(name)).unwrap()
}

#[test]
fn the_programs_stay_easy_to_verify() {
    let namespace = Namespace::enter();
    let mut names = BTreeSet::new();
    for file in ["msee.bpf.o", "ergw.bpf.o"] {
        let maps = namespace.bpffs().join(file.replace('.', "-"));
        for (name, report) in verifier_log::reports(&object(file), &maps) {
            println!("{name}: {report:?}");
            assert!(report.instructions <= INSTRUCTIONS, "{name}: {report:?}");
            assert!(report.stack <= STACK, "{name}: {report:?}");
            // A report of nothing would be within any bound.
            assert!(report.instructions > 0 && report.stack > 0, "{name}: {report:?}");
            names.insert(name);
        }
    }
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["ergw_port", "msee_inject", "msee_port"]);
}
