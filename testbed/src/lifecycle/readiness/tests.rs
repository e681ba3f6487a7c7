use super::*;

#[test]
fn the_end_of_a_log_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("msee-msee-a.log");
    let text: Vec<_> = (1..=8).map(|line| format!("line {line}")).collect();
    fs::write(&log, text.join("\n")).unwrap();
    assert_eq!(last_lines(&log).unwrap(), text[3..]);
    assert!(last_lines(&directory.path().join("absent")).is_err());
}
