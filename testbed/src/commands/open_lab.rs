//! The running lab a command works on: its daemons, its ARM scopes, its nodes by name or address.

use std::net::IpAddr;

use miette::Diagnostic;
use thiserror::Error;

use super::Failure;
use crate::{
    control::{Client, ids::Scope},
    lifecycle::Lab,
    topology::{
        Topology,
        plan::{Interface, Node, NodeKind, Plan},
    },
};

/// A running lab.
#[derive(Debug)]
pub(super) struct OpenLab {
    lab: Lab,
}

/// There is no such thing in this lab.
#[derive(Debug, Error, Diagnostic)]
#[error("lab `{lab}` has no {what} `{name}`")]
#[diagnostic(help("{}; `{shown_by}` shows more", listed(there_are)))]
pub(super) struct Unknown {
    lab: String,
    what: &'static str,
    name: String,
    there_are: Vec<String>,
    shown_by: String,
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "it has none".to_owned()
    } else {
        format!("it has: {}", names.join(", "))
    }
}

/// The node exists, but is of a kind the command cannot work on.
#[derive(Debug, Error, Diagnostic)]
#[error("`{node}` is {kind}: {rule}")]
#[diagnostic(help("{cure}"))]
pub(super) struct WrongKind {
    node: String,
    kind: &'static str,
    rule: &'static str,
    cure: &'static str,
}

/// Two customers have this address.
#[derive(Debug, Error, Diagnostic)]
#[error("{address} is the address of {}", nodes.join(" and of "))]
#[diagnostic(help("say which of them by its name"))]
pub(super) struct Ambiguous {
    address: String,
    nodes: Vec<String>,
}

impl WrongKind {
    /// Says which rule `node` does not meet, and what to do instead.
    pub(super) fn new(node: &Node, rule: &'static str, cure: &'static str) -> Self {
        Self { node: node.name.clone(), kind: with_article(&node.kind), rule, cure }
    }
}

impl OpenLab {
    /// The lab `name`, or the only one that runs.
    pub(super) fn find(name: Option<&str>) -> Result<Self, Failure> {
        Ok(Self { lab: Lab::find(name).map_err(Failure::failed)? })
    }

    /// Its files and state.
    pub(super) fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Its plan.
    pub(super) fn plan(&self) -> &Plan {
        self.lab.plan()
    }

    fn topology(&self) -> &Topology {
        self.lab.topology()
    }

    /// `ercontrol`.
    pub(super) fn control(&self) -> Client {
        Client::connect(self.lab.control_socket())
    }

    /// The admin API of an MSEE or gateway.
    pub(super) fn admin(&self, node: &str) -> Client {
        Client::connect(self.lab.admin_socket(node))
    }

    /// The agent.
    pub(super) fn agent(&self) -> Client {
        Client::connect(self.lab.agent_socket())
    }

    /// Scope of VNets, gateways and connections.
    pub(super) fn gateways(&self) -> Scope {
        let azure = &self.topology().expressroute;
        Scope::new(&azure.subscription, &azure.resource_group)
    }

    /// Scope of a circuit: its own, or the gateways'.
    pub(super) fn circuit_scope(&self, name: &str) -> Result<Scope, Failure> {
        let azure = &self.topology().expressroute;
        let Some(circuit) = azure.circuits.find(name) else {
            return Err(Failure::failed(self.unknown(
                "circuit",
                name,
                self.circuits(),
                "erlab circuit list".to_owned(),
            )));
        };
        Ok(Scope::new(
            circuit.subscription.as_ref().unwrap_or(&azure.subscription),
            circuit.resource_group.as_ref().unwrap_or(&azure.resource_group),
        ))
    }

    /// Names of the circuits.
    pub(super) fn circuits(&self) -> Vec<String> {
        self.topology().expressroute.circuits.names().map(ToOwned::to_owned).collect()
    }

    /// Region of a gateway; a connection lives there too. Empty for an unknown gateway, which the
    /// control plane refuses.
    pub(super) fn location_of_gateway(&self, gateway: &str) -> String {
        let mut vnets = self.topology().expressroute.vnets.iter();
        vnets
            .find(|(_, vnet)| vnet.gateway.as_ref().is_some_and(|it| *it.name == gateway))
            .map_or_else(String::new, |(_, vnet)| vnet.region.to_string())
    }

    /// The node of that name.
    pub(super) fn node(&self, name: &str) -> Result<&Node, Failure> {
        self.lab.node(name).ok_or_else(|| {
            let nodes = self.plan().nodes.iter().map(|node| node.name.clone()).collect();
            Failure::usage(self.unknown("node", name, nodes, "erlab inspect".to_owned()))
        })
    }

    /// The node of that name or with that address, which must be one node's only.
    pub(super) fn node_at(&self, place: &str) -> Result<&Node, Failure> {
        let Ok(address) = place.parse() else { return self.node(place) };
        match self.plan().nodes_with_address(address).as_slice() {
            several @ [_, _, ..] => Err(Failure::usage(Ambiguous {
                address: place.to_owned(),
                nodes: several.iter().map(|node| node.name.clone()).collect(),
            })),
            _ => self.plan().node_with_address(address).map_or_else(|| self.node(place), Ok),
        }
    }

    /// The address that `word` says or that the node of that name has.
    pub(super) fn resolve(&self, word: &str) -> Option<IpAddr> {
        word.parse().ok().or_else(|| addresses(self.lab.node(word)?).next())
    }

    /// The address of a place somebody wants to reach: an address as it is, or a node's first.
    pub(super) fn address_of(&self, place: &str) -> Result<IpAddr, Failure> {
        if let Some(address) = self.resolve(place) {
            return Ok(address);
        }
        Err(Failure::usage(WrongKind::new(
            self.node(place)?,
            "it has no address of its own to send to",
            "name a VM, a host or an address",
        )))
    }

    /// The same, but of a node its first IPv6 address.
    pub(super) fn ipv6_address_of(&self, place: &str) -> Result<IpAddr, Failure> {
        if let Ok(address) = place.parse() {
            return Ok(address);
        }
        let node = self.node(place)?;
        addresses(node).find(IpAddr::is_ipv6).ok_or_else(|| {
            Failure::usage(WrongKind::new(
                node,
                "it has no IPv6 address",
                "give it one in the topology file, or leave --ipv6 out",
            ))
        })
    }

    /// Names of the nodes that forward: MSEEs, then gateways.
    pub(super) fn dataplanes(&self) -> Vec<String> {
        let nodes = &self.plan().nodes;
        let named = |wanted: fn(&NodeKind) -> bool| {
            nodes.iter().filter(move |node| wanted(&node.kind)).map(|node| node.name.clone())
        };
        named(|kind| matches!(kind, NodeKind::Msee { .. }))
            .chain(named(|kind| matches!(kind, NodeKind::Gateway { .. })))
            .collect()
    }

    /// There is no `what` of that name, but `there_are` these, which the command `shown_by` shows.
    pub(super) fn unknown(
        &self,
        what: &'static str,
        name: &str,
        there_are: Vec<String>,
        shown_by: String,
    ) -> Unknown {
        let (lab, name) = (self.lab.name().to_owned(), name.to_owned());
        Unknown { lab, what, name, there_are, shown_by }
    }
}

/// The addresses a node answers to, first interface first.
fn addresses(node: &Node) -> impl Iterator<Item = IpAddr> + '_ {
    node.interfaces.iter().flat_map(Interface::all_addresses).map(|network| network.ip())
}

/// The node's kind as the topology file spells it.
pub(super) fn kind_name(kind: &NodeKind) -> &'static str {
    match kind {
        NodeKind::Onprem => "onprem",
        NodeKind::Host => "host",
        NodeKind::Msee { .. } => "msee",
        NodeKind::Gateway { .. } => "gateway",
        NodeKind::Vm { .. } => "vm",
        NodeKind::FabricHost { .. } => "fabric-host",
    }
}

fn with_article(kind: &NodeKind) -> &'static str {
    match kind {
        NodeKind::Onprem => "a customer edge",
        NodeKind::Host => "a customer host",
        NodeKind::Msee { .. } => "an MSEE",
        NodeKind::Gateway { .. } => "an ExpressRoute gateway",
        NodeKind::Vm { .. } => "a VM",
        NodeKind::FabricHost { .. } => "a host of the fabric",
    }
}
