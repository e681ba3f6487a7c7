//! Starting a lab's guardian, and finding it again.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    process::{Command, Stdio},
};

use super::{RunDirectory, inheritance};
use crate::agent::{self, Identity, LAB_MARK, Process, ProgramError};

/// Why the guardian was not started.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum StartError {
    /// erlab itself is not where it should be.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Program(#[from] ProgramError),
    /// Its log cannot be written.
    #[error("cannot open the agent's log")]
    Log(#[source] io::Error),
    /// The caller's open files would stay open in it.
    #[error("cannot keep the agent from inheriting open files: close_range failed")]
    Inheritance(#[source] io::Error),
    /// The kernel refused to run it.
    #[error("cannot run the agent")]
    Spawn(#[source] io::Error),
}

/// Starts the guardian of a lab. It makes a session of its own, so it outlives this process and its
/// terminal.
pub(super) fn start(directory: &RunDirectory) -> Result<(), StartError> {
    let program = agent::find_program("erlab")?;
    let mut options = OpenOptions::new();
    let log = options.append(true).create(true).mode(0o600).open(directory.agent_log());
    let log = log.map_err(StartError::Log)?;
    let output = log.try_clone().map_err(StartError::Log)?;
    let mut command = Command::new(program);
    command
        .args(["agent", "--lab", directory.lab()])
        .env(LAB_MARK, directory.lab())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(log);
    inheritance::close_on_exec().map_err(StartError::Inheritance)?;
    let mut child = command.spawn().map_err(StartError::Spawn)?;
    // Reaps it should it end before this process does; the thread ends with either.
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// The guardian of a lab, if it runs.
pub(crate) fn find(directory: &RunDirectory) -> io::Result<Option<Process>> {
    let Ok(text) = fs::read(directory.guardian_file()) else { return Ok(None) };
    let Ok(identity) = serde_json::from_slice::<Identity>(&text) else { return Ok(None) };
    Process::reopen(identity)
}
