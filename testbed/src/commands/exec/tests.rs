use clap::Parser;

use super::*;
use crate::commands::{Cli, Verb};

/// The lab, the node and the command that a command line names.
fn parsed(line: &str) -> Result<(Option<String>, String, String), clap::Error> {
    let Cli { name, verb, .. } = Cli::try_parse_from(line.split(' '))?;
    let Verb::Exec(ExecArgs { node, command }) = verb else { panic!("another verb: {line}") };
    let command = command.join(" ".as_ref());
    Ok((name, node, command.into_string().unwrap()))
}

#[test]
fn a_command_may_follow_the_node_with_or_without_two_hyphens() {
    for (line, command) in [
        ("erlab exec ce1 -- ip -4 route", "ip -4 route"),
        ("erlab exec ce1 ip -4 route", "ip -4 route"),
        ("erlab exec ce1 ls --name -f", "ls --name -f"),
        ("erlab exec ce1 env -- ls", "env -- ls"),
        ("erlab exec ce1 -- env -- ls", "env -- ls"),
    ] {
        let (_, node, found) = parsed(line).unwrap();
        assert_eq!((node.as_str(), found.as_str()), ("ce1", command), "{line}");
    }
}

#[test]
fn options_before_the_command_are_erlabs() {
    for line in ["erlab exec ce1 --name x ls -l", "erlab --name x exec ce1 -- ls -l"] {
        let expected = (Some("x".to_owned()), "ce1".to_owned(), "ls -l".to_owned());
        assert_eq!(parsed(line).unwrap(), expected, "{line}");
    }
    assert!(parsed("erlab exec ce1 --no-such ls").is_err());
}

#[test]
fn a_node_alone_is_no_command() {
    for line in ["erlab exec ce1", "erlab exec ce1 --"] {
        assert_eq!(parsed(line).unwrap_err().exit_code(), 2, "{line}");
    }
}
