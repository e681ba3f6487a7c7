//! `erlab inspect`: labs, their nodes, connections and gateways.

use std::{collections::BTreeMap, path::Path};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::{
    Failure, circuit, connection, gateway,
    open_lab::{OpenLab, kind_name},
    output::{Printer, table},
};
use crate::{
    control::ClientError,
    lifecycle::running_labs,
    topology::plan::{Node, NodeKind},
};

/// Show labs: nodes with addresses, connections with FastPath, gateways, circuits with their tags
#[derive(Debug, Args)]
#[command(after_help = "\
JSON has containerlab's keys: an object keyed by lab name, a list of nodes in each. A node's network
namespace is `<lab>-<node>`, so `ip netns exec fastpath-ce1 ...` works too.

Examples:
  erlab inspect
  erlab inspect -f json | jq -r '.fastpath[] | select(.state != \"running\") | .name'")]
pub(super) struct InspectArgs {
    /// Every running lab, also when a name is set
    #[arg(long)]
    all: bool,
}

/// One node, under the keys containerlab uses.
#[derive(Debug, Serialize)]
struct NodeState {
    lab_name: String,
    #[serde(rename = "labPath")]
    lab_path: String,
    name: String,
    kind: &'static str,
    state: &'static str,
    status: String,
    ipv4_address: String,
    ipv6_address: String,
    owner: String,
}

/// Everything `inspect` prints about one lab.
struct LabReport {
    name: String,
    nodes: Vec<NodeState>,
    control: Result<ControlState, String>,
}

/// What the control plane says.
struct ControlState {
    revision: u64,
    connections: Value,
    gateways: Value,
    circuits: Value,
}

/// Runs the verb.
pub(super) async fn run(
    args: InspectArgs,
    name: Option<&str>,
    printer: Printer,
) -> Result<(), Failure> {
    let names = match name.filter(|_| !args.all) {
        Some(name) => vec![name.to_owned()],
        None => running_labs().map_err(|source| Failure::failed(ListError(source)))?,
    };
    let mut labs = Vec::new();
    for name in names {
        labs.push(LabReport::of(&OpenLab::find(Some(&name))?).await);
    }
    let nodes: BTreeMap<&str, &[NodeState]> =
        labs.iter().map(|lab| (lab.name.as_str(), lab.nodes.as_slice())).collect();
    printer.show(&nodes, |_| render(&labs))
}

/// The labs' directory cannot be read.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("cannot list the running labs")]
#[diagnostic(help("labs belong to root: run erlab as root"))]
struct ListError(#[source] std::io::Error);

impl LabReport {
    async fn of(lab: &OpenLab) -> Self {
        let mut nodes = Vec::new();
        for node in &lab.plan().nodes {
            nodes.push(NodeState::of(lab, node).await);
        }
        let control = ControlState::of(lab).await.map_err(|error| error.to_string());
        Self { name: lab.lab().name().to_owned(), nodes, control }
    }
}

impl ControlState {
    async fn of(lab: &OpenLab) -> Result<Self, ClientError> {
        let (control, scope) = (lab.control(), lab.gateways());
        Ok(Self {
            revision: control.get("/erlab/status").await?["revision"].as_u64().unwrap_or(0),
            connections: control.get(&scope.list("connections")).await?,
            gateways: control.get(&scope.list("virtualNetworkGateways")).await?,
            circuits: circuit::all(lab).await?,
        })
    }
}

impl NodeState {
    async fn of(lab: &OpenLab, node: &Node) -> Self {
        let (state, status) = if !Path::new("/run/netns").join(&node.namespace).exists() {
            ("exited", "its network namespace is gone".to_owned())
        } else if matches!(node.kind, NodeKind::Msee { .. } | NodeKind::Gateway { .. }) {
            match lab.admin(&node.name).get("/health").await {
                Ok(health) => ("running", readiness(&health)),
                Err(ClientError::Connect { .. }) => ("exited", "not running".to_owned()),
                Err(error) => ("exited", error.to_string()),
            }
        } else {
            ("running", "ready".to_owned())
        };
        Self {
            lab_name: lab.lab().name().to_owned(),
            lab_path: lab.lab().directory().path().display().to_string(),
            name: node.name.clone(),
            kind: kind_name(&node.kind),
            state,
            status,
            ipv4_address: ipv4_address(node),
            ipv6_address: String::new(),
            owner: "root".to_owned(),
        }
    }
}

fn readiness(health: &Value) -> String {
    match (health["ready"].as_bool(), health["revision"].as_u64()) {
        (Some(true), Some(revision)) => format!("ready, revision {revision}"),
        (Some(true), None) => "ready".to_owned(),
        _ => "not ready".to_owned(),
    }
}

/// Address and prefix length of the node's first address, as containerlab prints it.
fn ipv4_address(node: &Node) -> String {
    let own = node.interfaces.iter().flat_map(|interface| {
        interface.addresses.iter().copied().chain(interface.cpus.iter().map(|cpu| cpu.address))
    });
    own.map(|network| network.to_string()).next().unwrap_or_default()
}

fn render(labs: &[LabReport]) -> String {
    if labs.is_empty() {
        return "no lab is running; `erlab deploy -t labs/fastpath.er.yml` starts one".to_owned();
    }
    labs.iter().map(render_lab).collect::<Vec<_>>().join("\n")
}

fn render_lab(lab: &LabReport) -> String {
    let LabReport { name, nodes, control } = lab;
    let nodes = table(
        &["NODE", "KIND", "STATE", "STATUS", "IPV4", "NAMESPACE"],
        nodes.iter().map(|node| {
            vec![
                node.name.clone(),
                node.kind.to_owned(),
                node.state.to_owned(),
                node.status.clone(),
                node.ipv4_address.clone(),
                format!("{name}-{}", node.name),
            ]
        }),
    );
    match control {
        Ok(ControlState { revision, connections, gateways, circuits }) => format!(
            "lab {name}, revision {revision}\n\n{nodes}\n{}\n{}\n{}",
            connection::overview(connections),
            gateway::overview(gateways),
            circuit::overview(circuits),
        ),
        Err(error) => format!("lab {name}\n\n{nodes}\nno connections and gateways: {error}\n"),
    }
}

#[cfg(test)]
mod tests;
