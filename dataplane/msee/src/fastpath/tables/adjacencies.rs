//! The adjacencies of an image: each next hop once, ready to copy into a frame.

use std::{
    collections::{BTreeMap, HashMap},
    net::Ipv4Addr,
};

use abi::{image, limits, verdict::Verdict};
use desired::{Adjacency, MacAddress, MseeState};

use super::{compile::CompileError, compiled::AdjacencyName};
use crate::fastpath::{BoundPort, PortKind};

/// The adjacencies met so far, each once.
pub(super) struct Adjacencies<'a> {
    state: &'a MseeState,
    ports: HashMap<&'a str, &'a BoundPort>,
    indices: BTreeMap<&'a Adjacency, u32>,
    pub(super) entries: Vec<image::Adjacency>,
    pub(super) names: Vec<AdjacencyName>,
}

impl<'a> Adjacencies<'a> {
    pub(super) fn new(state: &'a MseeState, bound: &'a [BoundPort]) -> Self {
        // Index 0 is never a next hop: in punt metadata it means "none".
        let none = image::Adjacency {
            verdict: Verdict::AdjacencyDrop.number(),
            ..image::Adjacency::default()
        };
        Self {
            state,
            ports: bound.iter().map(|port| (port.interface.as_str(), port)).collect(),
            indices: BTreeMap::new(),
            entries: vec![none],
            names: vec![AdjacencyName::default()],
        }
    }

    /// The index of a next hop that `vrf` uses; made when met for the first time.
    pub(super) fn index(
        &mut self,
        vrf: &str,
        adjacency: &'a Adjacency,
    ) -> Result<u32, CompileError> {
        if let Some(index) = self.indices.get(adjacency) {
            return Ok(*index);
        }
        let index = self.entries.len() as u32;
        match adjacency {
            Adjacency::Ce { port } => self.customer_edge(vrf, port)?,
            Adjacency::Direct { port, mac, vm, connection } => {
                let entry = self.entry(vrf, port, PortKind::Fabric, *mac)?;
                let text = format!("VM {vm} (FastPath, {connection})");
                self.push(image::Adjacency { kind: image::ADJACENCY_DIRECT, ..entry }, text, None)?;
            }
            Adjacency::Gateway { port, gateway, connection, instances } => {
                let members = u8::try_from(instances.len()).unwrap_or(u8::MAX);
                if members == 0 {
                    let (vrf, gateway) = (vrf.to_owned(), gateway.clone());
                    return Err(CompileError::NoInstance { vrf, gateway });
                }
                for (position, instance) in instances.iter().take(members.into()).enumerate() {
                    let entry = image::Adjacency {
                        kind: image::ADJACENCY_GATEWAY,
                        members: if position == 0 { members } else { 1 },
                        ..self.entry(vrf, port, PortKind::Fabric, instance.mac)?
                    };
                    let text = format!("gateway {gateway} ({connection})");
                    self.push(entry, text, Some(instance.address))?;
                }
            }
        }
        self.indices.insert(adjacency, index);
        Ok(index)
    }

    fn customer_edge(&mut self, vrf: &str, port: &str) -> Result<(), CompileError> {
        let circuit = self.state.circuit_ports.get(port);
        let circuit = circuit.ok_or_else(|| unknown(vrf, port, PortKind::Circuit))?;
        let entry = self.entry(vrf, port, PortKind::Circuit, circuit.peer_mac)?;
        let text = format!("customer edge {} ({})", circuit.peer, circuit.circuit);
        self.push(image::Adjacency { kind: image::ADJACENCY_CE, ..entry }, text, None)
    }

    /// An adjacency without a kind: the port, its MTU, and the MAC addresses to write.
    fn entry(
        &self,
        vrf: &str,
        port: &str,
        kind: PortKind,
        next_hop: MacAddress,
    ) -> Result<image::Adjacency, CompileError> {
        let bound = self.ports.get(port).filter(|bound| bound.kind == kind);
        let bound = bound.ok_or_else(|| unknown(vrf, port, kind))?;
        let mut macs = [0; 12];
        let (destination, source) = macs.split_at_mut(6);
        destination.copy_from_slice(&next_hop.0);
        source.copy_from_slice(&bound.mac.0);
        Ok(image::Adjacency {
            members: 1,
            port: bound.slot,
            mtu: bound.mtu,
            macs,
            ..image::Adjacency::default()
        })
    }

    fn push(
        &mut self,
        entry: image::Adjacency,
        text: String,
        instance: Option<Ipv4Addr>,
    ) -> Result<(), CompileError> {
        if self.entries.len() >= limits::ADJACENCIES as usize {
            return Err(CompileError::TooManyAdjacencies);
        }
        self.entries.push(entry);
        self.names.push(AdjacencyName { text, instance });
        Ok(())
    }
}

fn unknown(vrf: &str, port: &str, kind: PortKind) -> CompileError {
    let kind = if kind == PortKind::Circuit { "circuit port" } else { "fabric port" };
    CompileError::UnknownPort { vrf: vrf.to_owned(), port: port.to_owned(), kind }
}
