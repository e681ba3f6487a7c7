//! The running daemon: its sockets, from start to SIGTERM.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use admission::{BindError, Limits};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    api,
    control::{Control, LoadError},
    store::{EmbeddedStore, OpenError},
};

/// How long requests under way may take to end after SIGTERM. Shorter than what a supervisor waits
/// before it kills; a change cut off here is committed or not, as after any crash.
const GRACE: Duration = Duration::from_secs(2);

/// Where the daemon keeps and offers things.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The store's file.
    pub store: PathBuf,
    /// Socket of the API.
    pub api: PathBuf,
    /// Socket for dataplanes.
    pub dataplanes: PathBuf,
}

/// Why the daemon did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The store could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store could not be read.
    #[error("cannot load the resources from {path}")]
    Load {
        /// The store.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: LoadError,
    },
    /// A socket could not be made.
    #[error(transparent)]
    Listen(#[from] BindError),
    /// Signals could not be caught.
    #[error("cannot catch SIGTERM")]
    Signal(#[source] io::Error),
    /// A socket could not be served.
    #[error("cannot serve a socket")]
    Serve(#[source] io::Error),
}

/// Runs until SIGTERM or SIGINT.
///
/// The store is loaded before any socket exists, so that a dataplane never sees an empty model
/// only because the daemon is young.
///
/// # Errors
/// See [`DaemonError`].
pub async fn run(paths: Paths) -> Result<(), DaemonError> {
    let store = EmbeddedStore::open(&paths.store)?;
    let control = Control::start(Arc::new(store))
        .map_err(|source| DaemonError::Load { path: paths.store.clone(), source })?;
    let mut terminate = signal(SignalKind::terminate()).map_err(DaemonError::Signal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(DaemonError::Signal)?;
    let (_dataplanes_file, dataplanes) = admission::bind(&paths.dataplanes)?;
    let (_api_file, listener) = admission::bind(&paths.api)?;
    let incoming = dataplanes.incoming().map_err(DaemonError::Serve)?;
    tokio::spawn(control.dataplanes().clone().serve(incoming));
    let revision = control.snapshot().revision;
    tracing::info!(event = "ready", %revision, api = %paths.api.display());

    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let graceful = async move {
        // An error means that the sender is gone: the daemon ends too.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let server = admission::serve(listener, api::router(control), Limits::default(), graceful);
    let mut server = tokio::spawn(server);
    let ended = tokio::select! {
        ended = &mut server => ended,
        _ = terminate.recv() => stop_serving(&stop, server).await,
        _ = interrupt.recv() => stop_serving(&stop, server).await,
    };
    tracing::info!(event = "ended");
    ended.unwrap_or(Ok(())).map_err(DaemonError::Serve)
}

type Served = Result<io::Result<()>, tokio::task::JoinError>;

async fn stop_serving(
    stop: &tokio::sync::watch::Sender<bool>,
    server: tokio::task::JoinHandle<io::Result<()>>,
) -> Served {
    stop.send_replace(true);
    tokio::time::timeout(GRACE, server).await.unwrap_or(Ok(Ok(())))
}
