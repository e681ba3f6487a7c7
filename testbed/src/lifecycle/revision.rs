//! Which revision is in force: what `ercontrol` has heard from each dataplane of the plan.
//!
//! `ercontrol` lists the dataplanes that have connected since it started. Right after a restart that
//! is nobody, and "everybody listed has applied the revision" is true of nobody: so the plan says
//! who has to.

use std::{
    fmt,
    time::{Duration, Instant},
};

use serde::Deserialize;
use tokio::time::sleep;

use super::Lab;
use crate::{
    agent,
    control::{Client, ClientError},
    topology::plan::{Node, NodeKind, Plan},
};

/// Pause between two looks: short beside a deployment of two seconds, and `ercontrol` logs each.
pub(super) const POLL: Duration = Duration::from_millis(50);

/// Kind of the dataplane that is the agent.
const HOST: &str = "host";

/// A process of a lab that others wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dataplane {
    /// As `ercontrol` calls it, which is the program's name; `host` is the agent.
    pub(super) kind: &'static str,
    /// Its name in the lab.
    pub(super) name: String,
}

/// A process and what is missing.
pub(super) type Lack = (Dataplane, String);

/// How far a dataplane is with the newest revision, as far as `ercontrol` knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its state is that of the newest revision.
    UpToDate,
    /// It has not said yet that this revision is in force.
    Applying(u64),
    /// It refused the state of this revision and keeps the one before.
    Refused(u64, String),
    /// Its stream is down.
    Disconnected,
    /// It has had no stream since `ercontrol` started.
    NeverConnected,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpToDate => f.write_str("ready"),
            Self::Applying(revision) => write!(f, "applying revision {revision}"),
            Self::Refused(revision, why) => write!(f, "refused revision {revision}: {why}"),
            Self::Disconnected => f.write_str("not connected to ercontrol"),
            Self::NeverConnected => f.write_str("never connected to ercontrol"),
        }
    }
}

/// Answer of `GET /erlab/status`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Status {
    /// The last revision there is.
    pub(crate) revision: u64,
    dataplanes: Vec<DataplaneStatus>,
}

#[derive(Clone, Debug, Deserialize)]
struct DataplaneStatus {
    kind: String,
    name: String,
    connected: bool,
    applied: Option<u64>,
    #[serde(default)]
    error: Option<String>,
}

/// A revision that every dataplane forwards by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its number.
    pub revision: u64,
    /// Names of the dataplanes.
    pub dataplanes: Vec<String>,
}

/// A change is stored but not in force everywhere.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the change is stored, but not every dataplane has applied it: {}", lines(.0))]
#[diagnostic(help(
    "it will be applied as soon as they are back; `erlab inspect` shows the state of each node"
))]
pub struct Behind(Vec<Lack>);

fn lines(lacks: &[Lack]) -> String {
    let lines = lacks.iter().map(|(dataplane, why)| format!("{}: {why}", dataplane.name));
    lines.collect::<Vec<_>>().join("; ")
}

/// Waits until every dataplane of the lab has reported the current revision.
pub async fn in_force(lab: &Lab, deadline: Instant) -> Result<InForce, Behind> {
    let dataplanes = dataplanes(lab.plan());
    loop {
        let lacks = match Status::of(lab).await {
            Ok(status) => {
                let lacks = status.lacks(&dataplanes);
                if lacks.is_empty() {
                    let names = dataplanes.into_iter().map(|dataplane| dataplane.name);
                    let dataplanes = names.collect();
                    return Ok(InForce { revision: status.revision, dataplanes });
                }
                lacks
            }
            Err(lack) => vec![lack],
        };
        if Instant::now() >= deadline {
            return Err(Behind(lacks));
        }
        sleep(POLL).await;
    }
}

/// The dataplanes that a plan has: MSEEs, gateways, and the host with the VMs' routes.
pub(super) fn dataplanes(plan: &Plan) -> Vec<Dataplane> {
    let daemons =
        |node: &&Node| matches!(node.kind, NodeKind::Msee { .. } | NodeKind::Gateway { .. });
    let nodes = plan.nodes.iter().filter(daemons).filter_map(dataplane_of);
    let host = Dataplane { kind: HOST, name: agent::HOST.to_owned() };
    nodes.chain([host]).collect()
}

/// The dataplane that applies states for a node: a VM's routes are the host's. None does for what
/// the customer has.
fn dataplane_of(node: &Node) -> Option<Dataplane> {
    let (kind, name) = match node.kind {
        NodeKind::Msee { .. } => ("msee", node.name.as_str()),
        NodeKind::Gateway { .. } => ("ergw", node.name.as_str()),
        NodeKind::Vm { .. } => (HOST, agent::HOST),
        NodeKind::Onprem | NodeKind::Host | NodeKind::FabricHost { .. } => return None,
    };
    Some(Dataplane { kind, name: name.to_owned() })
}

impl Status {
    /// Asks `ercontrol`; when it does not say, that is what is missing.
    pub(super) async fn of(lab: &Lab) -> Result<Self, Lack> {
        let control = || Dataplane { kind: agent::ERCONTROL, name: agent::ERCONTROL.to_owned() };
        Self::ask(lab).await.map_err(|why| (control(), why))
    }

    /// Asks `ercontrol`, or says why it does not tell.
    pub(crate) async fn ask(lab: &Lab) -> Result<Self, String> {
        let answer = Client::connect(lab.control_socket()).get("/erlab/status").await;
        answer
            .map_err(|error| told(&error))
            .and_then(|answer| serde_json::from_value(answer).map_err(|error| error.to_string()))
    }

    /// Which of `dataplanes` the current revision is not in force at, as far as `ercontrol` knows.
    fn lacks(&self, dataplanes: &[Dataplane]) -> Vec<Lack> {
        let lack =
            |dataplane: &Dataplane| Some((dataplane.clone(), self.applied(dataplane).err()?));
        dataplanes.iter().filter_map(lack).collect()
    }

    /// Whether `ercontrol` heard from a dataplane that the current revision is in force.
    pub(super) fn applied(&self, dataplane: &Dataplane) -> Result<(), String> {
        match self.standing(dataplane) {
            Standing::UpToDate => Ok(()),
            behind => Err(behind.to_string()),
        }
    }

    /// How far the dataplane of a node is; up to date where there is nothing to apply.
    pub(crate) fn of_node(&self, node: &Node) -> Standing {
        dataplane_of(node).map_or(Standing::UpToDate, |dataplane| self.standing(&dataplane))
    }

    fn standing(&self, dataplane: &Dataplane) -> Standing {
        let found = self
            .dataplanes
            .iter()
            .find(|found| found.kind == dataplane.kind && found.name == dataplane.name);
        match found {
            None => Standing::NeverConnected,
            Some(DataplaneStatus { connected: false, .. }) => Standing::Disconnected,
            Some(DataplaneStatus { applied: Some(applied), .. }) if *applied >= self.revision => {
                Standing::UpToDate
            }
            Some(DataplaneStatus { error: Some(error), .. }) => {
                Standing::Refused(self.revision, error.clone())
            }
            Some(_) => Standing::Applying(self.revision),
        }
    }
}

/// An error with its cause, in one line.
pub(super) fn told(error: &ClientError) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

#[cfg(test)]
mod tests;
