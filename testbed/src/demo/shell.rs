//! Runs `erlab` itself, so that the command shown is the command run.

use std::{
    ffi::OsString,
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use miette::Diagnostic;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    task::JoinHandle,
};

/// How long an interrupted command may take to undo itself (`deploy` takes back what it made).
const PATIENCE: Duration = Duration::from_secs(30);

/// The `erlab` program, working on one lab.
#[derive(Clone, Debug)]
pub(super) struct Shell {
    program: PathBuf,
    lab: String,
}

/// What a command printed and how it ended.
#[derive(Clone, Debug)]
pub(super) struct Output {
    /// The command line, as a user types it.
    pub command: String,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How it ended.
    pub status: ExitStatus,
}

/// The shell could not run a command.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot run `{command}`")]
pub(super) struct ShellError {
    command: String,
    #[source]
    source: io::Error,
}

/// A command that runs.
#[derive(Debug)]
pub(super) struct Running {
    command: String,
    child: Child,
    stdout: JoinHandle<io::Result<String>>,
    stderr: JoinHandle<io::Result<String>>,
}

impl Shell {
    /// This program, working on `lab`.
    pub(super) fn new(lab: String) -> Result<Self, ShellError> {
        let program = std::env::current_exe()
            .map_err(|source| ShellError { command: "erlab".to_owned(), source })?;
        Ok(Self { program, lab })
    }

    /// The lab's name.
    pub(super) fn lab(&self) -> &str {
        &self.lab
    }

    /// Starts `erlab` with `words`; `input` is its standard input.
    pub(super) fn start(&self, words: &[&str], input: Option<&str>) -> Result<Running, ShellError> {
        let command = command_line(words);
        let failed = |source| ShellError { command: without_key(&command), source };
        let arguments = words.iter().map(OsString::from);
        let mut child = Command::new(&self.program)
            .args(arguments)
            .env("ERLAB_NAME", &self.lab)
            .env_remove("ERLAB_FORMAT")
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Out of reach of the terminal's Ctrl-C: the demo passes it on and waits, so that a
            // command is never cut off while it undoes itself.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        if let (Some(mut pipe), Some(text)) = (child.stdin.take(), input) {
            let text = text.to_owned();
            tokio::spawn(async move { pipe.write_all(text.as_bytes()).await });
        }
        let stdout = read(child.stdout.take());
        let stderr = read(child.stderr.take());
        Ok(Running { command, child, stdout, stderr })
    }
}

impl Running {
    /// Waits for its end.
    pub(super) async fn finish(&mut self) -> Result<Output, ShellError> {
        let failed = |source| ShellError { command: without_key(&self.command), source };
        let status = self.child.wait().await.map_err(failed)?;
        Ok(Output {
            command: self.command.clone(),
            stdout: joined(&mut self.stdout).await.map_err(failed)?,
            stderr: joined(&mut self.stderr).await.map_err(failed)?,
            status,
        })
    }

    /// Interrupts it and waits until it has undone itself; kills it when that takes too long. Answers
    /// whether it has undone itself: neither succeeded all the same nor had to be killed.
    pub(super) async fn interrupt(&mut self) -> bool {
        if let Some(pid) = self.child.id() {
            // ESRCH: it has just ended by itself.
            let _ = killpg(Pid::from_raw(pid.cast_signed()), Signal::SIGINT);
        }
        match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(ended) => ended.is_ok_and(|status| status.code().is_some_and(|code| code != 0)),
            Err(_elapsed) => {
                let _ = self.child.kill().await;
                false
            }
        }
    }
}

/// A command nobody waits for any more is killed with everything it started.
impl Drop for Running {
    fn drop(&mut self) {
        if let Some(pid) = self.child.id() {
            let _ = killpg(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
        }
    }
}

impl Output {
    /// Everything it printed, errors last.
    pub(super) fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// The words as one types them, quoted where a shell needs it.
pub(super) fn command_line(words: &[&str]) -> String {
    let mut line = "erlab".to_owned();
    for word in words {
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=,".contains(c));
        let quote = if plain { "" } else { "'" };
        line.extend([" ", quote, word, quote]);
    }
    line
}

/// A command line as it may stand in an error or a report: an authorization key is a secret.
pub(super) fn without_key(command: &str) -> String {
    let mut is_key = false;
    let words = command.split(' ').map(|word| {
        let shown = if is_key { "KEY" } else { word };
        is_key = word == "--authorization-key";
        shown
    });
    words.collect::<Vec<_>>().join(" ")
}

fn read(
    pipe: Option<impl AsyncReadExt + Unpin + Send + 'static>,
) -> JoinHandle<io::Result<String>> {
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).await?;
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    })
}

async fn joined(task: &mut JoinHandle<io::Result<String>>) -> io::Result<String> {
    task.await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_in_no_error() {
        let words = ["connection", "create", "conn1", "--authorization-key", "1234-abcd", "--x"];
        let shown = without_key(&command_line(&words));
        assert_eq!(shown, "erlab connection create conn1 --authorization-key KEY --x");
        assert_eq!(without_key("erlab inspect"), "erlab inspect");
    }

    fn running(script: &str) -> Running {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap();
        let (stdout, stderr) = (read(child.stdout.take()), read(child.stderr.take()));
        Running { command: "sh".to_owned(), child, stdout, stderr }
    }

    #[tokio::test]
    async fn an_interrupted_command_has_undone_itself_only_when_it_says_so() {
        for (script, undone) in [("exit 1", true), ("exit 0", false)] {
            let mut running = running(script);
            // Not ended by the signal before it can say so.
            running.child.wait().await.unwrap();
            assert_eq!(running.interrupt().await, undone, "{script}");
        }
        assert!(!running("sleep 60").interrupt().await);
    }
}
