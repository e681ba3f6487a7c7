//! The systemd units are well-formed, and let their daemons do little. Starting them takes a system
//! that systemd runs, which a test does not have; `dataplane/ergw/tests/unit.rs` runs a gateway as
//! its unit would.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Where the units look for the daemons.
const PROGRAMS: &str = "/usr/local/bin";

/// Highest exposure that `systemd-analyze security` may find, in tenths: 10.0 is a unit that says
/// nothing, and what is under 3.0 it calls safe or fine.
const EXPOSURE: &str = "30";

const SERVICES: [&str; 3] = ["ercontrol.service", "msee@.service", "ergw@.service"];

/// Copies the units, with stand-ins for the daemons, which need not be installed here.
fn units(directory: &Path) -> Vec<PathBuf> {
    let programs = directory.join("bin");
    fs::create_dir(&programs).unwrap();
    for program in ["ercontrol", "msee", "ergw"] {
        symlink("/bin/true", programs.join(program)).unwrap();
    }
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/systemd");
    let names = SERVICES.into_iter().chain(["run-erlab-bpf.mount"]);
    let unit = |name| {
        let text = fs::read_to_string(packaging.join(name)).unwrap();
        let path = directory.join(name);
        fs::write(&path, text.replace(PROGRAMS, programs.to_str().unwrap())).unwrap();
        path
    };
    names.map(unit).collect()
}

/// Runs systemd-analyze; `None` where there is none.
fn analyze(arguments: &[&str], units: &[PathBuf]) -> Option<Output> {
    let output = Command::new("systemd-analyze").args(arguments).args(units).output();
    if output.is_err() {
        eprintln!("skipped: there is no systemd-analyze here (Debian: systemd)");
    }
    output.ok()
}

#[test]
fn systemd_has_nothing_to_say_about_them() {
    let directory = tempfile::tempdir().unwrap();
    let units = units(directory.path());
    let Some(output) = analyze(&["verify", "--man=no"], &units) else { return };
    // What it does not know it ignores, and says so.
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
}

#[test]
fn they_expose_little() {
    let directory = tempfile::tempdir().unwrap();
    let units = units(directory.path());
    for unit in units.iter().filter(|unit| unit.extension().is_some_and(|kind| kind == "service")) {
        let arguments = ["security", "--offline=yes", "--no-pager", "--threshold", EXPOSURE];
        let Some(output) = analyze(&arguments, std::slice::from_ref(unit)) else { return };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        println!("{}", text.lines().last().unwrap_or_default());
        assert!(output.status.success(), "{text}");
    }
}
