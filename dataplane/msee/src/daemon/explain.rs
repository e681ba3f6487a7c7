//! The way of an injected packet, told in sentences: each stage with the names of the user's own
//! resources, and the rule behind the route.

use std::time::Instant;

use abi::{
    image::{PORT_CIRCUIT, PORT_FABRIC},
    punt::Metadata,
    trace::{INTO_TUNNEL, Step},
    tunnel::HEADERS,
    verdict::{Severity, Stage, Verdict},
};
use desired::{Adjacency, MseeState};
use packet::{
    Ethernet, Packet,
    probe::{ExplainedStep, Explanation, InjectRequest},
};

use crate::{
    fastpath::{BoundPort, Compiled, Injection, NextHop},
    icmp::limit::Rate,
    neighbours::Table,
    punt::{Decision, Frames, Punt, Responder},
    vxlan,
};

/// All that the sentences are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// The image in force.
    pub compiled: &'a Compiled,
    /// What it was compiled from.
    pub state: &'a MseeState,
    /// The packet.
    pub request: &'a InjectRequest,
    /// The port it came in by.
    pub port: &'a BoundPort,
    /// Its bytes.
    pub frame: &'a [u8],
}

impl Context<'_> {
    /// Tells the way that `injection` recorded, and what userspace would do with a punted packet.
    pub(super) fn explain(&self, injection: &Injection) -> Explanation {
        let length = injection.record.length as usize;
        let recorded: Vec<_> = injection.record.steps.iter().take(length).copied().collect();
        let mut verdict = recorded
            .iter()
            .rev()
            .find_map(|step| Verdict::from_number(step.verdict).filter(|v| *v != Verdict::None))
            .unwrap_or(Verdict::None);
        let mut steps: Vec<_> = recorded.iter().map(|step| self.step(*step)).collect();
        let leaves_by = (verdict.severity() == Severity::Forwarded)
            .then(|| recorded.iter().rev().find(|step| step.stage == Stage::Out as u16))
            .flatten()
            .map(|step| self.interface(step.value).to_owned());
        let (generation, last) = (injection.record.generation, recorded.last());
        let adjacency = last.filter(|_| verdict == Verdict::NeighbourUnresolved);
        let adjacency = adjacency.map_or(0, |step| step.value);
        let vni = self.port.key().vni().unwrap_or_default();
        let metadata = Metadata {
            verdict: verdict.number(),
            generation,
            adjacency,
            vni,
            ..Metadata::default()
        };
        if let Some((answer, text)) = self.answer(verdict, metadata) {
            steps.push(ExplainedStep {
                stage: answer.stage().name(),
                verdict: Some(answer.name()),
                text,
            });
            verdict = answer;
        }
        Explanation {
            steps,
            verdict: verdict.name(),
            text: verdict.text(),
            leaves_by,
            generation: self.compiled.generation(),
        }
    }

    fn step(&self, step: Step) -> ExplainedStep {
        let verdict = Verdict::from_number(step.verdict).filter(|v| *v != Verdict::None);
        let stage = Stage::from_number(step.stage);
        let found = match stage {
            Some(Stage::Port) if step.value != self.port.slot => self.underlay(step.value),
            Some(Stage::Port) => self.port(),
            Some(Stage::Tunnel) => self.tunnel(step.value),
            Some(Stage::Check) => "ok".to_owned(),
            Some(Stage::Local) => "not for the MSEE itself".to_owned(),
            Some(Stage::Police) => self.police(),
            Some(Stage::Lookup) => self.lookup(step.value),
            Some(Stage::Ttl) => {
                let (before, after) = (step.value >> 8 & 0xff, step.value & 0xff);
                format!("{before} -> {after}")
            }
            Some(Stage::Adjacency) => self.next_hop(step.value),
            Some(Stage::Out) => self.interface(step.value).to_owned(),
            _ => String::new(),
        };
        let text = match verdict {
            Some(verdict) if verdict.severity() == Severity::Forwarded => found,
            // The stage found what it had to and still ended the way.
            Some(verdict @ (Verdict::TtlExpired | Verdict::TooBig | Verdict::AdjacencyDrop)) => {
                format!("{found}: {}", verdict.text())
            }
            Some(verdict @ Verdict::NoRoute) => {
                format!("{}: {}", self.request.destination, verdict.text())
            }
            Some(verdict) => verdict.text().to_owned(),
            None => found,
        };
        ExplainedStep {
            stage: stage.map_or("unknown", Stage::name),
            verdict: verdict.map(Verdict::name),
            text,
        }
    }

    /// `circuit CIRCUIT_EQUINIX (primary), CE side` or `fabric port eth2, VNet hub`.
    fn port(&self) -> String {
        let interface = &self.port.name;
        match self.compiled.port(self.port.slot).map(|port| port.kind) {
            Some(PORT_CIRCUIT) => {
                let circuit = self.state.circuit_ports.get(&self.port.name);
                let circuit = circuit.map_or("?", |port| port.circuit.as_str());
                let path = path(self.state).map_or(String::new(), |path| format!(" ({path})"));
                format!("circuit {circuit}{path}, CE side")
            }
            Some(PORT_FABRIC) => {
                let index = self.compiled.source_vnet(self.port.slot, self.request.source);
                match index.and_then(|index| self.compiled.vnet(index)) {
                    Some(vnet) => format!("fabric port {interface}, VNet {}", vnet.name),
                    None => format!("fabric port {interface}, no VNet"),
                }
            }
            _ => interface.clone(),
        }
    }

    /// `underlay eth2`: what is in a tunnel arrives there first.
    fn underlay(&self, slot: u32) -> String {
        format!("underlay {}", self.interface(slot))
    }

    /// `out of VXLAN, VNI 5001`, or `into VXLAN to 192.0.2.11, VNI 5001`.
    fn tunnel(&self, value: u32) -> String {
        if value & INTO_TUNNEL == 0 {
            return format!("out of VXLAN, VNI {value}");
        }
        let index = value as u16;
        let host = self.compiled.tunnel_host(index).map(|host| host.neighbour.address);
        match (host, self.compiled.tunnel(index).map(vxlan::vni)) {
            (Some(host), Some(vni)) => format!("into VXLAN to {host}, VNI {vni}"),
            _ => "into VXLAN".to_owned(),
        }
    }

    /// `within 1000 Mbit/s; source announced`.
    fn police(&self) -> String {
        let circuit = self.state.circuit_ports.get(&self.port.name);
        let bandwidth = circuit.and_then(|circuit| circuit.bandwidth);
        let mut found = Vec::new();
        found.extend(bandwidth.map(|bits| format!("within {} Mbit/s", bits / 1_000_000)));
        if circuit.is_some_and(|circuit| circuit.validate_source) {
            found.push("source announced".to_owned());
        }
        if found.is_empty() { "nothing to police".to_owned() } else { found.join("; ") }
    }

    /// `10.254.0.0/16 -> gateway ERGW1 (conn1)  [spoke prefix: not in FastPath]`.
    fn lookup(&self, adjacency: u32) -> String {
        let name = self.compiled.adjacency_name(adjacency);
        let vrf = self.vrf();
        match vrf.and_then(|vrf| self.compiled.route_of(vrf, self.request.destination)) {
            Some(found) if found.route.why.is_empty() => format!("{} -> {name}", found.prefix),
            Some(found) => format!("{} -> {name}  [{}]", found.prefix, found.route.why),
            None => name.to_owned(),
        }
    }

    /// `ERGW1 instance 10.255.0.12` where a gateway's instance was chosen, else the name.
    fn next_hop(&self, index: u32) -> String {
        let vrf = self.vrf();
        let found = vrf.and_then(|vrf| self.compiled.route_of(vrf, self.request.destination));
        let adjacency = found.map(|found| &found.route.adjacency);
        match (adjacency, self.compiled.adjacency_instance(index)) {
            (Some(Adjacency::Gateway { gateway, .. }), Some(instance)) => {
                format!("{gateway} instance {instance}")
            }
            _ => self.compiled.adjacency_name(index).to_owned(),
        }
    }

    /// Name of the VRF that the packet is routed in.
    fn vrf(&self) -> Option<&str> {
        if let Some(circuit) = self.state.circuit_ports.get(&self.port.name) {
            return Some(&circuit.vrf);
        }
        let index = self.compiled.source_vnet(self.port.slot, self.request.source)?;
        self.compiled.vnet(index).map(|vnet| vnet.vrf.as_str())
    }

    /// What userspace makes of a packet punted with `verdict`; `None` when it is not asked. Neither the
    /// rate limit nor what is known of neighbours is consulted: the answer would depend on who asked
    /// before.
    fn answer(&self, verdict: Verdict, metadata: Metadata) -> Option<(Verdict, String)> {
        let asked = matches!(
            verdict,
            Verdict::LocalEcho
                | Verdict::LocalUnreachable
                | Verdict::NoRoute
                | Verdict::TtlExpired
                | Verdict::NeighbourUnresolved
                | Verdict::TooBig
                | Verdict::TooBigFragmentable
        );
        if !asked {
            return None;
        }
        let punt = Punt { ifindex: self.port.ifindex, metadata, frame: self.frame };
        let (mut out, nobody) = (Frames::default(), Table::default());
        let mut responder = Responder::new(Rate::default());
        let now = Instant::now();
        let (verdict, slot) = match responder.decide(&punt, self.compiled, &nobody, now, &mut out) {
            Decision::Send { verdict, port } => (verdict, port),
            Decision::End(verdict) => return Some((verdict, verdict.text().to_owned())),
            Decision::Wait(NextHop { neighbour, .. }) => {
                let port =
                    self.compiled.slot(neighbour.port()).map_or("?", |it| self.interface(it));
                let address = neighbour.address;
                let text =
                    format!("waits while {address} is asked for on {port}, if it is not known");
                return Some((Verdict::NeighbourUnresolved, text));
            }
        };
        let is_tunnelled =
            self.compiled.bound_port(slot).is_some_and(|port| port.key().vni().is_some());
        let headers = if is_tunnelled { HEADERS } else { 0 };
        let first = out.iter().next().and_then(|frame| Ethernet::parse(frame.get(headers..)?));
        let text = match first.and_then(|frame| Packet::parse(&frame)) {
            Some(answer) => format!(
                "{} from {} to {}, out {}",
                verdict.text().trim_end_matches('.'),
                answer.source(),
                answer.destination(),
                self.interface(slot),
            ),
            None => verdict.text().to_owned(),
        };
        Some((verdict, text))
    }

    fn interface(&self, slot: u32) -> &str {
        self.compiled.bound_port(slot).map_or("?", |port| port.name.as_str())
    }
}

/// `primary` or `secondary`: VNets know the one as `.4`, the other as `.5` of the GatewaySubnet,
/// whose prefix is a /29 or shorter. `None` without a VNet.
fn path(state: &MseeState) -> Option<&'static str> {
    let mut vnets = state.fabric_ports.values().flat_map(|port| port.vnets.values());
    match vnets.next().map(|vnet| u32::from(vnet.address) % 8)? {
        4 => Some("primary"),
        5 => Some("secondary"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
