//! The command line as a user meets it: exit codes, messages, help.
#![allow(clippy::unwrap_used, reason = "a step of a test that fails ends the test")]

use std::{
    io::Read,
    process::{Command, Output, Stdio},
};

fn erlab(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_erlab"));
    command.args(arguments).env_remove("ERLAB_FORMAT").env("ERLAB_NAME", "no-such-lab");
    command
}

fn run(arguments: &[&str]) -> Output {
    erlab(arguments).output().unwrap()
}

fn code(arguments: &[&str]) -> i32 {
    run(arguments).status.code().unwrap()
}

fn stderr(arguments: &[&str]) -> String {
    String::from_utf8(run(arguments).stderr).unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    String::from_utf8(run(arguments).stdout).unwrap()
}

#[test]
fn what_is_not_understood_ends_with_2() {
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["connection", "update", "conn1"],
        &["connection", "create", "conn1"],
        &["connection", "update", "conn1", "--express-route-gateway-bypass", "maybe"],
        &["gateway", "fail", "ERGW1", "--instance", "2"],
        &["traffic", "a", "b", "--for", "soon"],
        &["traceroute", "a", "b", "--style", "junos"],
        &["exec", "ce1"],
        &["destroy", "fastpath", "--all"],
        &["inspect", "-f", "xml"],
    ] {
        assert_eq!(code(arguments), 2, "{arguments:?}");
    }
}

#[test]
fn a_time_without_a_unit_is_told_how_to_write_one() {
    let text = stderr(&["traffic", "a", "b", "--for", "10"]);
    assert!(text.contains("`10` is not a duration such as 500ms or 10s"), "{text}");
}

#[test]
fn a_lab_that_does_not_run_ends_with_1_and_says_what_to_do() {
    assert_eq!(code(&["connection", "list"]), 1);
    let text = stderr(&["connection", "list"]);
    assert!(text.contains("no lab named `no-such-lab` is running"), "{text}");
    assert!(text.contains("erlab deploy"), "{text}");
}

#[test]
fn a_topology_that_is_not_there_is_named() {
    let arguments = ["deploy", "-t", "/nonexistent/lab.er.yml"];
    assert_eq!(code(&arguments), 1);
    let text = stderr(&arguments);
    assert!(text.contains("/nonexistent/lab.er.yml"), "{text}");
    assert_eq!(text.matches("No such file").count(), 1, "{text}");
}

#[test]
fn every_verb_teaches_with_an_example() {
    for verb in [
        "deploy",
        "destroy",
        "inspect",
        "exec",
        "connection",
        "authorization",
        "circuit",
        "gateway",
        "traceroute",
        "traffic",
        "trace",
        "drops",
        "demo",
    ] {
        let help = stdout(&[verb, "--help"]);
        assert!(help.contains(&format!("  erlab {verb}")), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        assert!(stdout(&["--help"]).contains(&format!("  {verb}")));
    }
}

#[test]
fn the_agent_is_not_for_people() {
    assert!(!stdout(&["--help"]).contains("agent"));
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let mut child =
        erlab(&["inspect", "--all"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let _ = child.wait().unwrap();
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn no_colour_without_a_terminal() {
    assert!(!stderr(&["connection", "list"]).contains('\x1b'));
}
