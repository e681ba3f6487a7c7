//! The `msee` daemon: takes desired states from `ercontrol`, reports what is in force, and answers
//! questions on its admin socket.
//!
//! Forwarding needs none of this. The XDP programs are pinned: a killed daemon leaves them
//! forwarding, and the next one takes over. Only an orderly end (SIGTERM, SIGINT) detaches them: a
//! daemon that has lost a part of itself ends with an error and leaves them too.

mod admin;
mod explain;
mod inject;
mod interfaces;
mod neighbours;
mod router;

use std::{
    error::Error as StdError,
    future::pending,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use admin::Admin;
use admission::BindError;
use desired::{MseeState, Revision, State};
pub use inject::PortError;
use interfaces::Changes;
pub use neighbours::{NeighbourReport, Source};
use privilege::{Capabilities, KeepError};
pub use router::{
    Parts, PortBindError, Router, RouterApplyError, RouterInjectError, RouterStartError,
};
use southbound::{DataplaneKind, Identity};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

use crate::fastpath::{FastPath, Loader, ShutdownError};

/// How often a state that could not be applied is tried again. Changed interfaces are noticed at once;
/// should a message about them be lost, then too.
const RECONCILE: Duration = Duration::from_secs(1);

/// What loading takes. The verifier lets nobody compare packet pointers without CAP_PERFMON, and the
/// programs do.
const LOADING: Capabilities =
    Capabilities::BPF.union(Capabilities::NET_ADMIN).union(Capabilities::PERFMON);

/// The likeliest cure of a failed start without those.
const NOT_PERMITTED: &str =
    " without CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON: run it as root, or with them";

/// What is left once the programs are loaded: CAP_NET_ADMIN attaches them to ports that come later,
/// and asks the kernel for neighbours; CAP_NET_RAW makes those ports' sockets; CAP_NET_BIND_SERVICE is
/// for BGP's port. Before Linux 6.4 every bpf(2) needs CAP_BPF where
/// `kernel.unprivileged_bpf_disabled` is set.
const KEPT: Capabilities = Capabilities::NET_ADMIN
    .union(Capabilities::NET_RAW)
    .union(Capabilities::NET_BIND_SERVICE)
    .union(Capabilities::BPF);

/// What the daemon is told on its command line.
#[derive(Clone, Debug)]
pub struct Options {
    /// The router's name, as `ercontrol` knows it.
    pub name: String,
    /// `ercontrol`'s socket for dataplanes.
    pub control: PathBuf,
    /// Where to answer questions.
    pub admin: PathBuf,
    /// Directory of pins on bpffs.
    pub pins: PathBuf,
    /// Whether to take over from a fast path whose tables cannot be adopted.
    pub replace: bool,
}

/// The daemon could not start, or not end in order.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The router.
    #[error("{name} cannot start{hint}")]
    Start {
        /// Its name.
        name: String,
        /// The likeliest cure, or nothing.
        hint: &'static str,
        #[source]
        #[doc = "What went wrong."]
        source: Box<RouterStartError>,
    },
    /// The admin socket.
    #[error("{name} cannot answer on its admin socket")]
    Admin {
        /// The router's name.
        name: String,
        #[source]
        #[doc = "What went wrong."]
        source: BindError,
    },
    /// Privileges could not be dropped.
    #[error(transparent)]
    Privileges(#[from] KeepError),
    /// Signal handlers.
    #[error("signal handlers cannot be installed")]
    Signal(#[source] io::Error),
    /// A part of the daemon ended by itself, by a defect. Forwarding goes on without it.
    #[error("{part} ended unexpectedly; packets are still forwarded: start msee again")]
    Ended {
        /// Which part.
        part: &'static str,
    },
    /// The orderly end.
    #[error("the fast path could not be taken down; remove the pins by hand")]
    Shutdown(#[from] ShutdownError),
}

/// A router shared with the admin socket; `None` once it is shut down.
type SharedRouter = Arc<Mutex<Option<Router>>>;

fn lock(router: &SharedRouter) -> MutexGuard<'_, Option<Router>> {
    // A panic elsewhere leaves tables that are still consistent: they change by one store.
    router.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A daemon that has what it needs to forward, and no privilege that only starting takes.
#[derive(Debug)]
pub struct Started {
    options: Options,
    admin: Admin,
    fastpath: FastPath,
}

/// Loads the fast path, and gives up what only that needs. To be called while the process has one
/// thread.
pub fn start(options: Options) -> Result<Started, RunError> {
    let mut kept = KEPT;
    match afxdp::raise_memory_limit() {
        Ok(true) => {}
        // Without it, the memory of a few ports' sockets is all there is.
        Ok(false) => kept |= Capabilities::IPC_LOCK,
        Err(error) => {
            kept |= Capabilities::IPC_LOCK;
            tracing::warn!(event = "memory_limit_not_raised", call = "setrlimit", %error);
        }
    }
    // First, because it tells whether another msee has these tables.
    let admin = Admin::bind(&options.admin)
        .map_err(|source| RunError::Admin { name: options.name.clone(), source })?;
    let loader = Loader::default().replace(options.replace);
    let fastpath = loader.load(&options.pins).map_err(|error| {
        let hint = if privilege::has(LOADING) { "" } else { NOT_PERMITTED };
        RunError::Start { name: options.name.clone(), hint, source: Box::new(error.into()) }
    })?;
    privilege::keep(kept)?;
    Ok(Started { options, admin, fastpath })
}

/// Runs until SIGTERM or SIGINT, and takes the fast path down then; on an error it stays.
pub async fn run(started: Started) -> Result<(), RunError> {
    let Started { options, mut admin, fastpath } = started;
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Signal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(RunError::Signal)?;
    let (router, parts) = Router::start(fastpath).map_err(|error| {
        let source = Box::new(error.into());
        RunError::Start { name: options.name.clone(), hint: "", source }
    })?;
    let router = Arc::new(Mutex::new(Some(router)));
    admin.serve(options.name.clone(), Arc::clone(&router));
    tracing::info!(event = "started", name = options.name, admin = %options.admin.display());
    tokio::select! {
        _ = ended(&mut terminate, &mut interrupt) => {}
        part = failed(&options, &router, &mut admin, parts) => {
            return Err(RunError::Ended { part });
        }
    }
    tracing::info!(event = "stopping", name = options.name);
    drop(admin);
    let router = lock(&router).take();
    if let Some(router) = router {
        router.shutdown()?;
    }
    Ok(())
}

async fn ended(terminate: &mut Signal, interrupt: &mut Signal) -> Option<()> {
    tokio::select! {
        signal = terminate.recv() => signal,
        signal = interrupt.recv() => signal,
    }
}

/// Does the daemon's work until a part of it ends, which none should; names that part.
async fn failed(
    options: &Options,
    router: &SharedRouter,
    admin: &mut Admin,
    parts: Parts,
) -> &'static str {
    let Parts { punts, follower, learned } = parts;
    tokio::select! {
        () = follow(options, router) => "the stream from ercontrol",
        () = admin.ended() => "the admin server",
        () = punts.wait() => "the punt thread",
        () = follower.run() => "the follower of the kernel's neighbours",
        () = neighbours::learn(router, learned) => "the task that has neighbours take effect",
    }
}

/// A state and whether it is in force.
struct Wanted {
    revision: Revision,
    state: MseeState,
    error: Option<String>,
}

/// Applies every state that arrives; retries on a deadline what could not be applied and what an
/// interface that came back needs.
async fn follow(options: &Options, router: &SharedRouter) {
    let identity = Identity { kind: DataplaneKind::Msee, name: options.name.clone() };
    let mut control = southbound::connect(options.control.clone(), identity);
    let mut wanted: Option<Wanted> = None;
    let mut reconcile = interval(RECONCILE);
    reconcile.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watch = noted(Changes::watch());
    loop {
        tokio::select! {
            next = control.next() => match next {
                None => return,
                Some((revision, State::Msee(state))) => {
                    let fresh = Wanted { revision, state, error: None };
                    apply(router, &control, wanted.insert(fresh));
                }
                Some((revision, _)) => control.refused(revision, &WrongKind),
            },
            () = changed(&mut watch) => {
                let changed = interfaces_changed(router);
                if let Some(wanted) = wanted.as_mut().filter(|_| changed) {
                    apply(router, &control, wanted);
                }
            }
            _ = reconcile.tick() => {
                let changed = interfaces_changed(router);
                let is_due = |wanted: &&mut Wanted| changed || wanted.error.is_some();
                if let Some(wanted) = wanted.as_mut().filter(is_due) {
                    apply(router, &control, wanted);
                }
            }
        }
    }
}

/// Returns when interfaces have changed; never, when nobody tells.
async fn changed(watch: &mut Option<Changes>) {
    if let Some(changes) = watch {
        if noted(changes.next().await).is_some() {
            return;
        }
        *watch = None;
    }
    pending::<()>().await;
}

/// Without the kernel's messages interfaces are still looked at, every [`RECONCILE`].
fn noted<T>(result: io::Result<T>) -> Option<T> {
    result.inspect_err(|error| tracing::warn!(event = "interfaces_not_watched", %error)).ok()
}

/// Whether the interfaces are others than those in force; their counters are read before they go.
fn interfaces_changed(router: &SharedRouter) -> bool {
    lock(router).as_mut().is_some_and(|router| {
        router.read_losses();
        router.interfaces_changed()
    })
}

/// `ercontrol` sent the state of another kind of dataplane.
#[derive(Debug, thiserror::Error)]
#[error("the state is not an MSEE's; is another program connected under this name?")]
struct WrongKind;

/// Applies and reports. The same failure twice in a row is reported once.
fn apply(router: &SharedRouter, control: &southbound::Handle, wanted: &mut Wanted) {
    let revision = wanted.revision;
    // Milliseconds of system calls, and nothing else of this runtime is urgent.
    let result = tokio::task::block_in_place(|| {
        lock(router).as_mut().map(|router| router.apply(revision, &wanted.state))
    });
    match result {
        None => {}
        Some(Ok(())) => {
            wanted.error = None;
            tracing::info!(event = "state_applied", %revision);
            control.applied(revision);
        }
        Some(Err(error)) => {
            let text = chain(&error);
            if wanted.error.as_ref() != Some(&text) {
                tracing::error!(event = "state_refused", %revision, error = text);
                control.refused(revision, &error);
                wanted.error = Some(text);
            }
        }
    }
}

/// An error and all its causes, as one line.
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // A transparent error repeats its cause's text.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
