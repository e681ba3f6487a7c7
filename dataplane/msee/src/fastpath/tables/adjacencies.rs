//! The adjacencies of an image: each next hop once, ready to copy into a frame.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr},
};

use abi::{image, limits, verdict::Verdict};
use desired::{Adjacency, CircuitPort, MacAddress, MseeState, ServiceEthertype, Tags};

use super::{
    compile::CompileError, compiled::AdjacencyName, groups, next_hops::NextHops, tunnels::Tunnels,
};
use crate::fastpath::{
    BoundPort, PortKind,
    neighbours::{Neighbour, Neighbours, NextHop, Resolver},
    ports::vxlan_name,
};

/// The adjacencies met so far, each once.
pub(super) struct Adjacencies<'a> {
    state: &'a MseeState,
    ports: HashMap<&'a str, &'a BoundPort>,
    /// By next hop, and whether it is asked for by its IPv6 address.
    indices: BTreeMap<(&'a Adjacency, bool), u32>,
    pub(super) entries: Vec<image::Adjacency>,
    pub(super) names: Vec<AdjacencyName>,
    pub(super) groups: Vec<image::Group>,
    pub(super) next_hops: NextHops,
    pub(super) tunnels: Tunnels,
}

/// A station that an adjacency leads to, as the desired state has it.
#[derive(Clone, Copy)]
struct Station<'a> {
    kind: u8,
    address: IpAddr,
    mac: Option<MacAddress>,
    tunnel: Option<&'a desired::Tunnel>,
}

impl<'a> Adjacencies<'a> {
    pub(super) fn new(state: &'a MseeState, bound: &'a [BoundPort]) -> Self {
        // Index 0 is never a next hop: in punt metadata it means "none".
        let none = image::Adjacency {
            verdict: Verdict::AdjacencyDrop.number(),
            ..image::Adjacency::default()
        };
        let mut next_hops = NextHops::default();
        next_hops.push(None);
        Self {
            state,
            ports: bound.iter().map(|port| (port.name.as_str(), port)).collect(),
            indices: BTreeMap::new(),
            entries: vec![none],
            names: vec![AdjacencyName::default()],
            groups: Vec::new(),
            next_hops,
            tunnels: Tunnels::default(),
        }
    }

    /// The index of a next hop that `vrf` uses for packets of one IP version; made when met for the
    /// first time.
    pub(super) fn index(
        &mut self,
        vrf: &str,
        adjacency: &'a Adjacency,
        is_ipv6: bool,
    ) -> Result<u32, CompileError> {
        let key = (adjacency, is_ipv6 && self.is_asked_for_twice(adjacency));
        if let Some(index) = self.indices.get(&key) {
            return Ok(*index);
        }
        let index = self.entries.len() as u32;
        match adjacency {
            Adjacency::Ce { port } => self.customer_edge(vrf, port, is_ipv6)?,
            Adjacency::Direct { port, address, mac, vm, connection, tunnel } => {
                let (kind, address, mac) = (image::ADJACENCY_DIRECT, *address, *mac);
                let tunnel = tunnel.as_ref();
                let text = format!("VM {vm} (FastPath, {connection})");
                self.push(vrf, port, Station { kind, address, mac, tunnel }, text, None)?;
            }
            Adjacency::Gateway { port, gateway, connection, instances } => {
                if instances.is_empty() {
                    let (vrf, gateway) = (vrf.to_owned(), gateway.clone());
                    return Err(CompileError::NoInstance { vrf, gateway });
                }
                let text = format!("gateway {gateway} ({connection})");
                for instance in instances {
                    let (kind, mac) = (image::ADJACENCY_GATEWAY, instance.mac);
                    let (address, tunnel) = (instance.address.into(), instance.tunnel.as_ref());
                    let station = Station { kind, address, mac, tunnel };
                    self.push(vrf, port, station, text.clone(), Some(instance.address))?;
                }
                if instances.len() > 1 {
                    let names = instances.iter().map(|instance| instance.address.to_bits());
                    let group = self.group(groups::places(index, names))?;
                    self.indices.insert(key, group);
                    return Ok(group);
                }
            }
        }
        self.indices.insert(key, index);
        Ok(index)
    }

    /// Enters what the desired state says of all customer edges, and gives the adjacencies that it has
    /// no MAC address for the learned one.
    pub(super) fn resolve(&mut self, learned: &Neighbours) {
        for (name, circuit) in &self.state.circuit_ports {
            let (Some(mac), Some(port)) = (circuit.peer_mac, self.ports.get(name.as_str())) else {
                continue;
            };
            for address in peers(circuit) {
                self.next_hops.declare(Neighbour::new(port.key(), address), mac);
            }
        }
        self.tunnels.declare_and_leave_open(&mut self.next_hops);
        self.next_hops.resolve(&mut self.entries, learned);
        self.tunnels.resolve(&mut self.entries, &self.next_hops, learned);
    }

    /// Whether a next hop has an address of each IP version and a MAC address to be found: each
    /// version asks for its own.
    fn is_asked_for_twice(&self, adjacency: &Adjacency) -> bool {
        let Adjacency::Ce { port } = adjacency else { return false };
        let circuit = self.state.circuit_ports.get(port);
        circuit.is_some_and(|circuit| circuit.peer_mac.is_none() && circuit.ipv6.is_some())
    }

    /// Adds a group; the index that a leaf has for it.
    fn group(&mut self, places: image::Group) -> Result<u32, CompileError> {
        if self.groups.len() >= limits::GROUPS as usize {
            return Err(CompileError::TooManyGroups);
        }
        self.groups.push(places);
        Ok((self.groups.len() - 1) as u32 | image::GROUP)
    }

    fn customer_edge(&mut self, vrf: &str, port: &str, is_ipv6: bool) -> Result<(), CompileError> {
        let circuit = self.state.circuit_ports.get(port);
        let circuit = circuit.ok_or_else(|| unknown(vrf, port, PortKind::Circuit))?;
        let ipv6 = circuit.ipv6.filter(|_| is_ipv6).map(|link| link.peer.into());
        let (kind, mac) = (image::ADJACENCY_CE, circuit.peer_mac);
        let address = ipv6.unwrap_or(circuit.peer.into());
        let station = Station { kind, address, mac, tunnel: None };
        let text = format!("customer edge {} ({})", circuit.peer, circuit.circuit);
        self.push(vrf, port, station, text, None)
    }

    /// Adds an adjacency to one station: the port, its MTU, and the link header to write.
    fn push(
        &mut self,
        vrf: &str,
        port: &str,
        station: Station<'_>,
        text: String,
        instance: Option<Ipv4Addr>,
    ) -> Result<(), CompileError> {
        let Station { kind, address, mac, tunnel } = station;
        let is_ce = kind == image::ADJACENCY_CE;
        let bound = if is_ce {
            let bound = self.ports.get(port).filter(|bound| bound.kind == PortKind::Circuit);
            *bound.ok_or_else(|| unknown(vrf, port, PortKind::Circuit))?
        } else {
            self.fabric(vrf, port, tunnel)?
        };
        let tunnel = match tunnel {
            Some(tunnel) => self.tunnel(vrf, port, bound, &tunnel.host)?,
            None => 0,
        };
        if self.entries.len() >= limits::ADJACENCIES as usize {
            return Err(CompileError::TooManyAdjacencies);
        }
        let neighbour = Neighbour::new(bound.key(), address);
        let resolver = match mac {
            Some(_) => Resolver::Declared,
            None if !is_ce => Resolver::Msee,
            None if self.has_cpu(port) => Resolver::Kernel,
            None => Resolver::Nobody,
        };
        let next_hop = NextHop { neighbour, kind, resolver };
        if tunnel != 0 {
            self.tunnels.enter(neighbour, tunnel);
        }
        let out = image::Adjacency { tunnel, ..out_of(bound) };
        self.entries.push(next_hop.adjacency(&out, mac));
        self.names.push(AdjacencyName { text, instance });
        self.next_hops.push(Some(next_hop));
        if let Some(mac) = mac {
            self.next_hops.declare(neighbour, mac);
        }
        Ok(())
    }

    /// The port towards VNets: the fabric itself, or what travels in a tunnel's network on its underlay.
    fn fabric(
        &self,
        vrf: &str,
        port: &str,
        tunnel: Option<&desired::Tunnel>,
    ) -> Result<&'a BoundPort, CompileError> {
        let (vrf_name, port_name) = (|| vrf.to_owned(), || port.to_owned());
        let bound = self.ports.get(port).copied();
        match (bound.map(|bound| bound.kind), bound, tunnel) {
            (Some(PortKind::Fabric), Some(bound), None) => Ok(bound),
            (Some(PortKind::Underlay), _, Some(desired::Tunnel { vni, .. })) => {
                let found = self.ports.get(vxlan_name(port, *vni).as_str()).copied();
                found.ok_or_else(|| CompileError::UnknownVni {
                    vrf: vrf_name(),
                    port: port_name(),
                    vni: *vni,
                })
            }
            (Some(PortKind::Fabric | PortKind::Underlay), ..) => {
                Err(CompileError::Tunnel { vrf: vrf_name(), port: port_name() })
            }
            _ => Err(unknown(vrf, port, PortKind::Fabric)),
        }
    }

    /// The tunnel to a host, for what travels with the VNI of `bound`.
    fn tunnel(
        &mut self,
        vrf: &str,
        port: &str,
        bound: &BoundPort,
        host: &str,
    ) -> Result<u16, CompileError> {
        let underlay = self.state.fabric_ports.get(port).and_then(|fabric| fabric.vxlan.as_ref());
        let found = underlay.and_then(|it| Some((it.address.ip(), it.hosts.get(host)?)));
        let (endpoint, host) = found.ok_or_else(|| CompileError::UnknownHost {
            vrf: vrf.to_owned(),
            port: port.to_owned(),
            host: host.to_owned(),
        })?;
        self.tunnels.index(bound, endpoint, host)
    }

    /// Whether the kernel takes part in a circuit's link.
    fn has_cpu(&self, port: &str) -> bool {
        let cpu = self.state.circuit_ports.get(port).and_then(|circuit| circuit.cpu.as_deref());
        let far = cpu.and_then(|cpu| self.ports.get(cpu));
        far.is_some_and(|far| far.kind == PortKind::Cpu)
    }
}

/// The addresses of the customer edge on a link.
fn peers(circuit: &CircuitPort) -> impl Iterator<Item = IpAddr> {
    let ipv6 = circuit.ipv6.map(|link| link.peer.into());
    std::iter::once(circuit.peer.into()).chain(ipv6)
}

/// An adjacency out of a port, to no station in particular.
fn out_of(port: &BoundPort) -> image::Adjacency {
    let (tags, tag_length) = tag_bytes(port.tags);
    let mut header = [0; image::MACS + image::TAGS];
    for (place, octet) in header.iter_mut().zip([0; 6].into_iter().chain(port.mac.0).chain(tags)) {
        *place = octet;
    }
    image::Adjacency {
        port: port.slot as u16,
        mtu: port.ip_mtu(),
        header,
        tag_length,
        ..image::Adjacency::default()
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
