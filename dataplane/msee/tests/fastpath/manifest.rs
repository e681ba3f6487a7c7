//! The checked-in objects are built from the checked-in sources.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn ebpf() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ebpf")
}

/// What `build.sh --check` says about the objects of `directory`.
fn check(directory: &Path) -> Result<(), String> {
    let mut command = Command::new(ebpf().join("build.sh"));
    let output = command.arg("--out").arg(directory).arg("--check").output().unwrap();
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[test]
fn the_prebuilt_objects_are_not_stale() {
    assert_eq!(check(&ebpf().join("prebuilt")), Ok(()));
}

#[test]
fn an_object_that_is_not_the_manifests_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for file in fs::read_dir(ebpf().join("prebuilt")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), directory.path().join(file.file_name())).unwrap();
    }
    assert_eq!(check(directory.path()), Ok(()));
    for name in ["msee.bpf.o", "ergw.bpf.o", "selftest.bpf.o"] {
        let object = directory.path().join(name);
        let bytes = fs::read(&object).unwrap();
        fs::write(&object, &bytes[1..]).unwrap();
        let error = check(directory.path()).unwrap_err();
        assert!(error.contains("other objects than its manifest names"), "{error}");
        fs::write(&object, bytes).unwrap();
    }
}
