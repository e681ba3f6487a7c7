//! The lab's daemons as processes: starts, adopts, watches and signals them as the state machine
//! says.

use std::{io, process::Child, sync::Arc, time::Instant};

use rustix::process::Signal;
use tokio::sync::mpsc;

use super::{
    admin::DaemonHealth,
    daemon::{self, Daemon},
    launch,
    process::Process,
    records::Records,
    supervision::{Action, DaemonIndex, Supervisor},
};
use crate::lifecycle::Lab;

/// All daemons of one lab.
#[derive(Debug)]
pub(super) struct DaemonSet {
    lab: String,
    daemons: Vec<Daemon>,
    processes: Vec<Option<Arc<Process>>>,
    supervisor: Supervisor,
    records: Records,
    ends: mpsc::UnboundedSender<DaemonIndex>,
}

impl DaemonSet {
    /// The daemons of `lab`, none started, and where the ends of their processes are told.
    pub(super) fn new(lab: &Lab) -> (Self, mpsc::UnboundedReceiver<DaemonIndex>) {
        let daemons = daemon::daemons(lab.plan(), lab.directory());
        let ranks = daemons.iter().map(|daemon| daemon.stop_rank);
        let supervisor = Supervisor::new(ranks, Instant::now());
        let (ends, receiver) = mpsc::unbounded_channel();
        let set = Self {
            lab: lab.name().to_owned(),
            processes: daemons.iter().map(|_| None).collect(),
            supervisor,
            records: Records::read(&lab.directory().daemons_file()),
            daemons,
            ends,
        };
        (set, receiver)
    }

    /// Takes over the daemons that an earlier worker started: children of `guardian` now.
    pub(super) fn adopt(&mut self, guardian: i32) -> io::Result<()> {
        for (index, daemon) in self.daemons.iter().enumerate() {
            let running = self.records.running(daemon, &self.lab, guardian)?;
            let Some((process, restarts)) = running else { continue };
            let pid = process.identity().pid;
            tracing::info!(event = "daemon_adopted", name = daemon.name, pid);
            self.supervisor.adopted(index, restarts, Instant::now());
            let process = Arc::new(process);
            self.watch(index, Arc::clone(&process), None);
            if let Some(slot) = self.processes.get_mut(index) {
                *slot = Some(process);
            }
        }
        Ok(())
    }

    /// Does what is due.
    pub(super) fn act(&mut self) {
        loop {
            let actions = self.supervisor.due(Instant::now());
            if actions.is_empty() {
                return;
            }
            for action in actions {
                match action {
                    Action::Start(index) => self.start(index),
                    Action::Terminate(index) => self.signal(index, Signal::TERM),
                    Action::Kill(index) => self.signal(index, Signal::KILL),
                }
            }
        }
    }

    /// The process of a daemon has ended.
    pub(super) fn exited(&mut self, index: DaemonIndex) {
        self.supervisor.exited(index, Instant::now());
        if let Some(slot) = self.processes.get_mut(index) {
            *slot = None;
        }
    }

    /// Ends all daemons, see [`Supervisor::stop`].
    pub(super) fn stop(&mut self) {
        self.supervisor.stop();
    }

    /// Whether they were to end and have.
    pub(super) fn finished(&self) -> bool {
        self.supervisor.finished()
    }

    /// When [`DaemonSet::act`] next has something to do that no event announces.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.supervisor.deadline()
    }

    /// Whether every daemon is alive.
    pub(super) fn all_running(&self) -> bool {
        self.supervisor.all_running()
    }

    /// Each daemon's process and state.
    pub(super) fn health(&self) -> Vec<DaemonHealth> {
        let processes = self.daemons.iter().zip(&self.processes).enumerate();
        let health = processes.filter_map(|(index, (daemon, process))| {
            let (state, restarts) = self.supervisor.state(index)?;
            Some(DaemonHealth {
                name: daemon.name.clone(),
                program: daemon.program.to_owned(),
                pid: process.as_ref().map(|process| process.identity().pid),
                state: state.name().to_owned(),
                restarts,
            })
        });
        health.collect()
    }

    fn start(&mut self, index: DaemonIndex) {
        let Some(daemon) = self.daemons.get(index) else { return };
        let restarts = self.supervisor.state(index).map_or(0, |(_, restarts)| restarts);
        match started(&self.lab, daemon) {
            Ok((process, child)) => {
                let pid = process.identity().pid;
                tracing::info!(event = "daemon_started", name = daemon.name, pid, restarts);
                if let Err(error) = self.records.put(daemon, process.identity(), restarts) {
                    // It will be found by its mark instead.
                    tracing::warn!(event = "daemon_not_recorded", name = daemon.name, %error);
                }
                let process = Arc::new(process);
                self.watch(index, Arc::clone(&process), Some(child));
                if let Some(slot) = self.processes.get_mut(index) {
                    *slot = Some(process);
                }
                self.supervisor.started(index, Instant::now());
            }
            Err(error) => {
                tracing::error!(event = "daemon_not_started", name = daemon.name, %error);
                self.supervisor.start_failed(index, Instant::now());
            }
        }
    }

    /// Tells the end of a process, whoever its parent is. Our own children are reaped; an adopted
    /// one is the guardian's to reap.
    fn watch(&self, index: DaemonIndex, process: Arc<Process>, child: Option<Child>) {
        let ends = self.ends.clone();
        let name = self.daemons.get(index).map(|daemon| daemon.name.clone()).unwrap_or_default();
        tokio::spawn(async move {
            if let Err(error) = process.exited().await {
                tracing::error!(event = "daemon_not_watched", name, %error, "it is ended");
                // It fails only when there is nothing left to end.
                let _ = process.signal(Signal::KILL);
            }
            let status = child.and_then(|mut child| child.wait().ok());
            let status = status.map(|status| status.to_string());
            tracing::warn!(event = "daemon_ended", name, pid = process.identity().pid, status);
            // The receiver is gone only when the worker itself ends.
            let _ = ends.send(index);
        });
    }

    fn signal(&self, index: DaemonIndex, signal: Signal) {
        let Some(Some(process)) = self.processes.get(index) else { return };
        if let Err(error) = process.signal(signal) {
            tracing::error!(event = "signal_failed", pid = process.identity().pid, %error);
        }
    }
}

/// Starts a daemon and opens its process. Until its parent has reaped it a process keeps its
/// number, so the open cannot hit another one.
fn started(lab: &str, daemon: &Daemon) -> io::Result<(Process, Child)> {
    let mut child = launch::launch(lab, daemon).map_err(io::Error::other)?;
    match Process::open(child.id().cast_signed()) {
        Ok(Some(process)) => Ok((process, child)),
        Ok(None) => {
            let (status, log) = (child.wait()?, daemon.log.display());
            Err(io::Error::other(format!("it ended at once: {status}, see {log}")))
        }
        // What cannot be watched must not run beside the one that is started in its place.
        Err(error) => {
            child.kill()?;
            child.wait()?;
            Err(error)
        }
    }
}
