//! One dataplane's stream.

use desired::State;
use futures::{SinkExt, StreamExt};
use southbound::{DataplaneKind, FromControl, FromDataplane, PROTOCOL};
use tokio::{
    net::UnixStream,
    time::{Duration, timeout},
};
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

use super::{Dataplanes, board::StreamId};

/// Longest line a dataplane may send; the longest there is carries one error sentence.
const LINE: usize = 64 * 1024;

/// How long a dataplane may take to say who it is. It does so at once.
const HELLO: Duration = Duration::from_secs(5);

/// Why a stream ended.
#[derive(Debug, thiserror::Error)]
enum StreamError {
    #[error("the stream broke")]
    Codec(#[from] LinesCodecError),
    #[error("a message could not be read or written")]
    Json(#[from] serde_json::Error),
    #[error("it did not say hello within {} s", HELLO.as_secs())]
    Silent,
    #[error("{0}")]
    Rejected(String),
}

type Lines = Framed<UnixStream, LinesCodec>;

pub(super) async fn serve(socket: UnixStream, dataplanes: Dataplanes) {
    let mut lines = Framed::new(socket, LinesCodec::new_with_max_length(LINE));
    let (kind, name) = match hello(&mut lines).await {
        Ok(Some(identity)) => identity,
        Ok(None) => return,
        Err(error) => {
            tracing::warn!(event = "dataplane_rejected", %error);
            return;
        }
    };
    let stream = dataplanes.board().connected(kind, &name);
    dataplanes.changed();
    tracing::info!(event = "dataplane_connected", %kind, name);
    let ended = run(&mut lines, &dataplanes, kind, &name, stream).await;
    dataplanes.board().disconnected(kind, &name, stream);
    dataplanes.changed();
    match ended {
        Ok(()) => tracing::info!(event = "dataplane_disconnected", %kind, name),
        Err(error) => tracing::warn!(event = "dataplane_disconnected", %kind, name, %error),
    }
}

/// Reads who it is. `None`: it hung up.
async fn hello(lines: &mut Lines) -> Result<Option<(DataplaneKind, String)>, StreamError> {
    let line = timeout(HELLO, lines.next()).await.map_err(|_| StreamError::Silent)?;
    let Some(line) = line else { return Ok(None) };
    let error = match serde_json::from_str(&line?) {
        Ok(FromDataplane::Hello { protocol: PROTOCOL, kind, name }) => {
            return Ok(Some((kind, name)));
        }
        Ok(FromDataplane::Hello { protocol, kind, name }) => format!(
            "{kind} {name} speaks version {protocol} of the stream, ercontrol version {PROTOCOL}: \
             start programs of the same build"
        ),
        Ok(_) => "the first message must be a hello".to_owned(),
        // A newer hello may not even parse, but still carry its version.
        Err(error) => format!("the first message is not a hello of version {PROTOCOL}: {error}"),
    };
    send(lines, &FromControl::Rejected { error: error.clone() }).await?;
    Err(StreamError::Rejected(error))
}

async fn run(
    lines: &mut Lines,
    dataplanes: &Dataplanes,
    kind: DataplaneKind,
    name: &str,
    stream: StreamId,
) -> Result<(), StreamError> {
    let mut changes = dataplanes.0.changes.subscribe();
    loop {
        changes.borrow_and_update();
        if !dataplanes.board().is_current(kind, name, stream) {
            let error = format!("another {kind} named {name} connected and replaces this one");
            send(lines, &FromControl::Rejected { error: error.clone() }).await?;
            return Err(StreamError::Rejected(error));
        }
        let next = dataplanes.board().next(kind, name, stream);
        if let Some((revision, state)) = next {
            let state = State::clone(&state);
            send(lines, &FromControl::Desired { revision, state }).await?;
            tracing::debug!(event = "state_sent", %kind, name, %revision);
        }
        tokio::select! {
            news = changes.changed() => if news.is_err() { return Ok(()) },
            line = lines.next() => match line {
                None => return Ok(()),
                Some(line) => {
                    report(serde_json::from_str(&line?)?, dataplanes, kind, name, stream);
                }
            },
        }
    }
}

fn report(
    message: FromDataplane,
    dataplanes: &Dataplanes,
    kind: DataplaneKind,
    name: &str,
    stream: StreamId,
) {
    let (revision, error) = match message {
        FromDataplane::Hello { .. } => return,
        FromDataplane::Applied { revision } => (revision, None),
        FromDataplane::Refused { revision, error } => {
            tracing::warn!(event = "state_refused", %kind, name, %revision, error);
            (revision, Some(error))
        }
    };
    dataplanes.board().answered(kind, name, stream, revision, error);
    dataplanes.changed();
}

async fn send(lines: &mut Lines, message: &FromControl) -> Result<(), StreamError> {
    Ok(lines.send(serde_json::to_string(message)?).await?)
}
