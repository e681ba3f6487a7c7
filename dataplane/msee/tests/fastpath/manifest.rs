//! The checked-in objects are built from the checked-in sources.

use std::{path::Path, process::Command};

#[test]
fn the_prebuilt_objects_are_not_stale() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ebpf/build.sh");
    let output = Command::new(script).arg("--check").output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
}
