//! What can go wrong between a command and a daemon.

use std::path::PathBuf;

use miette::Diagnostic;
use serde::Deserialize;
use thiserror::Error;

use super::cure::{self, Subject};

/// Why a request to a daemon failed.
#[derive(Debug, Error, Diagnostic)]
pub enum ClientError {
    /// Nobody listens on the socket: the daemon is down, or the lab is gone.
    #[error("{daemon} is not running: connecting to {} failed", socket.display())]
    #[diagnostic(help(
        "`erlab inspect` shows the state of the lab; the daemon's log is {log}. The agent restarts a \
         daemon within a second: try again, then `erlab destroy` and `erlab deploy`"
    ))]
    Connect {
        /// The daemon's name in the lab.
        daemon: String,
        /// Its socket.
        socket: PathBuf,
        /// Where its log is (a shell pattern).
        log: String,
        /// The connect(2) error.
        #[source]
        source: std::io::Error,
    },
    /// The request could not be built: its path holds characters a URI cannot.
    #[error("`{request}` is not a valid request")]
    Request {
        /// Method and path.
        request: String,
        /// What the HTTP library says.
        #[source]
        source: hyper::http::Error,
    },
    /// The connection broke in the middle.
    #[error("{daemon} broke off `{request}`")]
    #[diagnostic(help("it was probably restarted in between; run the command again"))]
    Exchange {
        /// The daemon's name in the lab.
        daemon: String,
        /// Method and path.
        request: String,
        /// What the HTTP library says.
        #[source]
        source: hyper::Error,
    },
    /// No answer within the deadline.
    #[error("{daemon} did not answer `{request}` within {seconds} s")]
    #[diagnostic(help("`erlab inspect` shows which node is not ready"))]
    Timeout {
        /// The daemon's name in the lab.
        daemon: String,
        /// Method and path.
        request: String,
        /// The deadline.
        seconds: u64,
    },
    /// A success whose body is no JSON.
    #[error("{daemon} answered `{request}` with something that is not JSON")]
    NotJson {
        /// The daemon's name in the lab.
        daemon: String,
        /// Method and path.
        request: String,
        /// Where it stops being JSON.
        #[source]
        source: serde_json::Error,
    },
    /// An ARM error body: the daemon refused, and says which object, which rule and the cure.
    #[error("{code}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// ARM's stable error code.
        code: String,
        /// The sentence.
        message: String,
        /// The property or resource it is about.
        target: Option<String>,
        /// The command that cures it, where the sentence only names a request of the API.
        #[help]
        cure: Option<Box<str>>,
    },
    /// An error answer without an ARM body.
    #[error("{daemon} answered `{request}` with HTTP {status}: {text}")]
    Status {
        /// The daemon's name in the lab.
        daemon: String,
        /// Method and path.
        request: String,
        /// HTTP status.
        status: u16,
        /// Start of the body.
        text: String,
    },
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ArmError,
}

#[derive(Deserialize)]
struct ArmError {
    code: String,
    message: String,
    #[serde(default)]
    target: Option<String>,
}

impl ClientError {
    /// Reads an error answer, ARM-shaped or not.
    pub(super) fn from_answer(daemon: String, status: u16, body: &[u8], request: &str) -> Self {
        if let Ok(ErrorBody { error: ArmError { code, message, target } }) =
            serde_json::from_slice(body)
        {
            let subject = target.as_deref().map(Subject::of_target).unwrap_or_default();
            let cure = cure::cure(&code, subject).map(String::into_boxed_str);
            return Self::Refused { status, code, message, target, cure };
        }
        let text = String::from_utf8_lossy(body).chars().take(200).collect();
        Self::Status { daemon, request: request.to_owned(), status, text }
    }

    /// The same error; a refusal's cure is made with these names.
    #[must_use]
    pub fn about(mut self, subject: Subject<'_>) -> Self {
        if let Self::Refused { code, target, cure, .. } = &mut self {
            let told = target.as_deref().map(Subject::of_target).unwrap_or_default();
            *cure = cure::cure(code, subject.or(told)).map(String::into_boxed_str);
        }
        self
    }

    /// The stable error code of a refusal.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether the daemon says that the resource does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. } | Self::Status { status: 404, .. })
    }

    /// Whether the resource is another version than the request named.
    pub fn is_precondition_failed(&self) -> bool {
        matches!(self, Self::Refused { status: 412, .. } | Self::Status { status: 412, .. })
    }
}
