//! `erlab inspect`: labs, their nodes, connections and gateways.

use std::{collections::BTreeMap, path::Path};

use clap::Args;
use ipnetwork::IpNetwork;
use serde::Serialize;
use serde_json::Value;

use super::{
    Failure, circuit, connection, fabric, gateway,
    open_lab::{OpenLab, kind_name},
    output::{Printer, table},
};
use crate::{
    control::ClientError,
    lifecycle::{Standing, Status, running_labs},
    topology::plan::{Interface, Node, NodeKind},
};

/// Show labs: nodes, VXLAN hosts and VNIs, connections with FastPath, gateways, circuits
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
    /// How a dataplane's interfaces run XDP: `native` or `generic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    xdp: Option<String>,
    /// Why not natively.
    #[serde(skip_serializing_if = "Option::is_none")]
    xdp_because: Option<String>,
    /// The host it is on, when its fabric is a VXLAN one.
    #[serde(skip_serializing_if = "Option::is_none")]
    fabric_host: Option<String>,
    /// The network identifier of its VNet there.
    #[serde(skip_serializing_if = "Option::is_none")]
    vni: Option<u32>,
}

/// Everything `inspect` prints about one lab.
struct LabReport {
    name: String,
    nodes: Vec<NodeState>,
    /// Those whose frames travel in VXLAN.
    tunnels: Vec<fabric::Tunnel>,
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
        let status = Status::ask(lab.lab()).await;
        let mut nodes = Vec::new();
        for node in &lab.plan().nodes {
            let standing = status.as_ref().ok().map(|status| status.of_node(node));
            nodes.push(NodeState::of(lab, node, standing).await);
        }
        let control = match status {
            Ok(status) => ControlState::of(lab, status.revision).await,
            Err(why) => Err(why),
        };
        let tunnels = fabric::tunnels(lab.plan());
        for node in &mut nodes {
            let tunnel = tunnels.iter().find(|tunnel| tunnel.node == node.name);
            node.fabric_host = tunnel.and_then(|tunnel| tunnel.host.clone());
            node.vni = tunnel.and_then(|tunnel| tunnel.vni);
        }
        Self { name: lab.lab().name().to_owned(), nodes, tunnels, control }
    }
}

impl ControlState {
    async fn of(lab: &OpenLab, revision: u64) -> Result<Self, String> {
        let (control, scope) = (lab.control(), lab.gateways());
        let list = async |kind| {
            let listed = control.get(&scope.list(kind)).await;
            listed.map_err(|error| error.to_string())
        };
        Ok(Self {
            revision,
            connections: list("connections").await?,
            gateways: list("virtualNetworkGateways").await?,
            circuits: circuit::all(lab).await.map_err(|error| error.to_string())?,
        })
    }
}

impl NodeState {
    /// `standing`: how far the control plane says it is; `None` when that does not answer.
    async fn of(lab: &OpenLab, node: &Node, standing: Option<Standing>) -> Self {
        let mut health = Value::Null;
        let (state, mut status) = if !Path::new("/run/netns").join(&node.namespace).exists() {
            ("exited", "its network namespace is gone".to_owned())
        } else if matches!(node.kind, NodeKind::Msee { .. } | NodeKind::Gateway { .. }) {
            match lab.admin(&node.name).get("/health").await {
                Ok(answer) => {
                    health = answer;
                    ("running", readiness(health["ready"] == true, standing))
                }
                Err(ClientError::Connect { .. }) => ("exited", "not running".to_owned()),
                Err(error) => ("exited", error.to_string()),
            }
        } else {
            ("running", readiness(true, standing))
        };
        let text = |key: &str| health[key].as_str().map(ToOwned::to_owned);
        let xdp = text("xdp");
        status.push_str(slowness(xdp.as_deref()));
        Self {
            lab_name: lab.lab().name().to_owned(),
            lab_path: lab.lab().directory().path().display().to_string(),
            name: node.name.clone(),
            kind: kind_name(&node.kind),
            state,
            status,
            ipv4_address: first_address(node, IpNetwork::is_ipv4),
            ipv6_address: first_address(node, IpNetwork::is_ipv6),
            owner: "root".to_owned(),
            xdp,
            xdp_because: text("xdp_because"),
            fabric_host: None,
            vni: None,
        }
    }
}

/// What is said of a dataplane whose packets take the slow way through XDP.
fn slowness(xdp: Option<&str>) -> &'static str {
    if xdp == Some("generic") { " (generic XDP: slower)" } else { "" }
}

/// A node is ready when its own daemon says so and its state is the newest there is. The revision it
/// last reported would mislead: a change that leaves its state as it was is in force without a word.
fn readiness(forwards: bool, standing: Option<Standing>) -> String {
    match standing {
        None | Some(Standing::UpToDate) if !forwards => "not ready".to_owned(),
        None => "ready, as far as it knows itself".to_owned(),
        Some(standing) => standing.to_string(),
    }
}

/// Address and prefix length of the node's first address of a family, as containerlab prints it.
fn first_address(node: &Node, family: fn(&IpNetwork) -> bool) -> String {
    let mut all = node.interfaces.iter().flat_map(Interface::all_addresses);
    all.find(family).map(|network| network.to_string()).unwrap_or_default()
}

fn render(labs: &[LabReport]) -> String {
    if labs.is_empty() {
        return "no lab is running; `erlab deploy -t labs/fastpath.er.yml` starts one".to_owned();
    }
    labs.iter().map(render_lab).collect::<Vec<_>>().join("\n")
}

fn render_lab(lab: &LabReport) -> String {
    let LabReport { name, nodes, tunnels, control } = lab;
    // A lab of IPv4 alone has no column that is empty.
    let ipv6 = nodes.iter().any(|node| !node.ipv6_address.is_empty());
    let row = |[node, kind, state, status, ipv4, address6, namespace]: [String; 7]| {
        let address6 = ipv6.then_some(address6);
        let addresses = std::iter::once(ipv4).chain(address6);
        [node, kind, state, status].into_iter().chain(addresses).chain([namespace])
    };
    let header = ["NODE", "KIND", "STATE", "STATUS", "IPV4", "IPV6", "NAMESPACE"];
    let header: Vec<String> = row(header.map(str::to_owned)).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let nodes = table(
        &header,
        nodes.iter().map(|node| {
            let cells = [
                node.name.clone(),
                node.kind.to_owned(),
                node.state.to_owned(),
                node.status.clone(),
                node.ipv4_address.clone(),
                node.ipv6_address.clone(),
                format!("{name}-{}", node.name),
            ];
            row(cells).collect()
        }),
    );
    let tunnels = fabric::overview(tunnels);
    match control {
        Ok(ControlState { revision, connections, gateways, circuits }) => format!(
            "lab {name}, revision {revision}\n\n{nodes}\n{tunnels}{}\n{}\n{}",
            connection::overview(connections),
            gateway::overview(gateways),
            circuit::overview(circuits),
        ),
        Err(error) => {
            format!("lab {name}\n\n{nodes}\n{tunnels}no connections and gateways: {error}\n")
        }
    }
}

#[cfg(test)]
mod tests;
