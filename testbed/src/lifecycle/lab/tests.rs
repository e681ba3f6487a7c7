use super::*;

#[test]
fn only_directories_with_a_state_file_are_running_labs() {
    let root = tempfile::tempdir().unwrap();
    for lab in ["two", "one", "killed", "bpf"] {
        fs::create_dir(root.path().join(lab)).unwrap();
    }
    for lab in ["two", "one"] {
        fs::write(root.path().join(lab).join("lab.json"), "{}").unwrap();
    }
    assert_eq!(labs_below(root.path()).unwrap(), ["one", "two"]);
    assert!(labs_below(&root.path().join("absent")).unwrap().is_empty());
}

#[test]
fn an_unknown_lab_is_told_with_the_ones_there_are() {
    let error = FindError::Unknown { lab: "x".to_owned(), running: vec!["fastpath".to_owned()] };
    assert_eq!(error.to_string(), "no lab named `x` is running (running: fastpath)");
}

#[test]
fn what_cannot_be_a_name_is_refused_as_such() {
    for name in ["..", "/x", "bpf", ""] {
        assert!(matches!(Lab::find(Some(name)), Err(FindError::Name(_))), "{name}");
    }
}
