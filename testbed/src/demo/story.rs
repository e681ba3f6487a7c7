//! The teller: shows a command, runs it, prints what it printed, and notes each verdict.

use std::time::Duration;

use serde::Serialize;

use super::{
    check::Check,
    shell::{Output, Running, Shell, ShellError, command_line, without_key},
    text::{Style, continued, indented, wrap},
};
use crate::{
    commands::{Failure, write_out},
    lifecycle::{Interrupt, Lab},
};

/// Tells the story to stdout, or keeps silent and only collects the verdicts.
#[derive(Debug)]
pub(super) struct Story {
    shell: Shell,
    style: Style,
    silent: bool,
    interrupt: Interrupt,
    scenes: Vec<Scene>,
    deployed: bool,
}

/// One scene and its verdicts.
#[derive(Debug, Serialize)]
pub(super) struct Scene {
    /// Its title.
    pub title: String,
    /// What it showed.
    pub checks: Vec<Check>,
}

/// Why the story ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// A command without which nothing that follows makes sense has failed.
    Command(String),
    /// Printing or running failed.
    Failure(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<ShellError> for Stop {
    fn from(error: ShellError) -> Self {
        Self::Failure(Failure::failed(error))
    }
}

/// A command in the background: it is shown now and its output when it has ended.
#[derive(Debug)]
pub(super) struct Background(Running);

impl Story {
    /// A story that uses `shell` and ends when the user interrupts.
    pub(super) fn new(shell: Shell, silent: bool, interrupt: Interrupt) -> Self {
        let (style, scenes) = (Style::of_stdout(), Vec::new());
        Self { shell, style, silent, interrupt, scenes, deployed: false }
    }

    /// Whether the story's own lab may be there. Its first command is `deploy`: when that fails it
    /// takes back what it made, and a lab of the name is somebody else's.
    pub(super) fn has_deployed(&self) -> bool {
        self.deployed
    }

    /// The verdicts so far.
    pub(super) fn scenes(&self) -> &[Scene] {
        &self.scenes
    }

    /// The lab the story is about.
    pub(super) fn lab(&self) -> Result<Lab, Stop> {
        Ok(Lab::find(Some(self.shell.lab())).map_err(Failure::failed)?)
    }

    /// Colours, or none.
    pub(super) fn style(&self) -> Style {
        self.style
    }

    /// Begins a scene.
    pub(super) fn scene(&mut self, title: &str, text: &str) -> Result<(), Stop> {
        self.scenes.push(Scene { title: title.to_owned(), checks: Vec::new() });
        let rule = "─".repeat(96);
        self.print(&format!("\n{rule}\n{}\n{rule}\n{}", self.style.bold(title), wrap(text, "")))
    }

    /// Says what the next commands show, and why.
    pub(super) fn explain(&self, text: &str) -> Result<(), Stop> {
        self.print(&format!("\n{}", wrap(text, "")))
    }

    /// Shows a command, runs it, shows its output.
    pub(super) async fn command(&mut self, words: &[&str]) -> Result<Output, Stop> {
        self.command_with_input(words, &command_line(words), None).await
    }

    /// The same, for a command without which the story cannot go on.
    pub(super) async fn needed(&mut self, words: &[&str]) -> Result<Output, Stop> {
        succeeded(self.command(words).await?)
    }

    /// The same with standard input, shown as `shown`.
    pub(super) async fn needed_with_input(
        &mut self,
        words: &[&str],
        shown: &str,
        input: &str,
    ) -> Result<Output, Stop> {
        succeeded(self.command_with_input(words, shown, Some(input)).await?)
    }

    async fn command_with_input(
        &mut self,
        words: &[&str],
        shown: &str,
        input: Option<&str>,
    ) -> Result<Output, Stop> {
        self.show_command(shown, "")?;
        let mut running = self.shell.start(words, input)?;
        let output = self.wait(&mut running).await?;
        self.show_output(&output)?;
        Ok(output)
    }

    /// Starts a command in the background and shows it with its `&`.
    pub(super) fn start(&mut self, words: &[&str]) -> Result<Background, Stop> {
        self.show_command(&command_line(words), " &")?;
        Ok(Background(self.shell.start(words, None)?))
    }

    /// Waits for a background command; its output is the caller's to show.
    pub(super) async fn finish(&mut self, background: Background) -> Result<Output, Stop> {
        let Background(mut running) = background;
        self.wait(&mut running).await
    }

    /// Shows a command that has already run.
    pub(super) fn show_finished(&self, output: &Output) -> Result<(), Stop> {
        self.show_command(&output.command, "")?;
        self.show_output(output)
    }

    /// Shows text as it is.
    pub(super) fn show(&self, text: &str) -> Result<(), Stop> {
        self.print(&indented(text, "  "))
    }

    /// Lets time pass.
    pub(super) async fn pause(&mut self, time: Duration) -> Result<(), Stop> {
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            _interrupted = self.interrupt.received() => Err(Stop::Interrupted),
        }
    }

    /// Notes a verdict and shows it.
    pub(super) fn check(&mut self, check: Check) -> Result<(), Stop> {
        self.print(&check.render(self.style))?;
        if let Some(scene) = self.scenes.last_mut() {
            scene.checks.push(check);
        }
        Ok(())
    }

    /// Waits for a command; when the user interrupts, the command first.
    async fn wait(&mut self, running: &mut Running) -> Result<Output, Stop> {
        tokio::select! {
            output = running.finish() => {
                let output = output?;
                self.deployed |= output.status.success();
                return Ok(output);
            }
            _interrupted = self.interrupt.received() => {}
        }
        self.deployed |= !running.interrupt().await;
        Err(Stop::Interrupted)
    }

    fn show_command(&self, command: &str, suffix: &str) -> Result<(), Stop> {
        let lines = continued(&format!("$ {command}{suffix}"));
        self.print(&format!("\n{}", indented(&self.style.bold(&lines), "  ")))
    }

    fn show_output(&self, output: &Output) -> Result<(), Stop> {
        let text = output.text();
        if text.trim().is_empty() { Ok(()) } else { self.show(&text) }
    }

    fn print(&self, text: &str) -> Result<(), Stop> {
        if self.silent { Ok(()) } else { Ok(write_out(text)?) }
    }
}

fn succeeded(output: Output) -> Result<Output, Stop> {
    if output.status.success() {
        return Ok(output);
    }
    let command = without_key(&output.command);
    Err(Stop::Command(format!("`{command}` failed: {}", output.text().trim())))
}
