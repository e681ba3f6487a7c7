//! What can be a name.
//!
//! A name becomes part of paths that root makes and removes whole: one that is `..`, empty or holds
//! a slash would remove something else. So it is checked wherever one comes in: in a file, on the
//! command line, in the environment of a process.

use miette::Diagnostic;

use super::mistake::NameRule;

/// Longest name of a lab or a node: two of them, the run directory and `.sock` fit the 107 bytes of
/// a Unix socket's path.
const LONGEST: usize = 32;

/// Sockets and namespaces of these names are erlab's own.
const RESERVED: [&str; 4] = ["fabric", "control", "dataplane", "agent"];

/// Beside the labs' run directories is the bpffs with their pins.
const RESERVED_LAB: &str = "bpf";

/// Text that was given as a lab's name and can be none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Diagnostic)]
#[error("`{name}` cannot be the name of a lab")]
#[diagnostic(help("{}", rule.cure()))]
pub struct LabNameError {
    /// As given.
    name: String,
    /// What it breaks.
    rule: NameRule,
}

/// Fails when no lab can have this name.
pub fn check_lab_name(name: &str) -> Result<(), LabNameError> {
    lab(name).map_err(|rule| LabNameError { name: name.to_owned(), rule })
}

/// The rule that `name` breaks as the name of a lab.
pub(super) fn lab(name: &str) -> Result<(), NameRule> {
    any(name)?;
    if name.eq_ignore_ascii_case(RESERVED_LAB) { Err(NameRule::Reserved) } else { Ok(()) }
}

/// The rule that `name` breaks as the name of anything else in a file.
pub(super) fn any(name: &str) -> Result<(), NameRule> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !first || !name.bytes().all(plain) {
        // A dot in a name is refused by bpffs with EPERM, a slash ends a path.
        Err(NameRule::Characters)
    } else if name.len() > LONGEST {
        Err(NameRule::Length(LONGEST))
    } else if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
        Err(NameRule::Reserved)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_another_path_is_no_lab() {
        for name in ["", ".", "..", "/x", "x/..", "a b", "-x", "x.y"] {
            let error = check_lab_name(name).unwrap_err();
            assert_eq!(error.to_string(), format!("`{name}` cannot be the name of a lab"));
            assert_eq!(error.rule, NameRule::Characters, "{name}");
        }
        for name in ["bpf", "agent", "fabric"] {
            assert_eq!(lab(name), Err(NameRule::Reserved), "{name}");
        }
        assert_eq!(lab(&"x".repeat(33)), Err(NameRule::Length(32)));
        for name in ["fastpath", "lab-2", "9_b", &"x".repeat(32)] {
            assert_eq!(lab(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn only_a_lab_cannot_be_called_bpf() {
        assert_eq!(any("bpf"), Ok(()));
    }
}
