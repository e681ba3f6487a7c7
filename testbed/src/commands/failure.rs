//! How a command ends when it does not succeed.

use std::{io, process::ExitCode};

use miette::{Diagnostic, Report};
use thiserror::Error;

/// Exit code of a command that failed.
pub(super) const FAILED: u8 = 1;
/// Exit code of a command that was not understood; clap uses the same.
pub(super) const USAGE: u8 = 2;

/// Why a command ends without success.
#[derive(Debug)]
pub enum Failure {
    /// The command was not understood.
    Usage(Report),
    /// It was understood and failed.
    Failed(Report),
    /// It failed with a code of its own.
    Coded(Report, u8),
    /// It already said what there is to say; only the code is left.
    Exit(u8),
    /// The reader of our output has gone (`erlab drops | head -1`): nothing is wrong.
    ReaderGone,
}

/// Printing failed.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot write the output")]
struct OutputError(#[source] io::Error);

/// A result that cannot be JSON.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot print the result as JSON")]
struct JsonError(#[source] serde_json::Error);

impl Failure {
    /// A misuse of the command line.
    pub fn usage(error: impl Diagnostic + Send + Sync + 'static) -> Self {
        Self::Usage(Report::new(error))
    }

    /// A command that was understood and failed.
    pub fn failed(error: impl Diagnostic + Send + Sync + 'static) -> Self {
        Self::Failed(Report::new(error))
    }

    /// A failure whose exit code has a meaning.
    pub fn coded(error: impl Diagnostic + Send + Sync + 'static, code: u8) -> Self {
        Self::Coded(Report::new(error), code)
    }

    /// Says what went wrong on stderr and gives the process's exit code.
    pub fn report(self) -> ExitCode {
        use io::Write as _;
        let (report, code) = match self {
            Self::ReaderGone => return ExitCode::SUCCESS,
            Self::Exit(code) => return ExitCode::from(code),
            Self::Usage(report) => (report, USAGE),
            Self::Failed(report) => (report, FAILED),
            Self::Coded(report, code) => (report, code),
        };
        // Nothing is left to do when stderr is closed as well.
        let _ = writeln!(io::stderr(), "{report:?}");
        ExitCode::from(code)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        Self::Failed(Report::new(OutputError(error)))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(Report::new(JsonError(error)))
    }
}

impl From<crate::control::ClientError> for Failure {
    fn from(error: crate::control::ClientError) -> Self {
        Self::Failed(Report::new(error))
    }
}
