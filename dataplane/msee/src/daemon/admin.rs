//! HTTP on a unix socket for people and tests: is it ready, what has it counted, what would it do
//! with a packet.

use std::{collections::BTreeMap, future::pending, path::Path};

use abi::verdict;
use admission::{BindError, Limits, Listener, SocketFile};
use axum::{
    Json, Router as Routes,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use packet::probe::InjectRequest;
use serde::Serialize;
use serde_json::json;
use tokio::task::JoinHandle;

use super::{NeighbourReport, RouterInjectError, SharedRouter, chain, lock, router::Router};

/// The bound socket. Dropping it ends the server and removes the file.
#[derive(Debug)]
pub(super) struct Admin {
    _file: SocketFile,
    listener: Option<Listener>,
    server: Option<JoinHandle<()>>,
}

impl Drop for Admin {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

#[derive(Clone)]
struct Shared {
    name: String,
    router: SharedRouter,
}

impl Admin {
    /// Binds `path`. Whoever connects waits until [`Admin::serve`].
    pub(super) fn bind(path: &Path) -> Result<Self, BindError> {
        let (file, listener) = admission::bind(path)?;
        Ok(Self { _file: file, listener: Some(listener), server: None })
    }

    /// Answers questions about `router`, in a task of the current runtime.
    pub(super) fn serve(&mut self, name: String, router: SharedRouter) {
        let Some(listener) = self.listener.take() else { return };
        let service = Routes::new()
            .route("/health", get(health))
            .route("/counters", get(counters))
            .route("/neighbours", get(neighbours))
            .route("/inject", post(inject))
            .with_state(Shared { name, router });
        self.server = Some(tokio::spawn(async move {
            let limits = Limits::default();
            if let Err(error) = admission::serve(listener, service, limits, pending()).await {
                tracing::error!(event = "admin_failed", %error);
            }
        }));
    }

    /// Returns when the server has ended, by an error or a panic.
    pub(super) async fn ended(&mut self) {
        match &mut self.server {
            // What it says is in the log.
            Some(server) => drop(server.await),
            None => pending().await,
        }
    }
}

#[derive(Serialize)]
struct Health {
    name: String,
    ready: bool,
    revision: Option<u64>,
    /// How the interfaces run the fast path.
    xdp: afxdp::Mode,
    /// Why not natively.
    #[serde(skip_serializing_if = "Option::is_none")]
    xdp_because: Option<String>,
}

/// Ready once a state is in force.
async fn health(State(shared): State<Shared>) -> Response {
    let name = shared.name.clone();
    with_router(shared, |router| {
        let revision = router.applied().map(|revision| revision.0);
        let (xdp, because) = router.mode();
        let xdp_because = because.map(ToOwned::to_owned);
        Json(Health { name, ready: revision.is_some(), revision, xdp, xdp_because }).into_response()
    })
    .await
}

#[derive(Serialize)]
struct Counters {
    name: String,
    generation: u64,
    verdicts: BTreeMap<&'static str, u64>,
}

async fn counters(State(shared): State<Shared>) -> Response {
    let name = shared.name.clone();
    with_router(shared, |router| match router.counters() {
        Ok(counters) => {
            let verdicts = verdict::ALL.iter().zip(counters);
            let verdicts = verdicts.filter(|(_, count)| *count > 0);
            let verdicts = verdicts.map(|(verdict, count)| (verdict.name(), count)).collect();
            Json(Counters { name, generation: router.generation(), verdicts }).into_response()
        }
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, "CountersFailed", &chain(&error)),
    })
    .await
}

#[derive(Serialize)]
struct AllNeighbours {
    name: String,
    generation: u64,
    neighbours: Vec<NeighbourReport>,
}

async fn neighbours(State(shared): State<Shared>) -> Response {
    let name = shared.name.clone();
    with_router(shared, |router| {
        let (generation, neighbours) = (router.generation(), router.neighbours());
        Json(AllNeighbours { name, generation, neighbours }).into_response()
    })
    .await
}

async fn inject(
    State(shared): State<Shared>,
    request: Result<Json<InjectRequest>, JsonRejection>,
) -> Response {
    let request = match request {
        Ok(Json(request)) => request,
        Err(error) => return failure(error.status(), "InvalidRequest", &error.body_text()),
    };
    with_router(shared, move |router| match router.inject(&request) {
        Ok(explanation) => Json(explanation).into_response(),
        Err(error @ RouterInjectError::Port(_)) => {
            failure(StatusCode::BAD_REQUEST, "NoSuchPort", &chain(&error))
        }
        Err(error @ RouterInjectError::Run(_)) => {
            failure(StatusCode::INTERNAL_SERVER_ERROR, "InjectFailed", &chain(&error))
        }
    })
    .await
}

/// Runs `answer` on a thread where system calls may block.
async fn with_router(
    shared: Shared,
    answer: impl FnOnce(&mut Router) -> Response + Send + 'static,
) -> Response {
    let task = tokio::task::spawn_blocking(move || lock(&shared.router).as_mut().map(answer));
    match task.await {
        Ok(Some(response)) => response,
        Ok(None) | Err(_) => {
            failure(StatusCode::SERVICE_UNAVAILABLE, "ShuttingDown", "the router is shutting down")
        }
    }
}

fn failure(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}
