//! The adjacencies of an image: each next hop once, ready to copy into a frame.

use std::{
    collections::{BTreeMap, HashMap},
    net::Ipv4Addr,
};

use abi::{image, limits, verdict::Verdict};
use desired::{Adjacency, MacAddress, MseeState, ServiceEthertype, Tags};

use super::{compile::CompileError, compiled::AdjacencyName, groups};
use crate::fastpath::{BoundPort, PortKind};

/// The adjacencies met so far, each once.
pub(super) struct Adjacencies<'a> {
    state: &'a MseeState,
    ports: HashMap<&'a str, &'a BoundPort>,
    indices: BTreeMap<&'a Adjacency, u32>,
    pub(super) entries: Vec<image::Adjacency>,
    pub(super) names: Vec<AdjacencyName>,
    pub(super) groups: Vec<image::Group>,
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
            ports: bound.iter().map(|port| (port.name.as_str(), port)).collect(),
            indices: BTreeMap::new(),
            entries: vec![none],
            names: vec![AdjacencyName::default()],
            groups: Vec::new(),
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
            Adjacency::Direct { port, address: _, mac, vm, connection, tunnel: _ } => {
                let entry = self.entry(vrf, port, PortKind::Fabric, *mac)?;
                let text = format!("VM {vm} (FastPath, {connection})");
                self.push(image::ADJACENCY_DIRECT, entry, text, None)?;
            }
            Adjacency::Gateway { port, gateway, connection, instances } => {
                if instances.is_empty() {
                    let (vrf, gateway) = (vrf.to_owned(), gateway.clone());
                    return Err(CompileError::NoInstance { vrf, gateway });
                }
                let text = format!("gateway {gateway} ({connection})");
                for instance in instances {
                    let entry = self.entry(vrf, port, PortKind::Fabric, instance.mac)?;
                    let address = Some(instance.address);
                    self.push(image::ADJACENCY_GATEWAY, entry, text.clone(), address)?;
                }
                if instances.len() > 1 {
                    let names = instances.iter().map(|instance| instance.address.to_bits());
                    let group = self.group(groups::places(index, names))?;
                    self.indices.insert(adjacency, group);
                    return Ok(group);
                }
            }
        }
        self.indices.insert(adjacency, index);
        Ok(index)
    }

    /// Adds a group; the index that a leaf has for it.
    fn group(&mut self, places: image::Group) -> Result<u32, CompileError> {
        if self.groups.len() >= limits::GROUPS as usize {
            return Err(CompileError::TooManyGroups);
        }
        self.groups.push(places);
        Ok((self.groups.len() - 1) as u32 | image::GROUP)
    }

    fn customer_edge(&mut self, vrf: &str, port: &str) -> Result<(), CompileError> {
        let circuit = self.state.circuit_ports.get(port);
        let circuit = circuit.ok_or_else(|| unknown(vrf, port, PortKind::Circuit))?;
        let entry = self.entry(vrf, port, PortKind::Circuit, circuit.peer_mac)?;
        let text = format!("customer edge {} ({})", circuit.peer, circuit.circuit);
        self.push(image::ADJACENCY_CE, entry, text, None)
    }

    /// An adjacency to one next hop: the port, its MTU, and the link header to write.
    fn entry(
        &self,
        vrf: &str,
        port: &str,
        kind: PortKind,
        next_hop: Option<MacAddress>,
    ) -> Result<image::Adjacency, CompileError> {
        let bound = self.ports.get(port).filter(|bound| bound.kind == kind);
        let bound = bound.ok_or_else(|| unknown(vrf, port, kind))?;
        let (tags, tag_length) = tag_bytes(bound.tags);
        let mut header = [0; image::MACS + image::TAGS];
        let macs = next_hop.map_or([0; 6], |mac| mac.0).into_iter().chain(bound.mac.0);
        for (place, octet) in header.iter_mut().zip(macs.chain(tags)) {
            *place = octet;
        }
        Ok(image::Adjacency {
            kind: if next_hop.is_none() { image::ADJACENCY_UNRESOLVED } else { 0 },
            port: bound.slot as u16,
            mtu: bound.ip_mtu(),
            header,
            tag_length,
            ..image::Adjacency::default()
        })
    }

    /// Adds an adjacency, of this kind when its next hop is resolved.
    fn push(
        &mut self,
        kind: u8,
        entry: image::Adjacency,
        text: String,
        instance: Option<Ipv4Addr>,
    ) -> Result<(), CompileError> {
        if self.entries.len() >= limits::ADJACENCIES as usize {
            return Err(CompileError::TooManyAdjacencies);
        }
        let is_resolved = entry.kind != image::ADJACENCY_UNRESOLVED;
        self.entries.push(if is_resolved { image::Adjacency { kind, ..entry } } else { entry });
        self.names.push(AdjacencyName { text, instance });
        Ok(())
    }
}

/// The tags as they lie in a frame, zeroes behind them, and how many bytes they are.
pub(super) fn tag_bytes(tags: Tags) -> ([u8; image::TAGS], u8) {
    const CTAG: u16 = 0x8100;
    const STAG: u16 = 0x88a8;
    let (outer, inner) = match tags {
        Tags::Untagged => ([0, 0], [0, 0]),
        Tags::Dot1q { vlan } => ([CTAG, vlan], [0, 0]),
        Tags::Qinq { service, customer, ethertype: ServiceEthertype::Dot1q } => {
            ([CTAG, service], [CTAG, customer])
        }
        Tags::Qinq { service, customer, ethertype: ServiceEthertype::Dot1ad } => {
            ([STAG, service], [CTAG, customer])
        }
    };
    let mut bytes = [0; image::TAGS];
    let words = outer.into_iter().chain(inner).flat_map(u16::to_be_bytes);
    for (place, byte) in bytes.iter_mut().zip(words) {
        *place = byte;
    }
    (bytes, tags.length() as u8)
}

fn unknown(vrf: &str, port: &str, kind: PortKind) -> CompileError {
    let kind = if kind == PortKind::Circuit { "circuit port" } else { "fabric port" };
    CompileError::UnknownPort { vrf: vrf.to_owned(), port: port.to_owned(), kind }
}
