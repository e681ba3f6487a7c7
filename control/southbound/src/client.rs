//! The dataplane's end of the stream: connect, reconnect for ever, report.
//!
//! A dataplane keeps forwarding whatever happens here. Losing `ercontrol` is not an event for it;
//! the stream comes back by itself and the newest state is sent again.

use std::{path::PathBuf, time::Duration};

use desired::{Revision, State};
use futures::{SinkExt, StreamExt};
use tokio::{
    net::UnixStream,
    sync::{mpsc, watch},
    time::sleep,
};
use tokio_util::codec::{Framed, LinesCodec};

use crate::{DataplaneKind, FromControl, FromDataplane, PROTOCOL};

/// Longest line taken: a state of 200,000 host routes is about 50 MB of JSON.
const LINE: usize = 256 * 1024 * 1024;

/// First and longest pause between two attempts to connect. `ercontrol` restarts in well under a
/// second, so waiting longer only delays reconciliation.
const RETRY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// Who the dataplane says it is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// What it is.
    pub kind: DataplaneKind,
    /// Which one.
    pub name: String,
}

/// A stream that keeps itself connected.
#[derive(Debug)]
pub struct Handle {
    desired: watch::Receiver<Option<(Revision, State)>>,
    reports: mpsc::UnboundedSender<FromDataplane>,
}

impl Handle {
    /// The next state to apply; states that were overtaken meanwhile are skipped. Returns `None`
    /// when the stream's task is gone, which happens only at shutdown of the runtime.
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<(Revision, State)> {
        loop {
            self.desired.changed().await.ok()?;
            let newest = self.desired.borrow_and_update().clone();
            if newest.is_some() {
                return newest;
            }
        }
    }

    /// Reports that `revision` is in force.
    pub fn applied(&self, revision: Revision) {
        self.report(FromDataplane::Applied { revision });
    }

    /// Reports that `revision` was refused and the one before it stays in force.
    pub fn refused(&self, revision: Revision, error: &dyn std::error::Error) {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        self.report(FromDataplane::Refused { revision, error: text });
    }

    /// A report for a stream that has ended needs no delivery: the state is sent again.
    fn report(&self, report: FromDataplane) {
        let _ = self.reports.send(report);
    }
}

/// Connects to `ercontrol`'s dataplane socket at `path`, in a task of the current runtime, and
/// reconnects whenever the stream ends.
pub fn connect(path: PathBuf, identity: Identity) -> Handle {
    let (desired_sender, desired) = watch::channel(None);
    let (reports, reports_receiver) = mpsc::unbounded_channel();
    tokio::spawn(keep_connected(path, identity, desired_sender, reports_receiver));
    Handle { desired, reports }
}

async fn keep_connected(
    path: PathBuf,
    identity: Identity,
    desired: watch::Sender<Option<(Revision, State)>>,
    mut reports: mpsc::UnboundedReceiver<FromDataplane>,
) {
    let mut pause = RETRY.0;
    while !desired.is_closed() {
        if let Ok(stream) = UnixStream::connect(&path).await {
            tracing::info!(event = "control_connected", socket = %path.display());
            match serve(stream, &identity, &desired, &mut reports).await {
                Ok(()) => pause = RETRY.0,
                Err(error) => tracing::warn!(event = "control_stream_error", %error),
            }
            tracing::warn!(event = "control_disconnected", socket = %path.display());
        }
        sleep(pause).await;
        pause = (pause * 2).min(RETRY.1);
    }
}

/// Why a stream ended before its time.
#[derive(Debug, thiserror::Error)]
enum StreamError {
    #[error("the stream broke")]
    Codec(#[from] tokio_util::codec::LinesCodecError),
    #[error("a message could not be read")]
    Json(#[from] serde_json::Error),
    #[error("ercontrol rejected this dataplane: {0}")]
    Rejected(String),
}

async fn serve(
    stream: UnixStream,
    identity: &Identity,
    desired: &watch::Sender<Option<(Revision, State)>>,
    reports: &mut mpsc::UnboundedReceiver<FromDataplane>,
) -> Result<(), StreamError> {
    // Reports about states of an earlier stream would be misread as answers to this one's.
    while reports.try_recv().is_ok() {}
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(LINE));
    let hello = FromDataplane::Hello {
        protocol: PROTOCOL,
        kind: identity.kind,
        name: identity.name.clone(),
    };
    lines.send(serde_json::to_string(&hello)?).await?;
    loop {
        tokio::select! {
            line = lines.next() => match line {
                None => return Ok(()),
                Some(line) => match serde_json::from_str(&line?)? {
                    FromControl::Desired { revision, state } => {
                        desired.send_replace(Some((revision, state)));
                    }
                    FromControl::Rejected { error } => return Err(StreamError::Rejected(error)),
                },
            },
            report = reports.recv() => match report {
                None => return Ok(()),
                Some(report) => lines.send(serde_json::to_string(&report)?).await?,
            },
        }
    }
}

#[cfg(test)]
mod tests;
