//! HTTP on a listener, with a limit for everything that a client can be slow at.

use std::{io, pin::pin, time::Duration};

use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::UnixStream,
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::listener::Listener;

/// Longest head of a request, in bytes, and most that is read ahead of what is used.
const LONGEST_HEAD: usize = 64 * 1024;

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To send the head of a request. A connection that is idle for so long is closed, too.
    pub head: Duration,
    /// Before its connection takes no further request.
    pub life: Duration,
    /// After that, to send the rest of the request under way and to take the answer.
    pub grace: Duration,
}

impl Default for Limits {
    /// No request takes longer than the 10 s that a change may wait for dataplanes, and a body of
    /// 4 MiB crosses a unix socket in milliseconds.
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            life: Duration::from_mins(1),
            grace: Duration::from_secs(30),
        }
    }
}

/// Answers requests by `routes` until `stop`, then ends when those under way have been answered.
pub async fn serve(
    listener: Listener,
    routes: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut incoming = listener.incoming()?;
    let stopping = watch::Sender::new(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            stream = incoming.next() => {
                connections.spawn(converse(stream, routes.clone(), limits, stopping.subscribe()));
            }
            // Forgets those that have ended; there is none to wait for when this is disabled.
            Some(_) = connections.join_next() => {}
            () = &mut stop => break,
        }
    }
    drop(incoming);
    stopping.send_replace(true);
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// One connection, from its first request to its end.
async fn converse(
    stream: UnixStream,
    routes: Router,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) {
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return end(ended),
        () = sleep(limits.life) => {}
        // An error means that the server is gone: no different.
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    if let Ok(ended) = timeout(limits.grace, connection).await {
        end(ended);
    } else {
        tracing::info!(event = "client_too_slow");
    }
}

fn end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(event = "client_broke_off", %error);
    }
}

#[cfg(test)]
mod tests;
