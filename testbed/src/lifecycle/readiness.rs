//! When is a lab ready? When every dataplane forwards by the last revision, and says so itself.

use std::{
    fmt, fs, io,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::time::sleep;

use super::{
    Lab,
    revision::{Dataplane, Lack, POLL, Status, dataplanes, told},
};
use crate::{agent, control::Client};

/// Lines of a log that tell why its daemon is not ready.
const LOG_LINES: usize = 5;

/// A node that is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// Its name.
    pub node: String,
    /// What is missing.
    pub why: String,
    /// The last lines of its log.
    pub log: Vec<String>,
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.node, self.why)?;
        for line in &self.log {
            write!(f, "\n    {line}")?;
        }
        Ok(())
    }
}

/// The lab was not ready in time.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("not ready after {} s:\n{}", waited.as_secs(), lines(nodes))]
#[diagnostic(help("the whole logs are gone with the lab; deploy with ERLAB_LOG=debug for more"))]
pub struct ReadinessError {
    waited: Duration,
    nodes: Vec<NotReady>,
}

impl ReadinessError {
    /// The nodes that were not ready.
    pub fn nodes(&self) -> &[NotReady] {
        &self.nodes
    }
}

fn lines(nodes: &[NotReady]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Waits until `ercontrol` answers.
pub(super) async fn control_answers(lab: &Lab, deadline: Instant) -> Result<(), ReadinessError> {
    let client = Client::connect(lab.control_socket());
    let started = Instant::now();
    loop {
        let Err(error) = client.get("/erlab/status").await else { return Ok(()) };
        if Instant::now() >= deadline {
            let log = lab.directory().log(agent::ERCONTROL, agent::ERCONTROL);
            let mut log = last_lines(&log).unwrap_or_default();
            // Without a log the agent never started it.
            if log.is_empty() {
                log = last_lines(&lab.directory().agent_log()).unwrap_or_default();
            }
            let node = NotReady { node: agent::ERCONTROL.to_owned(), why: told(&error), log };
            return Err(ReadinessError { waited: started.elapsed(), nodes: vec![node] });
        }
        sleep(POLL).await;
    }
}

/// Waits until every dataplane has applied the current revision, and routers and gateways say that
/// they are ready.
pub(super) async fn all_ready(lab: &Lab, deadline: Instant) -> Result<u64, ReadinessError> {
    let started = Instant::now();
    loop {
        let nodes = match look(lab).await {
            Ok(revision) => return Ok(revision),
            Err(nodes) => nodes,
        };
        if Instant::now() >= deadline {
            let nodes = nodes.into_iter().map(|(dataplane, why)| with_log(lab, &dataplane, why));
            return Err(ReadinessError { waited: started.elapsed(), nodes: nodes.collect() });
        }
        sleep(POLL).await;
    }
}

/// One look: the revision in force everywhere, or who lacks what.
async fn look(lab: &Lab) -> Result<u64, Vec<Lack>> {
    let status = Status::of(lab).await.map_err(|lack| vec![lack])?;
    let mut lacking = Vec::new();
    for dataplane in dataplanes(lab.plan()) {
        let lack = match status.applied(&dataplane) {
            Ok(()) if dataplane.kind == "host" => None,
            Ok(()) => not_ready(lab, &dataplane.name).await,
            Err(why) => Some(why),
        };
        lacking.extend(lack.map(|why| (dataplane, why)));
    }
    if lacking.is_empty() { Ok(status.revision) } else { Err(lacking) }
}

/// What the daemon of a router or gateway itself says.
async fn not_ready(lab: &Lab, node: &str) -> Option<String> {
    match Client::connect(lab.admin_socket(node)).get("/health").await {
        Ok(health) if health["ready"] == Value::Bool(true) => None,
        Ok(health) => Some(format!("says {health}")),
        Err(error) => Some(told(&error)),
    }
}

fn with_log(lab: &Lab, dataplane: &Dataplane, why: String) -> NotReady {
    let log = match dataplane.kind {
        "host" => lab.directory().agent_log(),
        program => lab.directory().log(program, &dataplane.name),
    };
    let log = last_lines(&log).unwrap_or_default();
    NotReady { node: dataplane.name.clone(), why, log }
}

fn last_lines(path: &Path) -> io::Result<Vec<String>> {
    let text = fs::read_to_string(path)?;
    let lines: Vec<_> = text.lines().collect();
    let last = lines.iter().skip(lines.len().saturating_sub(LOG_LINES));
    Ok(last.map(|line| (*line).to_owned()).collect())
}

#[cfg(test)]
mod tests;
