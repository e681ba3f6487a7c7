use super::*;

#[test]
fn without_a_directory_the_embedded_object_is_used() {
    assert_eq!(read(None, "x.bpf.o", b"embedded").unwrap(), b"embedded".as_slice());
}

#[test]
fn the_directory_wins_and_a_missing_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("x.bpf.o"), b"file").unwrap();
    let path = || Some(directory.path().to_owned());
    assert_eq!(read(path(), "x.bpf.o", b"embedded").unwrap(), b"file".as_slice());
    let error = read(path(), "y.bpf.o", b"embedded").unwrap_err().to_string();
    assert!(error.contains("y.bpf.o") && error.contains("ERLAB_BPF_DIR"), "{error}");
}
