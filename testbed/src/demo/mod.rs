//! The lab's story, as `make lab` tells it: deploy, four scenes in the order of the original lab,
//! destroy.
//!
//! Every command shown is run, by the same program, and what is printed is its real output; each
//! verdict is read from that output as a reader would.

mod check;
mod flows;
mod hops;
mod scene_create;
mod scene_flip;
mod scene_recreate;
mod scene_unreachable;
mod share;
mod shell;
mod story;
mod text;
mod traceroutes;

use std::fmt::Write;

use miette::Diagnostic;
use serde::Serialize;
use thiserror::Error;

use self::{
    shell::Shell,
    story::{Scene, Stop, Story},
    text::Style,
};
use crate::{
    commands::{Failure, Printer},
    lifecycle::{Interrupt, running_labs},
    topology,
};

/// The lab of the story, for a program that is run outside its repository.
const TOPOLOGY: &str = include_str!("../../../labs/fastpath.er.yml");

/// What to tell.
#[derive(Clone, Debug)]
pub struct Options {
    /// Topology file; the built-in one when absent.
    pub topology: Option<String>,
    /// Name of the lab, instead of the file's.
    pub lab: Option<String>,
    /// Leave the lab running at the end.
    pub keep: bool,
}

/// What the story came to.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    lab: &'a str,
    passed: bool,
    /// Why it ended early, if it did.
    stopped: Option<String>,
    scenes: &'a [Scene],
}

/// The demo must not take over, or destroy, a lab somebody else runs.
#[derive(Debug, Error, Diagnostic)]
#[error("a lab named `{lab}` is running already, and the demo would destroy it at its end")]
#[diagnostic(help(
    "end it with `erlab destroy {lab}`, or give the demo's lab another name: --name"
))]
struct LabRuns {
    lab: String,
}

/// The names of running labs, or signals, cannot be had.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot prepare the demo")]
#[diagnostic(help("labs belong to root: run erlab as root"))]
struct PrepareError(#[source] std::io::Error);

/// Tells the story. Fails with exit code 1 when a verdict does not hold.
pub async fn run(options: Options, printer: Printer) -> Result<(), Failure> {
    let lab = lab_name(&options)?;
    let labs = running_labs().map_err(|source| Failure::failed(PrepareError(source)))?;
    if labs.contains(&lab) {
        return Err(Failure::failed(LabRuns { lab }));
    }
    let interrupt =
        Interrupt::on_signals().map_err(|source| Failure::failed(PrepareError(source)))?;
    let shell = Shell::new(lab.clone()).map_err(Failure::failed)?;
    let mut story = Story::new(shell.clone(), printer.is_json(), interrupt);

    let told = tell(&mut story, &options).await;
    let keep = options.keep || !story.has_deployed();
    let removed = if keep { Ok(()) } else { remove(&shell, &lab).await };
    finish(&story, &lab, options.keep && story.has_deployed(), told, printer)?;
    removed
}

/// The name asked for, or the file's.
fn lab_name(options: &Options) -> Result<String, Failure> {
    if let Some(name) = &options.lab {
        topology::check_lab_name(name).map_err(Failure::failed)?;
        return Ok(name.clone());
    }
    let topology = match &options.topology {
        Some(file) => topology::load(file).map_err(Failure::failed)?,
        None => topology::parse(TOPOLOGY, "the built-in lab").map_err(Failure::failed)?,
    };
    Ok(topology.name.value)
}

async fn tell(story: &mut Story, options: &Options) -> Result<(), Stop> {
    deploy(story, options).await?;
    scene_unreachable::tell(story).await?;
    let key = scene_create::tell(story).await?;
    scene_recreate::tell(story, &key).await?;
    scene_flip::tell(story).await
}

async fn deploy(story: &mut Story, options: &Options) -> Result<(), Stop> {
    story.scene(
        "The lab",
        "One circuit (CIRCUIT_EQUINIX) with two MSEEs, msee-a and msee-b. On-prem is ce1 and \
         onprem-vm. The hub VNet has gateway ERGW1 and a peered spoke; the remote VNet has gateway \
         ERGW2. Each node is a network namespace, each packet a real one; the wires between MSEE and \
         region take 35 ms one way. A gateway takes one TTL and never answers: it is the * of a \
         traceroute.",
    )?;
    if let Some(file) = &options.topology {
        story.needed(&["deploy", "-t", file]).await?;
    } else {
        let shown = "erlab deploy -t labs/fastpath.er.yml";
        story.needed_with_input(&["deploy", "-t", "-"], shown, TOPOLOGY).await?;
    }
    story.needed(&["inspect"]).await?;
    Ok(())
}

/// Destroys the lab whatever happened; a second Ctrl-C does not stop this.
async fn remove(shell: &Shell, lab: &str) -> Result<(), Failure> {
    let mut destroy = shell.start(&["destroy", lab], None).map_err(Failure::failed)?;
    let output = destroy.finish().await.map_err(Failure::failed)?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::failed(NotDestroyed { text: output.text().trim().to_owned() }))
}

/// The lab is still there.
#[derive(Debug, Error, Diagnostic)]
#[error("the demo's lab was not destroyed: {text}")]
#[diagnostic(help("run `erlab destroy --all` again"))]
struct NotDestroyed {
    text: String,
}

/// Says what the story came to.
fn finish(
    story: &Story,
    lab: &str,
    keep: bool,
    told: Result<(), Stop>,
    printer: Printer,
) -> Result<(), Failure> {
    let stopped = match told {
        Ok(()) => None,
        Err(Stop::Interrupted) => Some("interrupted".to_owned()),
        Err(Stop::Command(text)) => Some(text),
        Err(Stop::Failure(failure)) => return Err(failure),
    };
    let all_hold = story.scenes().iter().flat_map(|scene| &scene.checks).all(|check| check.passed);
    let passed = all_hold && stopped.is_none();
    let summary = Summary { lab, passed, stopped, scenes: story.scenes() };
    printer.show(&summary, |summary| render(summary, story.style(), keep))?;
    if passed { Ok(()) } else { Err(Failure::Exit(1)) }
}

fn render(summary: &Summary<'_>, style: Style, keep: bool) -> String {
    let checks = || summary.scenes.iter().flat_map(|scene| &scene.checks);
    let held = checks().filter(|check| check.passed).count();
    let mut text = format!("\n{}\n", style.bold("Summary"));
    for scene in summary.scenes.iter().filter(|scene| !scene.checks.is_empty()) {
        let held = scene.checks.iter().filter(|check| check.passed).count();
        let of = scene.checks.len();
        let mark = if held == of { style.good("✔") } else { style.bad("✘") };
        let _ = writeln!(text, "  {mark} {}: {held} of {of}", scene.title);
    }
    for check in checks().filter(|check| !check.passed) {
        text.push_str(&check.render(style));
    }
    if let Some(reason) = &summary.stopped {
        let _ = writeln!(text, "  {} stopped early: {reason}", style.bad("✘"));
    }
    let verdict = match (summary.passed, &summary.stopped) {
        (true, _) => style.good("as the lab says"),
        (false, None) => style.bad("NOT as the lab says"),
        (false, Some(_)) => style.bad("the story was not told to its end"),
    };
    let _ = writeln!(text, "  {held} of {} verdicts hold: {verdict}", checks().count());
    if keep {
        let _ = writeln!(
            text,
            "  The lab is still running: `erlab inspect`, and `erlab destroy {}` when you are done.",
            summary.lab
        );
    }
    text
}

#[cfg(test)]
mod tests;
