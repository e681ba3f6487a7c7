//! The working half of the agent: wires, daemons, VM routes, admin socket.
//!
//! It may die at any moment. The wires stop with it, so they are the first thing a new worker
//! starts; daemons and routes live on and are taken over.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use desired::Revision;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Notify, watch},
    time::sleep_until,
};

use super::{
    admin::{self, Admin, Health},
    daemon_set::DaemonSet,
    vm_routes,
};
use crate::{
    lifecycle::{self, FindError, Lab, RunDirectory},
    network::namespace::{self, NamespaceError},
    topology::plan::{MTU, Wire},
    wire::{
        WireError, WireSpec, Wires,
        former::{self, FormerError},
    },
};

/// Why the worker could not begin, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The lab's state cannot be read.
    #[error(transparent)]
    Lab(#[from] FindError),
    /// The fabric's namespace cannot be entered.
    #[error("cannot enter the fabric's namespace")]
    Fabric(#[source] NamespaceError),
    /// The wires did not start.
    #[error("the wires did not start")]
    Wires(#[source] WireError),
    /// What former workers lost is not known.
    #[error("cannot compare the counts of the wires' interfaces")]
    Former(#[source] FormerError),
    /// Something ended that works as long as the worker does.
    #[error("{0} ended, so the worker has to be started again")]
    Ended(&'static str),
    /// A signal handler could not be installed.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
    /// Looking for running daemons failed.
    #[error("cannot look for running daemons in /proc")]
    Adoption(#[source] io::Error),
}

/// Without a deadline of its own the loop looks again after this, for nothing.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// Why a worker's work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// SIGTERM or `POST /stop`: every daemon has ended.
    Stopped,
    /// The guardian is gone: this process is to take its place.
    Orphaned,
}

/// Runs until SIGTERM or `POST /stop`, or until the guardian dies. After an error the guardian starts
/// another worker.
pub(super) async fn run(lab: &str) -> Result<Outcome, WorkerError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(WorkerError::Signals)?;
    let lab = Lab::load(RunDirectory::of(lab))?;
    let guardian = lifecycle::find_guardian(lab.directory()).map_err(WorkerError::Adoption)?;
    let Some(guardian) = guardian else { return Ok(Outcome::Orphaned) };
    let wires = Arc::new(start_wires(&lab)?);
    let lost = former::lost(&wires, &lab.directory().wires_file()).map_err(WorkerError::Former)?;
    let number_of_wires = lab.plan().wires().len();

    let (health_sender, health) = watch::channel(Health::default());
    let (revision_sender, mut revision) = watch::channel(None::<Revision>);
    let stop = Arc::new(Notify::new());
    let plan = Arc::new(lab.plan().clone());
    let admin = Admin {
        health,
        wires: Arc::clone(&wires),
        lost: Arc::new(lost),
        plan: Arc::clone(&plan),
        stop: Arc::clone(&stop),
    };
    let (mut daemons, mut ends) = DaemonSet::new(&lab);
    daemons.adopt(guardian.identity().pid).map_err(WorkerError::Adoption)?;

    let socket = lab.agent_socket();
    let mut admin = tokio::spawn(async move {
        if let Err(error) = admin::serve(&socket, admin).await {
            tracing::error!(event = "admin_socket_failed", socket = %socket.display(), %error);
        }
    });
    let dataplanes = lab.directory().dataplane_socket();
    let mut routes =
        tokio::spawn(async move { vm_routes::keep(&plan, dataplanes, revision_sender).await });

    while !daemons.finished() {
        daemons.act();
        let in_force = *revision.borrow_and_update();
        health_sender.send_replace(Health {
            ready: daemons.all_running(),
            daemons: daemons.health(),
            wires: number_of_wires,
            revision: in_force.map(|revision| revision.0),
        });
        let due = daemons.deadline().unwrap_or(Instant::now() + LOOK_AGAIN);
        tokio::select! {
            Some(index) = ends.recv() => daemons.exited(index),
            Ok(()) = guardian.exited() => return Ok(Outcome::Orphaned),
            () = wires.ended() => return Err(WorkerError::Ended("the wires' thread")),
            // Why has been logged: an error by the task, a panic by its hook.
            _ = &mut admin => return Err(WorkerError::Ended("the admin socket's task")),
            _ = &mut routes => return Err(WorkerError::Ended("the VM routes' task")),
            _ = terminate.recv() => daemons.stop(),
            () = stop.notified() => daemons.stop(),
            Ok(()) = revision.changed() => {}
            () = sleep_until(due.into()) => {}
        }
    }
    tracing::info!(event = "worker_finished");
    Ok(Outcome::Stopped)
}

/// Starts the wires on a thread that lives in the fabric's namespace.
fn start_wires(lab: &Lab) -> Result<Wires, WorkerError> {
    let wires = lab.plan().wires().into_iter();
    let specs = wires.map(|Wire { name, a, b, a_end, tags, impairment, .. }| {
        // The end that has no tags.
        let mtu = lab.plan().interface(&a_end).map_or(MTU, |port| port.mtu);
        WireSpec { name, a, b, tags, mtu, impairment }
    });
    let specs: Vec<WireSpec> = specs.collect();
    let fabric = lab.plan().fabric_namespace();
    namespace::in_namespace(&fabric, move || Wires::start(specs))
        .map_err(WorkerError::Fabric)?
        .map_err(WorkerError::Wires)
}
