//! The agent's admin HTTP on `agent.sock`.
//!
//! - `GET /health`: whether all daemons are alive, each daemon's process, number of wires, revision
//!   of the VM routes in force
//! - `GET /wires`: counts of each wire and direction
//! - `GET /losses`: frames lost at those ends of veth pairs that no dataplane and no wire reads
//! - `POST /stop`: ends all daemons and the agent; the namespaces stay

use std::{fs, io, path::Path, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Serialize;
use serde_json::json;
use tokio::{
    net::UnixListener,
    sync::{Notify, watch},
};

use crate::{
    network::{self, VethLosses},
    topology::plan::Plan,
    wire::{WireStatistics, Wires, former},
};

/// The answer to `GET /health`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Whether every daemon is alive.
    pub ready: bool,
    /// The daemons, `ercontrol` first.
    pub daemons: Vec<DaemonHealth>,
    /// Number of wires that run.
    pub wires: usize,
    /// Revision of the VM routes in force.
    pub revision: Option<u64>,
}

/// One daemon in [`Health`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DaemonHealth {
    /// Its name in the lab.
    pub name: String,
    /// Program file name.
    pub program: String,
    /// Process number; `None` between two lives.
    pub pid: Option<i32>,
    /// `running`, `restarting`, `stopping` or `stopped`.
    pub state: String,
    /// How often it was restarted since the lab was deployed.
    pub restarts: u32,
}

/// What the handlers look at.
#[derive(Clone, Debug)]
pub(super) struct Admin {
    /// Kept up to date by the worker.
    pub health: watch::Receiver<Health>,
    /// The running wires.
    pub wires: Arc<Wires>,
    /// What was lost in wires of former workers.
    pub lost: Arc<former::Lost>,
    /// The lab.
    pub plan: Arc<Plan>,
    /// Told when the lab is to stop.
    pub stop: Arc<Notify>,
}

/// Serves on `socket`, replacing one that a killed worker has left.
pub(super) async fn serve(socket: &Path, admin: Admin) -> io::Result<()> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    let router = Router::new()
        .route("/health", get(health))
        .route("/wires", get(wires))
        .route("/losses", get(losses))
        .route("/stop", post(stop))
        .with_state(admin);
    axum::serve(listener, router).await
}

async fn health(State(admin): State<Admin>) -> Json<Health> {
    Json(admin.health.borrow().clone())
}

/// Blocks for less than a millisecond.
async fn wires(State(admin): State<Admin>) -> Result<Json<Vec<WireStatistics>>, Failure> {
    let statistics = admin.wires.statistics();
    let mut statistics = statistics.map_err(|error| Failure::new("WireFailed", &error))?;
    former::add(&mut statistics, &admin.lost);
    Ok(Json(statistics))
}

async fn losses(State(admin): State<Admin>) -> Result<Json<Vec<VethLosses>>, Failure> {
    let losses = network::losses(&admin.plan).await;
    losses.map(Json).map_err(|error| Failure::new("LossesUnreadable", &error))
}

/// What failed, as ARM-shaped error body like the other daemons'.
struct Failure {
    code: &'static str,
    message: String,
}

impl Failure {
    fn new(code: &'static str, error: &dyn std::error::Error) -> Self {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        Self { code, message: format!("{error}{cause}") }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let error = json!({ "code": self.code, "message": self.message });
        (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": error }))).into_response()
    }
}

async fn stop(State(admin): State<Admin>) -> StatusCode {
    admin.stop.notify_one();
    StatusCode::ACCEPTED
}
