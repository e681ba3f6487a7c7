//! Running a command inside a node.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitStatus},
};

use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};

use super::Lab;
use crate::{
    agent::{LAB_MARK, Process},
    network::namespace::{self, NamespaceError},
};

/// Why a command was not run.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ExecError {
    /// The lab has no such node.
    #[error("lab `{lab}` has no node `{node}`")]
    #[diagnostic(help("it has: {}; `erlab inspect` shows more", nodes.join(", ")))]
    UnknownNode {
        /// The lab.
        lab: String,
        /// The name asked for.
        node: String,
        /// The nodes there are.
        nodes: Vec<String>,
    },
    /// No command was given.
    #[error("no command given")]
    #[diagnostic(help("write it after `--`: erlab exec ce1 -- ip route"))]
    Empty,
    /// The node's namespace cannot be entered.
    #[error("cannot enter node `{node}`")]
    #[diagnostic(help(
        "run erlab as root; if the namespace is gone, destroy the lab and deploy it again"
    ))]
    Namespace {
        /// The node.
        node: String,
        /// Which call failed.
        #[source]
        source: NamespaceError,
    },
    /// The command cannot be executed.
    #[error("cannot run `{}`", command.display())]
    Spawn {
        /// The program.
        command: OsString,
        /// The execve(2) error.
        #[source]
        source: io::Error,
    },
    /// Waiting for the command failed.
    #[error("cannot wait for the command")]
    Wait(#[source] io::Error),
}

impl ExecError {
    /// The exit code that shells and `env` give for it: 127 not found, 126 not executable, 125
    /// anything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Spawn { source, .. } if source.kind() == io::ErrorKind::NotFound => 127,
            Self::Spawn { .. } => 126,
            _ => 125,
        }
    }
}

/// Runs `command` inside `node` (or the `fabric`) with this process's standard streams and waits
/// for it. Returns its exit code, or 128 plus the number of the signal that ended it.
///
/// Ctrl-C goes to the command alone, SIGTERM is passed on to it. From then on this process does not
/// end on Ctrl-C by itself.
pub async fn exec(lab: &Lab, node: &str, command: &[OsString]) -> Result<u8, ExecError> {
    let namespace = namespace_of(lab, node)?;
    let (program, arguments) = command.split_first().ok_or(ExecError::Empty)?;
    // The terminal sends Ctrl-C to the whole foreground group: received here, it is the command's
    // to obey. A received signal's handler is not inherited by the command, an ignored one is.
    let _interrupt = signal(SignalKind::interrupt()).map_err(ExecError::Wait)?;
    let _quit = signal(SignalKind::quit()).map_err(ExecError::Wait)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(ExecError::Wait)?;

    let mut child = spawn(lab, &namespace, node, program, arguments)?;
    if let Some(process) = Process::open(child.id().cast_signed()).map_err(ExecError::Wait)? {
        loop {
            tokio::select! {
                ended = process.exited() => break ended.map_err(ExecError::Wait)?,
                _ = terminate.recv() => process.signal(Signal::TERM).map_err(ExecError::Wait)?,
            }
        }
    }
    Ok(exit_code(child.wait().map_err(ExecError::Wait)?))
}

fn namespace_of(lab: &Lab, node: &str) -> Result<String, ExecError> {
    if let Some(node) = lab.node(node) {
        return Ok(node.namespace.clone());
    }
    if node == "fabric" {
        return Ok(lab.plan().fabric_namespace());
    }
    Err(ExecError::UnknownNode {
        lab: lab.name().to_owned(),
        node: node.to_owned(),
        nodes: lab.plan().nodes.iter().map(|node| node.name.clone()).collect(),
    })
}

fn spawn(
    lab: &Lab,
    namespace: &str,
    node: &str,
    program: &OsStr,
    arguments: &[OsString],
) -> Result<Child, ExecError> {
    let mut command = Command::new(program);
    command.args(arguments).env(LAB_MARK, lab.name());
    let spawned = namespace::in_namespace(namespace, move || {
        show_own_sysfs();
        command.spawn()
    });
    spawned
        .map_err(|source| ExecError::Namespace { node: node.to_owned(), source })?
        .map_err(|source| ExecError::Spawn { command: program.to_owned(), source })
}

/// Mounts a `/sys` of the node's namespace for this thread and what it starts: the inherited one
/// goes on showing the interfaces of the namespace it was mounted in. Where that is forbidden the
/// command runs all the same, with the other `/sys`.
fn show_own_sysfs() {
    let none = None::<&str>;
    let _ = unshare(CloneFlags::CLONE_NEWNS)
        .and_then(|()| mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_SLAVE, none))
        .and_then(|()| mount(Some("sysfs"), "/sys", Some("sysfs"), MsFlags::empty(), none));
}

fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests;
