//! A listening socket, and the connections that are admitted by it.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::{
        fs::{FileTypeExt as _, PermissionsExt as _},
        net,
    },
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::errno::Errno;
use tokio::{
    net::{UnixListener, UnixStream},
    time::sleep,
};

use crate::peer::{Peer, Rule};

/// Owner and group may connect.
const MODE: u32 = 0o660;

/// Pause after a connection could not be accepted: out of descriptors, most likely, and others must
/// end before one can be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The least time between two lines of the log about refused peers.
const REFUSAL_PAUSE: Duration = Duration::from_secs(1);

/// Nobody can be listened to.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody listens already.
    #[error("another program listens on {path}: stop it, or give this one another path")]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// There is something else in the socket's place.
    #[error("{path} exists and is not a socket: move it away, or give another path")]
    NotASocket {
        /// What is there.
        path: PathBuf,
    },
    /// The socket could not be made.
    #[error("cannot listen on {path}: check that its directory exists and is writable")]
    Listen {
        /// The socket.
        path: PathBuf,
        #[source]
        #[doc = "What the kernel said."]
        source: io::Error,
    },
}

/// The file of a listening socket; dropping it removes the file.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
}

/// A listening socket. Whoever connects waits until it is served.
#[derive(Debug)]
pub struct Listener {
    path: PathBuf,
    socket: net::UnixListener,
}

/// The connections of a [`Listener`].
#[derive(Debug)]
pub struct Incoming {
    path: PathBuf,
    socket: UnixListener,
    refusals: Refusals,
}

/// Refused peers, for the log: anybody can be refused as often as they like.
#[derive(Debug, Default)]
struct Refusals {
    count: u64,
    logged: Option<Instant>,
}

/// Listens on `path`, for owner and group. The socket of a process that is gone is replaced, one
/// that is listened on is not. Needs no runtime.
pub fn bind(path: &Path) -> Result<(SocketFile, Listener), BindError> {
    let path = path.to_owned();
    let failed = |source| BindError::Listen { path: path.clone(), source };
    match fs::symlink_metadata(&path) {
        Ok(found) if !found.file_type().is_socket() => return Err(BindError::NotASocket { path }),
        Ok(_) if is_listened_on(&path).map_err(failed)? => return Err(BindError::InUse { path }),
        Ok(_) => fs::remove_file(&path).map_err(failed)?,
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => {}
        Err(other) => return Err(failed(other)),
    }
    let socket = net::UnixListener::bind(&path).map_err(failed)?;
    let file = SocketFile { path: path.clone() };
    fs::set_permissions(&path, Permissions::from_mode(MODE)).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    Ok((file, Listener { path, socket }))
}

/// Only a refused connection means that nobody listens.
fn is_listened_on(path: &Path) -> io::Result<bool> {
    match net::UnixStream::connect(path) {
        Ok(_) => Ok(true),
        Err(error) => match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ECONNREFUSED | Errno::ENOENT) => Ok(false),
            _ => Err(error),
        },
    }
}

impl Listener {
    /// Starts to accept connections, in the current runtime.
    pub fn incoming(self) -> io::Result<Incoming> {
        let Self { path, socket } = self;
        Ok(Incoming {
            path,
            socket: UnixListener::from_std(socket)?,
            refusals: Refusals::default(),
        })
    }
}

impl Incoming {
    /// The next connection of a peer that is admitted. Cancel safe.
    pub async fn next(&mut self) -> UnixStream {
        loop {
            match self.socket.accept().await {
                Ok((stream, _)) => match Peer::of(&stream) {
                    Ok(peer) if Rule::of(&self.path).admits(&peer) => return stream,
                    Ok(peer) => self.refusals.log(&self.path, &peer, Instant::now()),
                    Err(error) => tracing::warn!(event = "peer_unknown", %error),
                },
                Err(error) => {
                    let socket = self.path.display();
                    tracing::warn!(event = "accept_failed", %socket, call = "accept4", %error);
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

impl Refusals {
    fn log(&mut self, path: &Path, peer: &Peer, now: Instant) {
        self.count += 1;
        if self.logged.is_some_and(|logged| now.duration_since(logged) < REFUSAL_PAUSE) {
            return;
        }
        self.logged = Some(now);
        let Peer { process, user, groups } = peer;
        let (socket, refused) = (path.display(), self.count);
        tracing::warn!(event = "peer_refused", %socket, process, user, ?groups, refused);
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            let socket = self.path.display();
            tracing::warn!(event = "socket_not_removed", %socket, call = "unlink", %error);
        }
    }
}

#[cfg(test)]
mod tests;
