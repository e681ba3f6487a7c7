//! `erlab agent`, one per lab: keeps a deployed lab running.
//!
//! Two processes of one program. The *guardian* is the parent of everything and re-executes the
//! *worker* whenever that dies. The worker runs the wires, supervises `ercontrol`, `msee` and
//! `ergw`, and writes the VMs' routes. Both stay in the namespace erlab was started in: only the
//! wires' threads are in the fabric's, and each daemon is started in its own.
//!
//! What dies and what goes on:
//!
//! | killed | what stops | back after |
//! |---|---|---|
//! | a daemon | its own work (an MSEE's XDP goes on) | at once |
//! | the worker | the wires, with what is in their delay lines | under a second |
//! | the guardian | the same: the worker becomes the guardian and starts a new worker | under a second |
//!
//! The daemons outlive the worker (it started them, the guardian inherits them) and the next worker
//! adopts them: same processes, no restart.

mod admin;
mod daemon;
mod daemon_set;
mod ending;
mod guardian;
mod launch;
mod process;
mod programs;
mod records;
mod supervision;
mod vm_routes;
mod worker;

use std::{io, process::ExitCode};

use tokio::runtime::Builder;
use tracing_subscriber::EnvFilter;

pub use admin::{DaemonHealth, Health};
pub use daemon::{Daemon, ERCONTROL, daemons, programs as daemon_programs};
pub use ending::end;
pub use guardian::GuardianError;
pub use process::{Identity, LAB_MARK, Process, marked_labs, marked_with_lab};
pub use programs::{DIRECTORY_VARIABLE, ProgramError, find as find_program};
pub use vm_routes::HOST;
pub use worker::WorkerError;

/// Keeps a lab running; `erlab deploy` starts it
#[derive(Debug, clap::Args)]
pub struct AgentArgs {
    /// Name of the lab
    #[arg(long)]
    lab: String,
    /// Be the worker; without it, the guardian that re-executes it
    #[arg(long)]
    worker: bool,
}

/// Why the agent ended.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// Its runtime could not be made.
    #[error("the agent's runtime could not be made")]
    Runtime(#[source] io::Error),
    /// The guardian could not begin.
    #[error("the lab's guardian could not begin")]
    Guardian(#[from] GuardianError),
    /// A worker whose guardian died could not take its place.
    #[error("the worker could not become the guardian")]
    Succession(#[source] io::Error),
    /// The worker had to end; the guardian starts another.
    #[error("the lab's worker could not begin or go on")]
    Worker(#[from] WorkerError),
}

/// `erlab agent`: runs until the lab is stopped. Exit code 0 is a stop, anything else a death.
pub fn main(args: AgentArgs) -> ExitCode {
    let filter = EnvFilter::try_from_env("ERLAB_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(event = "agent_failed", error);
            ExitCode::FAILURE
        }
    }
}

fn run(AgentArgs { lab, worker }: AgentArgs) -> Result<(), AgentError> {
    // One thread is enough for either: packets are moved by the wires' own.
    let runtime =
        Builder::new_current_thread().enable_all().build().map_err(AgentError::Runtime)?;
    if !worker {
        return Ok(runtime.block_on(guardian::run(&lab))?);
    }
    match runtime.block_on(worker::run(&lab))? {
        worker::Outcome::Stopped => Ok(()),
        // The daemons it has started stay its children.
        worker::Outcome::Orphaned => Err(AgentError::Succession(guardian::become_guardian(&lab))),
    }
}
