//! The running daemon: its sockets, from start to SIGTERM.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{UnixListener, UnixStream},
    signal::unix::{SignalKind, signal},
};

use crate::{
    api,
    control::{Control, LoadError},
    store::{EmbeddedStore, OpenError},
};

/// Owner and group may talk to the daemon.
const SOCKET_MODE: u32 = 0o660;

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
    /// Somebody listens already.
    #[error("another program listens on {0}: stop it, or give this one another path")]
    SocketInUse(PathBuf),
    /// There is something else in the socket's place.
    #[error("{0} exists and is not a socket: move it away, or give another path")]
    NotASocket(PathBuf),
    /// The socket could not be made.
    #[error("cannot listen on {path}: check that its directory exists and is writable")]
    Listen {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Signals could not be caught.
    #[error("cannot catch SIGTERM")]
    Signal(#[source] io::Error),
    /// The API's server ended.
    #[error("the API's server ended")]
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
    let dataplanes = listen(&paths.dataplanes).await?;
    let listener = listen(&paths.api).await?;
    tokio::spawn(control.dataplanes().clone().serve(dataplanes));
    let revision = control.snapshot().revision;
    tracing::info!(event = "ready", %revision, api = %paths.api.display());

    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let graceful = async move {
        // An error means that the sender is gone: the daemon ends too.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let server = axum::serve(listener, api::router(control)).with_graceful_shutdown(graceful);
    let mut server = tokio::spawn(server.into_future());
    let ended = tokio::select! {
        ended = &mut server => ended,
        _ = terminate.recv() => stop_serving(&stop, server).await,
        _ = interrupt.recv() => stop_serving(&stop, server).await,
    };
    for socket in [&paths.api, &paths.dataplanes] {
        if let Err(error) = fs::remove_file(socket) {
            tracing::warn!(event = "socket_not_removed", socket = %socket.display(), %error);
        }
    }
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

/// Listens on `path`, in place of a socket whose program is gone.
async fn listen(path: &Path) -> Result<UnixListener, DaemonError> {
    let error = |source| DaemonError::Listen { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(DaemonError::NotASocket(path.to_owned()));
        }
        Ok(_) if UnixStream::connect(path).await.is_ok() => {
            return Err(DaemonError::SocketInUse(path.to_owned()));
        }
        Ok(_) => fs::remove_file(path).map_err(error)?,
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => {}
        Err(other) => return Err(error(other)),
    }
    let listener = UnixListener::bind(path).map_err(error)?;
    fs::set_permissions(path, Permissions::from_mode(SOCKET_MODE)).map_err(error)?;
    Ok(listener)
}
