//! `erlab deploy`: from a topology file to a lab that forwards.

use std::{
    fs, io,
    io::IsTerminal,
    time::{Duration, Instant},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use miette::Diagnostic;
use serde_json::json;
use thiserror::Error;

use super::{Failure, output::Printer};
use crate::{
    lifecycle,
    topology::{self, Topology},
};

/// Start a lab from a topology file; returns when every dataplane forwards
#[derive(Debug, Args)]
#[command(after_help = "\
A deployment that fails, or is interrupted with Ctrl-C, takes back everything it made.

Examples:
  erlab deploy -t labs/fastpath.er.yml
  erlab deploy                       # the only *.er.yml in this directory
  erlab --name second deploy -t -    # from standard input, under another name")]
pub(super) struct DeployArgs {
    /// Topology file or `-`; else the only *.er.yml here
    #[arg(short, long, env = "ERLAB_TOPO", value_name = "FILE", hide_env_values = true)]
    topo: Option<String>,
}

/// No topology file was named and this directory does not decide it.
#[derive(Debug, PartialEq, Eq, Error, Diagnostic)]
enum NoFile {
    #[error("there is no *.er.yml in this directory")]
    #[diagnostic(help("name a topology file: erlab deploy -t labs/fastpath.er.yml"))]
    None,
    #[error("there are several topology files here: {}", .0.join(", "))]
    #[diagnostic(help("name one of them with -t"))]
    Several(Vec<String>),
}

/// Runs the verb.
pub(super) async fn run(
    args: DeployArgs,
    name: Option<&str>,
    printer: Printer,
) -> Result<(), Failure> {
    let file = match args.topo {
        Some(file) => file,
        None => only_file(&names_here()?).map_err(Failure::usage)?,
    };
    let topology = read(&file, name)?;
    let started = Instant::now();
    let steps = Steps::new();
    let deployed = lifecycle::deploy(&topology, &mut |step| steps.show(step)).await;
    steps.clear();
    let lab = deployed.map_err(Failure::failed)?;
    let seconds = started.elapsed().as_secs_f64();
    let nodes: Vec<&str> = lab.plan().nodes.iter().map(|node| node.name.as_str()).collect();
    let report = json!({ "lab": lab.name(), "nodes": nodes, "seconds": seconds });
    printer.show(&report, |_| {
        format!(
            "lab {} is ready after {seconds:.1} s: {} nodes\n  {}\n`erlab inspect` shows it, `erlab \
             destroy {}` removes it",
            lab.name(),
            nodes.len(),
            nodes.join(", "),
            lab.name()
        )
    })
}

/// Reads a topology; `name` takes the place of its own.
pub(super) fn read(file: &str, name: Option<&str>) -> Result<Topology, Failure> {
    let mut topology = topology::load(file).map_err(Failure::failed)?;
    if let Some(name) = name {
        name.clone_into(&mut topology.name.value);
    }
    Ok(topology)
}

fn names_here() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(".")? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

fn only_file(names: &[String]) -> Result<String, NoFile> {
    let files: Vec<&String> = names.iter().filter(|name| name.ends_with(".er.yml")).collect();
    match files.as_slice() {
        [] => Err(NoFile::None),
        [only] => Ok((*only).clone()),
        several => Err(NoFile::Several(several.iter().map(|name| (*name).clone()).collect())),
    }
}

/// What the deployment is doing: a spinner on a terminal, nothing elsewhere.
struct Steps(Option<ProgressBar>);

impl Steps {
    fn new() -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>3} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(Some(bar))
    }

    fn show(&self, step: &str) {
        if let Self(Some(bar)) = self {
            bar.set_message(step.to_owned());
        }
    }

    fn clear(&self) {
        if let Self(Some(bar)) = self {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests;
