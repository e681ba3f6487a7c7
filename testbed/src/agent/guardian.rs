//! The parent of everything in a lab: it re-executes the worker whenever that dies.
//!
//! It is a child subreaper (prctl(2)): when the worker dies, the daemons become the guardian's
//! children instead of init's, keep running, and a new worker adopts them. It reads no file, opens
//! no socket and knows nothing of the lab but its name, so there is little in it that can fail.

use std::{
    io,
    os::unix::process::CommandExt,
    process::Command,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        prctl,
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{Pid, setsid},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep_until,
};

use super::{
    ending,
    process::{self, Identity, LAB_MARK, Process},
};
use crate::lifecycle::{RunDirectory, write_json};

/// A worker that died sooner than this after its start is given a pause: it would die again.
const QUICK_DEATH: Duration = Duration::from_secs(1);

/// The pause. With it a worker is back within a second of its death, come what may.
const PAUSE: Duration = Duration::from_millis(500);

/// How long the worker may take to end all daemons, rank by rank, before it is killed.
const PATIENCE: Duration = Duration::from_secs(12);

/// How long daemons that outlived the worker may take to end.
const ORPHANS_PATIENCE: Duration = Duration::from_secs(3);

/// Why the guardian could not begin.
#[derive(Debug, thiserror::Error)]
pub enum GuardianError {
    /// The kernel refused to make it the reaper of orphans.
    #[error("prctl(PR_SET_CHILD_SUBREAPER) failed")]
    Subreaper(#[source] Errno),
    /// A signal handler could not be installed.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
    /// Its process could not be recorded for `destroy`.
    #[error("cannot write the guardian's process number")]
    Record(#[source] io::Error),
}

/// Runs until SIGTERM, or until the worker ends with exit code 0: a stop that came through its
/// admin socket.
pub(super) async fn run(lab: &str) -> Result<(), GuardianError> {
    // Fails when it leads a session already, which is as good.
    let _ = setsid();
    prctl::set_child_subreaper(true).map_err(GuardianError::Subreaper)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(GuardianError::Signals)?;
    let mut child_ended = signal(SignalKind::child()).map_err(GuardianError::Signals)?;
    record(lab).map_err(GuardianError::Record)?;

    let mut worker = Worker::default();
    loop {
        worker.start_if_due(lab);
        tokio::select! {
            _ = terminate.recv() => break,
            _ = child_ended.recv() => if worker.reap() == Reaped::WorkerFinished { return Ok(()) },
            () = sleep_until(worker.due.into()), if worker.pid.is_none() => {}
        }
    }
    worker.end().await;
    end_orphans().await;
    Ok(())
}

/// Turns this process into the guardian of `lab`; returns only if that fails.
pub(super) fn become_guardian(lab: &str) -> io::Error {
    tracing::warn!(event = "guardian_died", "taking its place");
    again(lab).exec()
}

/// This very program as `erlab agent`, also if its file was replaced meanwhile: guardian and worker
/// are of one version.
fn again(lab: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("erlab").args(["agent", "--lab", lab]).env(LAB_MARK, lab);
    command
}

fn record(lab: &str) -> io::Result<()> {
    let own = Process::open(std::process::id().cast_signed())?;
    let own = own.map(|process| process.identity());
    write_json::<Option<Identity>>(&RunDirectory::of(lab).guardian_file(), &own)
}

/// What a round of reaping found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaped {
    /// The worker stopped the lab and ended with exit code 0.
    WorkerFinished,
    /// Anything else.
    Others,
}

/// The worker, alive or about to be started.
#[derive(Debug)]
struct Worker {
    pid: Option<Pid>,
    started: Instant,
    due: Instant,
}

impl Default for Worker {
    fn default() -> Self {
        let now = Instant::now();
        Self { pid: None, started: now, due: now }
    }
}

impl Worker {
    fn start_if_due(&mut self, lab: &str) {
        let now = Instant::now();
        if self.pid.is_some() || now < self.due {
            return;
        }
        match again(lab).arg("--worker").spawn() {
            Ok(child) => {
                tracing::info!(event = "worker_started", pid = child.id());
                self.pid = Some(Pid::from_raw(child.id().cast_signed()));
                self.started = now;
            }
            Err(error) => {
                tracing::error!(event = "worker_not_started", %error);
                self.due = now + PAUSE;
            }
        }
    }

    /// Collects every child that has ended, the worker or an orphan.
    fn reap(&mut self) -> Reaped {
        while let Ok(status) = waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
            match status {
                WaitStatus::StillAlive => break,
                status if status.pid() == self.pid => {
                    self.pid = None;
                    if let WaitStatus::Exited(_, 0) = status {
                        return Reaped::WorkerFinished;
                    }
                    tracing::warn!(event = "worker_died", ?status);
                    let now = Instant::now();
                    let quick = now.duration_since(self.started) < QUICK_DEATH;
                    self.due = if quick { now + PAUSE } else { now };
                }
                _ => {}
            }
        }
        Reaped::Others
    }

    /// Lets the worker end the daemons in their order; kills it when it does not.
    async fn end(&self) {
        if let Some(pid) = self.pid
            && let Ok(Some(process)) = Process::open(pid.as_raw())
        {
            end(&[process], PATIENCE).await;
        }
    }
}

/// Ends what the worker left.
async fn end_orphans() {
    match process::children(std::process::id().cast_signed()) {
        Ok(orphans) => end(&orphans, ORPHANS_PATIENCE).await,
        Err(error) => tracing::warn!(event = "orphans_not_listed", %error),
    }
}

async fn end(processes: &[Process], patience: Duration) {
    if let Err(error) = ending::end(processes, patience).await {
        tracing::warn!(event = "processes_not_ended", %error);
    }
}
