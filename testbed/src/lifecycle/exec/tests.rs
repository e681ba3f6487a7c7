use super::*;

#[test]
fn exit_codes_are_the_ones_of_a_shell() {
    let status = |script: &str| Command::new("sh").args(["-c", script]).status().unwrap();
    assert_eq!(exit_code(status("exit 3")), 3);
    assert_eq!(exit_code(status("kill -9 $$")), 137);
    let spawn = |kind: io::ErrorKind| ExecError::Spawn { command: "x".into(), source: kind.into() };
    assert_eq!(spawn(io::ErrorKind::NotFound).exit_code(), 127);
    assert_eq!(spawn(io::ErrorKind::PermissionDenied).exit_code(), 126);
    assert_eq!(ExecError::Empty.exit_code(), 125);
}
