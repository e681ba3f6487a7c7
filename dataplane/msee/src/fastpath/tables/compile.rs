//! From the desired state to an image. Pure: equal input gives an equal image.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use abi::{
    image::{self, PORT_CIRCUIT, PORT_CPU, PORT_FABRIC, PORT_UNDERLAY, PortSlot},
    limits,
};
use desired::{FabricPort, MseeState, VrfName};
use ipnetwork::{IpNetwork, Ipv4Network};

use super::{
    adjacencies::{Adjacencies, tag_bytes},
    compiled::{Compiled, CompiledVnet, Roots, Table},
    prefixes::NodesExhausted,
};
use crate::fastpath::{BoundPort, Neighbours, PortKind};

/// Why a desired state has no image. What was in force stays in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// A port, VNet or route names a VRF that the state does not have.
    #[error("{user} uses the VRF `{vrf}`, which the desired state does not have")]
    UnknownVrf {
        /// What names it.
        user: String,
        /// The name.
        vrf: VrfName,
    },
    /// A route leaves by a port that the state does not have.
    #[error("a route of VRF `{vrf}` leaves by `{port}`, which is no {kind} of the desired state")]
    UnknownPort {
        /// VRF of the route.
        vrf: VrfName,
        /// Interface name.
        port: String,
        /// `circuit port` or `fabric port`.
        kind: &'static str,
    },
    /// A route to a gateway without an instance in service.
    #[error("a route of VRF `{vrf}` leads to gateway `{gateway}`, which has no instance")]
    NoInstance {
        /// VRF of the route.
        vrf: VrfName,
        /// Name of the gateway.
        gateway: String,
    },
    /// Two VNets of one fabric claim the same source addresses.
    #[error("VNets `{first}` and `{second}` on `{port}` both have the prefix {prefix}")]
    SharedPrefix {
        /// Interface name of the fabric port.
        port: String,
        /// The prefix.
        prefix: IpNetwork,
        /// One VNet.
        first: String,
        /// The other VNet.
        second: String,
    },
    /// A next hop behind a tunnel on a fabric without an underlay, or without one on a fabric with.
    #[error(
        "a next hop of VRF `{vrf}` on `{port}` must have a tunnel exactly when the fabric port has \
         an underlay (`vxlan`)"
    )]
    Tunnel {
        /// VRF of the route.
        vrf: VrfName,
        /// Interface name of the fabric port.
        port: String,
    },
    /// A next hop behind a host that the underlay does not have.
    #[error(
        "a next hop of VRF `{vrf}` is behind host `{host}`, which the underlay of `{port}` lacks"
    )]
    UnknownHost {
        /// VRF of the route.
        vrf: VrfName,
        /// Interface name of the fabric port.
        port: String,
        /// Name of the host.
        host: String,
    },
    /// A next hop in a network that no VNet of the port has.
    #[error("a next hop of VRF `{vrf}` has the VNI {vni}, which no VNet on `{port}` has")]
    UnknownVni {
        /// VRF of the route.
        vrf: VrfName,
        /// Interface name of the fabric port.
        port: String,
        /// The VNI.
        vni: u32,
    },
    /// A VNet with a VNI on a fabric without an underlay, or without one on a fabric with.
    #[error(
        "VNet `{vnet}` on `{port}` must have a VNI exactly when the fabric port has an underlay \
         (`vxlan`)"
    )]
    VnetVni {
        /// Interface name of the fabric port.
        port: String,
        /// Name of the VNet.
        vnet: String,
    },
    /// A host that the MSEE has no way to.
    #[error("host `{host}` of `{port}` has the address {address}, which is not in {underlay}")]
    HostOffLink {
        /// Interface name of the fabric port.
        port: String,
        /// Name of the host.
        host: String,
        /// Its address.
        address: Ipv4Addr,
        /// The underlay's prefix.
        underlay: Ipv4Network,
    },
    /// Two hosts of one address, or one with the MSEE's.
    #[error("hosts `{first}` and `{second}` of `{port}` have one address")]
    SharedHost {
        /// Interface name of the fabric port.
        port: String,
        /// One host, or the MSEE.
        first: String,
        /// The other.
        second: String,
    },
    /// More tunnels than an image holds.
    #[error("the desired state has more than {} tunnels (hosts by VNIs)", limits::TUNNELS - 1)]
    TooManyTunnels,
    /// The search for a port would take too long.
    #[error("`{port}` and other ports fall on the same places of the port table: recreate it")]
    PortTable {
        /// Interface name.
        port: String,
    },
    /// More VNets than an image holds.
    #[error("the desired state has more than {} VNets", limits::VNETS - 1)]
    TooManyVnets,
    /// More adjacencies than an image holds.
    #[error("the desired state has more than {} next hops", limits::ADJACENCIES - 1)]
    TooManyAdjacencies,
    /// More groups than an image holds.
    #[error("the desired state has more than {} gateways with two instances", limits::GROUPS)]
    TooManyGroups,
    /// More prefix nodes than an image holds.
    #[error(transparent)]
    Nodes(#[from] NodesExhausted),
}

impl Compiled {
    /// Compiles `state` over the ports it is bound to, with what was learned of the neighbours whose
    /// MAC addresses it leaves out.
    pub fn new(
        state: &MseeState,
        bound: &[BoundPort],
        learned: &Neighbours,
        generation: u64,
    ) -> Result<Self, CompileError> {
        let mut compiled = Self {
            generation,
            bound: bound.to_vec(),
            by_slot: bound.iter().enumerate().map(|(place, port)| (port.slot, place)).collect(),
            by_key: bound.iter().map(|port| (port.key(), port.slot)).collect(),
            ..Self::default()
        };
        let mut adjacencies = Adjacencies::new(state, bound);
        for (name, vrf) in &state.vrfs {
            let mut entries = Vec::with_capacity(vrf.routes.len());
            for (prefix, route) in &vrf.routes {
                let index = adjacencies.index(name, &route.adjacency, prefix.is_ipv6())?;
                entries.push((*prefix, index));
            }
            let roots = compiled.add_tables(entries)?;
            compiled.vrfs.insert(name.clone(), Table { roots, routes: vrf.routes.clone() });
        }
        adjacencies.resolve(learned);
        compiled.adjacencies = adjacencies.entries;
        compiled.next_hops = adjacencies.next_hops;
        compiled.adjacency_names = adjacencies.names;
        compiled.groups = adjacencies.groups;
        compiled.tunnels = adjacencies.tunnels;
        compiled.ports = vec![image::Port::default(); limits::PORTS as usize];
        compiled.port_slots = vec![PortSlot::default(); limits::PORT_BUCKETS as usize];
        // Index 0 is no VNet.
        compiled.vnets.push(image::Vnet::default());
        for port in bound {
            let entry = compiled.port_entry(state, port)?;
            if let Some(place) = compiled.ports.get_mut(port.slot as usize) {
                *place = entry;
            }
            compiled.enter(port)?;
        }
        Ok(compiled)
    }

    /// Adds a table for each IP version.
    fn add_tables(&mut self, entries: Vec<(IpNetwork, u32)>) -> Result<Roots, NodesExhausted> {
        let (ipv4, ipv6): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|(prefix, _)| prefix.is_ipv4());
        Ok(Roots { ipv4: self.prefixes.add_table(ipv4)?, ipv6: self.prefixes.add_table(ipv6)? })
    }

    /// Enters a port in the first free place of its probe sequence.
    fn enter(&mut self, port: &BoundPort) -> Result<(), CompileError> {
        let key = port.key();
        for probe in 0..limits::PORT_PROBES {
            let bucket = key.bucket().wrapping_add(probe) % limits::PORT_BUCKETS;
            let place = self.port_slots.get_mut(bucket as usize);
            if let Some(place) = place.filter(|place| place.slot == 0) {
                *place = PortSlot { key, slot: port.slot, reserved: 0 };
                return Ok(());
            }
        }
        Err(CompileError::PortTable { port: port.name.clone() })
    }

    fn port_entry(
        &mut self,
        state: &MseeState,
        port: &BoundPort,
    ) -> Result<image::Port, CompileError> {
        let mut entry = image::Port { mac: port.mac.0, ..image::Port::default() };
        (entry.tags, entry.tag_length) = tag_bytes(port.tags);
        match port.kind {
            PortKind::Circuit => {
                entry.kind = PORT_CIRCUIT;
                if let Some(circuit) = state.circuit_ports.get(&port.name) {
                    entry.peer = circuit.cpu.as_deref().map_or(0, |cpu| self.slot_of(cpu));
                    let roots = self.roots(&port.name, &circuit.vrf)?;
                    (entry.root_ipv4, entry.root_ipv6) = (roots.ipv4, roots.ipv6);
                    entry.address_ipv4 = circuit.address.ip().octets();
                    (entry.byte_cost, entry.burst) = circuit.bandwidth.map_or((0, 0), police);
                    if circuit.validate_source {
                        entry.flags |= image::PORT_VALIDATE_SOURCE;
                    }
                    let ipv6 = circuit.ipv6.map(|link| link.address.ip().octets());
                    entry.address_ipv6 = ipv6.unwrap_or_default();
                }
            }
            PortKind::Fabric => {
                entry.kind = PORT_FABRIC;
                if let Some(fabric) = state.fabric_ports.get(&port.name) {
                    let roots = self.sources(port, fabric, None)?;
                    (entry.root_ipv4, entry.root_ipv6) = (roots.ipv4, roots.ipv6);
                }
            }
            PortKind::Vxlan { vni } => {
                entry.kind = PORT_FABRIC;
                if let Some(fabric) = state.fabric_ports.get(&port.interface) {
                    let roots = self.sources(port, fabric, Some(vni))?;
                    (entry.root_ipv4, entry.root_ipv6) = (roots.ipv4, roots.ipv6);
                }
            }
            PortKind::Underlay => {
                entry.kind = PORT_UNDERLAY;
                if let Some(fabric) = state.fabric_ports.get(&port.name) {
                    self.underlay_entry(port, fabric, &mut entry)?;
                }
            }
            PortKind::Cpu => {
                entry.kind = PORT_CPU;
                let mut circuits = state.circuit_ports.iter();
                let circuit = circuits.find(|(_, it)| it.cpu.as_ref() == Some(&port.name));
                if let Some((name, circuit)) = circuit {
                    entry.peer = self.slot_of(name);
                    (entry.tags, entry.tag_length) = tag_bytes(circuit.tags);
                }
            }
        }
        Ok(entry)
    }

    /// The endpoint, and the table of hosts.
    fn underlay_entry(
        &mut self,
        port: &BoundPort,
        fabric: &FabricPort,
        entry: &mut image::Port,
    ) -> Result<(), CompileError> {
        let Some(underlay) = &fabric.vxlan else { return Ok(()) };
        // Those with a VNI are on ports of their own.
        check_vnis(port, fabric)?;
        let mut hosts = BTreeMap::from([(underlay.address.ip(), "the MSEE")]);
        for (name, host) in &underlay.hosts {
            let address = host.address;
            if !underlay.address.contains(address) {
                return Err(CompileError::HostOffLink {
                    port: port.interface.clone(),
                    host: name.clone(),
                    address,
                    underlay: underlay.address,
                });
            }
            if let Some(first) = hosts.insert(address, name) {
                return Err(CompileError::SharedHost {
                    port: port.interface.clone(),
                    first: first.to_owned(),
                    second: name.clone(),
                });
            }
        }
        hosts.remove(&underlay.address.ip());
        let places = (1..).zip(hosts.keys());
        let prefixes = places.map(|(place, address)| (IpAddr::from(*address).into(), place));
        entry.root_ipv4 = self.prefixes.add_table(prefixes)?;
        entry.address_ipv4 = underlay.address.ip().octets();
        Ok(())
    }

    fn slot_of(&self, name: &str) -> u32 {
        self.bound.iter().find(|port| port.name == name).map_or(0, |port| port.slot)
    }

    /// The table from source address to VNet of one fabric port, or of one network on an underlay.
    fn sources(
        &mut self,
        port: &BoundPort,
        fabric: &FabricPort,
        vni: Option<u32>,
    ) -> Result<Roots, CompileError> {
        if vni.is_none() {
            check_vnis(port, fabric)?;
        }
        let mut sources: BTreeMap<IpNetwork, (u32, &str)> = BTreeMap::new();
        for (name, vnet) in fabric.vnets.iter().filter(|(_, vnet)| vnet.vni == vni) {
            let roots = self.roots(name, &vnet.vrf)?;
            let index = self.vnets.len() as u32;
            if index >= limits::VNETS {
                return Err(CompileError::TooManyVnets);
            }
            self.vnets.push(image::Vnet {
                root_ipv4: roots.ipv4,
                root_ipv6: roots.ipv6,
                address_ipv4: vnet.address.octets(),
                address_ipv6: vnet.address_ipv6.map(|address| address.octets()).unwrap_or_default(),
                reserved: 0,
            });
            self.vnet_names.push(CompiledVnet {
                name: name.clone(),
                port: port.slot,
                vrf: vnet.vrf.clone(),
                roots,
                address: vnet.address,
                address_ipv6: vnet.address_ipv6,
            });
            for prefix in &vnet.prefixes {
                if let Some((_, first)) = sources.insert(*prefix, (index, name)) {
                    return Err(CompileError::SharedPrefix {
                        port: port.interface.clone(),
                        prefix: *prefix,
                        first: first.to_owned(),
                        second: name.clone(),
                    });
                }
            }
        }
        let entries = sources.into_iter().map(|(prefix, (index, _))| (prefix, index));
        Ok(self.add_tables(entries.collect())?)
    }

    fn roots(&self, user: &str, vrf: &str) -> Result<Roots, CompileError> {
        self.vrf_roots(vrf)
            .ok_or_else(|| CompileError::UnknownVrf { user: user.to_owned(), vrf: vrf.to_owned() })
    }
}

/// A VNet has a VNI exactly when its frames travel in VXLAN.
fn check_vnis(port: &BoundPort, fabric: &FabricPort) -> Result<(), CompileError> {
    let is_tunnelled = fabric.vxlan.is_some();
    match fabric.vnets.iter().find(|(_, vnet)| vnet.vni.is_some() != is_tunnelled) {
        Some((name, _)) => {
            Err(CompileError::VnetVni { port: port.interface.clone(), vnet: name.clone() })
        }
        None => Ok(()),
    }
}

/// How long a burst may last that exceeds a circuit's bandwidth: what a queue of a provider's edge
/// holds, and enough for TCP to reach the rate.
const BURST: u64 = 20_000_000;

/// Shortest burst in bytes: on a slow circuit some frames must fit at once.
const SHORTEST_BURST: u64 = 16 * 1_514;

/// What a byte costs, in 2^-16 ns, and the burst in ns, of so many bits per second. A bandwidth out of
/// the range of 16 kbit/s to 500 Tbit/s is policed as the nearest one in it.
fn police(bits_per_second: u64) -> (u32, u32) {
    let byte = 8 * 1_000_000_000_u128;
    let cost = (byte << 16) / u128::from(bits_per_second.max(1));
    let cost = u32::try_from(cost).unwrap_or(u32::MAX).max(1);
    let shortest = (SHORTEST_BURST * u64::from(cost)) >> 16;
    (cost, u32::try_from(BURST.max(shortest)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
