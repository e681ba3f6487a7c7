//! Ctrl-C during a deployment.
//!
//! Once listened for, SIGINT, SIGTERM and SIGHUP no longer end the process: a deployment that is
//! interrupted takes back what it made first, and a second Ctrl-C does not cut that short.

use std::{future, io};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// The user wants to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Tells whether, and when, the user wanted to stop.
#[derive(Clone, Debug)]
pub struct Interrupt {
    received: watch::Receiver<bool>,
}

impl Interrupt {
    /// Listens for signals from now on, for the rest of the process.
    pub fn on_signals() -> io::Result<Self> {
        let (sender, received) = watch::channel(false);
        for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
            let mut signals = signal(kind)?;
            let sender = sender.clone();
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    sender.send_replace(true);
                }
            });
        }
        Ok(Self { received })
    }

    /// Fails if a signal has come.
    pub fn check(&self) -> Result<(), Interrupted> {
        if *self.received.borrow() { Err(Interrupted) } else { Ok(()) }
    }

    /// Waits for a signal. Cancel safe.
    pub async fn received(&mut self) -> Interrupted {
        if self.received.wait_for(|received| *received).await.is_err() {
            // Nobody can send any more: no signal will ever come.
            future::pending::<()>().await;
        }
        Interrupted
    }
}
