use super::*;

#[test]
fn only_an_executable_file_is_a_program() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("msee");
    assert!(find_in(directory.path(), "msee").is_err());
    std::fs::write(&path, "").unwrap();
    assert!(find_in(directory.path(), "msee").is_err());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(find_in(directory.path(), "msee").unwrap(), path);
}
