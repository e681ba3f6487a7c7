//! Starting a daemon inside its namespace.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use super::{
    daemon::Daemon,
    process::{DAEMON_MARK, LAB_MARK},
    programs::{self, ProgramError},
};
use crate::network::namespace::{self, NamespaceError};

/// Why a daemon was not started.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaunchError {
    /// Its program is not there.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Its log cannot be written.
    #[error("cannot open the log {}", path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// The open(2) error.
        #[source]
        source: io::Error,
    },
    /// Its namespace cannot be entered.
    #[error("cannot enter the daemon's namespace")]
    Namespace(#[from] NamespaceError),
    /// The kernel refused to run it.
    #[error("cannot run {}", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// The execve(2) error.
        #[source]
        source: io::Error,
    },
}

/// Starts `daemon` of `lab` with its marks, its log and no input, in a process group of its own:
/// a Ctrl-C meant for another program must not reach it.
///
/// A new process has the network namespace of the *thread* that started it (clone(2)), so a thread
/// that enters the namespace is all that is needed.
pub(super) fn launch(lab: &str, daemon: &Daemon) -> Result<Child, LaunchError> {
    let program = programs::find(daemon.program)?;
    let log = open_log(daemon)?;
    let output = log.try_clone().map_err(|source| log_error(daemon, source))?;
    let mut command = Command::new(&program);
    command
        .args(&daemon.arguments)
        .env(LAB_MARK, lab)
        .env(DAEMON_MARK, &daemon.name)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(log);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let started = match &daemon.namespace {
        Some(name) => namespace::in_namespace(name, move || command.spawn())?,
        None => command.spawn(),
    };
    started.map_err(|source| LaunchError::Spawn { program, source })
}

/// Appends, so that the last words of a daemon's earlier lives stay readable.
fn open_log(daemon: &Daemon) -> Result<File, LaunchError> {
    let mut options = OpenOptions::new();
    let log = options.append(true).create(true).mode(0o600).open(&daemon.log);
    log.map_err(|source| log_error(daemon, source))
}

fn log_error(daemon: &Daemon, source: io::Error) -> LaunchError {
    LaunchError::Log { path: daemon.log.clone(), source }
}
