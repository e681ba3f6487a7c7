//! The server's end of the southbound stream.
//!
//! Every dataplane is sent its newest state when it connects and whenever that state changes. A
//! commit that does not change a dataplane's state counts as applied there without a message, so
//! that one FastPath flip does not make every other dataplane rebuild its tables.

mod board;
mod stream;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use admission::Incoming;
use desired::Revision;
use serde::Serialize;
use southbound::DataplaneKind;
use tokio::{sync::watch, time};

use crate::compile::Compiled;
use board::Board;

/// All dataplanes, connected or once connected.
#[derive(Clone, Debug)]
pub struct Dataplanes(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    board: Mutex<Board>,
    /// Counts changes of the board, for those that wait for one.
    changes: watch::Sender<u64>,
}

/// One dataplane, as `GET /erlab/status` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// What it is.
    pub kind: DataplaneKind,
    /// Its name.
    pub name: String,
    /// Whether its stream is up; one that never connected is listed when it is registered.
    pub connected: bool,
    /// The highest revision in force there.
    pub applied: Option<Revision>,
    /// Why it refused the newest state sent to it.
    pub error: Option<String>,
    /// The highest revision that the newest state sent to it is for.
    #[serde(skip)]
    pub sent: Option<Revision>,
    /// Whether the model has a router or a gateway host for it.
    #[serde(skip)]
    pub registered: bool,
}

impl Status {
    /// Whether `revision` is not in force there. Of one that is gone nothing is known: it lags for
    /// as long as the model counts on it.
    pub fn lags(&self, revision: Revision) -> bool {
        if self.connected {
            self.applied.is_none_or(|applied| applied < revision)
        } else {
            self.registered
        }
    }

    /// Why it refused `revision`, if it did; an earlier refusal says nothing about a later state.
    pub fn refusal(&self, revision: Revision) -> Option<&str> {
        self.error.as_deref().filter(|_| self.sent >= Some(revision))
    }
}

impl Default for Dataplanes {
    fn default() -> Self {
        let changes = watch::Sender::new(0);
        Self(Arc::new(Shared { board: Mutex::default(), changes }))
    }
}

impl Dataplanes {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.0.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.0.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    /// Makes `compiled` what dataplanes are to apply.
    pub fn publish(&self, revision: Revision, compiled: Compiled) {
        self.board().publish(revision, compiled);
        self.changed();
    }

    /// Every dataplane that is connected, was once, or is registered; by kind and name.
    pub fn status(&self) -> Vec<Status> {
        self.board().status()
    }

    /// Waits until every connected dataplane has applied `revision`, has refused it, or `deadline`
    /// has passed. Returns those that lag; one that is registered but gone is named, but not waited
    /// for, because a killed gateway must not hold up every change.
    pub async fn wait_applied(&self, revision: Revision, deadline: Duration) -> Vec<Status> {
        let mut changes = self.0.changes.subscribe();
        let settled = async {
            loop {
                changes.borrow_and_update();
                if self.board().settled(revision) {
                    return;
                }
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        // Past the deadline the list below says who is missing.
        let _ = time::timeout(deadline, settled).await;
        self.status().into_iter().filter(|status| status.lags(revision)).collect()
    }

    /// Serves dataplanes for ever.
    pub async fn serve(self, mut incoming: Incoming) {
        loop {
            tokio::spawn(stream::serve(incoming.next().await, self.clone()));
        }
    }
}

#[cfg(test)]
mod tests;
