//! Every test that SPECIFICATION.md names exists.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The text of all sources in a directory.
fn sources(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_promise_names_tests_that_exist() {
    let specification = fs::read_to_string(root().join("SPECIFICATION.md")).unwrap();
    let mut all = String::new();
    for directory in ["control", "dataplane", "ebpf", "testbed"] {
        sources(&root().join(directory), &mut all);
    }
    let rows = specification.lines().filter(|line| line.starts_with('|'));
    let quoted = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    let names: Vec<&str> = quoted.filter(|name| name.matches('_').count() >= 3).collect();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        assert!(
            all.contains(&format!("fn {name}(")),
            "SPECIFICATION.md names `{name}`: no such test"
        );
    }
}
