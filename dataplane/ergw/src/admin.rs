//! The admin socket: HTTP/1.1 on a unix socket, JSON.

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Arc, Mutex},
};

use afxdp::{Mode, mode};
use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use desired::Revision;
use nix::net::if_::if_nametoindex;
use packet::probe::InjectRequest;
use serde::Serialize;
use serde_json::json;

use crate::{
    counters::Sources, daemon::lock, inject::Context, program::Program, state::Snapshot,
    worker::Shared,
};

/// What the handlers answer from.
pub(crate) struct Subject {
    pub(crate) name: String,
    /// The fabric port.
    pub(crate) interface: String,
    pub(crate) program: Arc<Mutex<Program>>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) sources: Sources,
}

/// Body of `GET /health`.
#[derive(Debug, Serialize)]
struct Health {
    name: String,
    /// Whether the packet thread forwards by a state of ercontrol's.
    ready: bool,
    /// Revision of that state.
    revision: Option<Revision>,
    /// How the fabric port runs the program, when it does.
    xdp: Option<Mode>,
}

/// Body of `GET /counters`.
#[derive(Debug, Serialize)]
struct Report {
    name: String,
    /// Revision of the state in force, 0 when there is none.
    generation: u64,
    /// Packets by verdict; with pins since the gateway was first started, whatever was killed meanwhile.
    verdicts: BTreeMap<&'static str, u64>,
    /// Packets delivered by name of the VM, for the VMs of the state in force, since this process
    /// started.
    endpoints: BTreeMap<String, u64>,
}

/// The paths of the admin socket.
pub(crate) fn router(subject: Arc<Subject>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/counters", get(counters))
        .route("/inject", post(inject))
        .with_state(subject)
}

async fn health(State(subject): State<Arc<Subject>>) -> Json<Health> {
    let revision = subject.shared.in_use.borrow().map(|in_use| in_use.revision);
    // Asked now: an interface that is gone has none.
    let ifindex = if_nametoindex(subject.interface.as_str()).ok();
    let xdp = ifindex.and_then(|ifindex| mode::attached(ifindex).ok().flatten());
    Json(Health { name: subject.name.clone(), ready: revision.is_some(), revision, xdp })
}

async fn counters(
    State(subject): State<Arc<Subject>>,
) -> Result<Json<Report>, (StatusCode, String)> {
    let verdicts = subject.sources.totals().map_err(|error| {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}{cause}\n"))
    })?;
    let state = subject.shared.state.load();
    let state = state.as_deref();
    Ok(Json(Report {
        name: subject.name.clone(),
        generation: state.map_or(0, |state| state.revision.0),
        verdicts,
        endpoints: state.map(Snapshot::delivered).unwrap_or_default(),
    }))
}

/// Runs a packet through the program and the state in force, without sending or counting it. Takes
/// microseconds, so it needs no thread of its own.
async fn inject(
    State(subject): State<Arc<Subject>>,
    request: Result<Json<InjectRequest>, JsonRejection>,
) -> Response {
    let request = match request {
        Ok(Json(request)) => request,
        Err(error) => return failure(error.status(), "InvalidRequest", &error.body_text()),
    };
    let Subject { name, interface, program, shared, .. } = &*subject;
    let state = shared.state.load();
    let context = Context { gateway: name, interface, request: &request, state: state.as_deref() };
    let mut frame = match context.frame() {
        Ok(frame) => frame,
        Err(error) => return failure(StatusCode::BAD_REQUEST, "NoSuchPort", &error.to_string()),
    };
    match lock(program).admits(interface, &frame) {
        Ok(admitted) => Json(context.explain(&mut frame, admitted)).into_response(),
        Err(error) => {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            let message = format!("{error}{cause}");
            failure(StatusCode::INTERNAL_SERVER_ERROR, "InjectFailed", &message)
        }
    }
}

fn failure(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}
