//! From the desired state to an image. Pure: equal input gives an equal image.

use std::collections::BTreeMap;

use abi::{
    image::{self, PORT_CIRCUIT, PORT_CPU, PORT_FABRIC, PortKey, PortSlot, UNTAGGED},
    limits,
};
use desired::{FabricPort, MseeState, VrfName};
use ipnetwork::Ipv4Network;

use super::{
    adjacencies::Adjacencies,
    compiled::{Compiled, CompiledVnet, Table},
    prefixes::NodesExhausted,
};
use crate::fastpath::{BoundPort, PortKind, ports};

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
        prefix: Ipv4Network,
        /// One VNet.
        first: String,
        /// The other VNet.
        second: String,
    },
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
    /// More prefix nodes than an image holds.
    #[error(transparent)]
    Nodes(#[from] NodesExhausted),
}

impl Compiled {
    /// Compiles `state` over the ports it is bound to.
    pub fn new(
        state: &MseeState,
        bound: &[BoundPort],
        generation: u64,
    ) -> Result<Self, CompileError> {
        let mut compiled = Self { generation, bound: bound.to_vec(), ..Self::default() };
        let mut adjacencies = Adjacencies::new(state, bound);
        for (name, vrf) in &state.vrfs {
            let mut entries = Vec::with_capacity(vrf.routes.len());
            for (prefix, route) in &vrf.routes {
                entries.push((*prefix, adjacencies.index(name, &route.adjacency)?));
            }
            let root = compiled.prefixes.add_table(entries)?;
            compiled.vrfs.insert(name.clone(), Table { root, routes: vrf.routes.clone() });
        }
        compiled.adjacencies = adjacencies.entries;
        compiled.adjacency_names = adjacencies.names;
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

    /// Enters a port in the first free place of its probe sequence.
    fn enter(&mut self, port: &BoundPort) -> Result<(), CompileError> {
        let key = PortKey { ifindex: port.ifindex, outer: UNTAGGED, inner: UNTAGGED };
        for probe in 0..limits::PORT_PROBES {
            let bucket = key.bucket().wrapping_add(probe) % limits::PORT_BUCKETS;
            let place = self.port_slots.get_mut(bucket as usize);
            if let Some(place) = place.filter(|place| place.slot == 0) {
                *place = PortSlot { key, slot: port.slot, reserved: 0 };
                return Ok(());
            }
        }
        Err(CompileError::PortTable { port: port.interface.clone() })
    }

    fn port_entry(
        &mut self,
        state: &MseeState,
        port: &BoundPort,
    ) -> Result<image::Port, CompileError> {
        let mut entry = image::Port { mac: port.mac.0, ..image::Port::default() };
        let slot_of = |name: &str| {
            self.bound.iter().find(|port| port.interface == name).map_or(0, |port| port.slot)
        };
        match port.kind {
            PortKind::Circuit => {
                entry.kind = PORT_CIRCUIT;
                entry.peer = ports::cpu_of(&port.interface).map_or(0, |cpu| slot_of(&cpu));
                if let Some(circuit) = state.circuit_ports.get(&port.interface) {
                    entry.root = self.root(&port.interface, &circuit.vrf)?;
                    entry.address = circuit.address.ip().octets();
                }
            }
            PortKind::Fabric => {
                entry.kind = PORT_FABRIC;
                if let Some(fabric) = state.fabric_ports.get(&port.interface) {
                    entry.root = self.sources(port, fabric)?;
                }
            }
            PortKind::Cpu => {
                entry.kind = PORT_CPU;
                let circuit = state.circuit_ports.keys();
                let mut circuit =
                    circuit.filter(|name| ports::cpu_of(name).as_deref() == Some(&port.interface));
                entry.peer = circuit.next().map_or(0, |name| slot_of(name));
            }
        }
        Ok(entry)
    }

    /// The table from source address to VNet of one fabric port.
    fn sources(&mut self, port: &BoundPort, fabric: &FabricPort) -> Result<u32, CompileError> {
        let mut sources: BTreeMap<Ipv4Network, (u32, &str)> = BTreeMap::new();
        for (name, vnet) in &fabric.vnets {
            let root = self.root(name, &vnet.vrf)?;
            let index = self.vnets.len() as u32;
            if index >= limits::VNETS {
                return Err(CompileError::TooManyVnets);
            }
            self.vnets.push(image::Vnet { root, address: vnet.address.octets() });
            self.vnet_names.push(CompiledVnet {
                name: name.clone(),
                port: port.slot,
                vrf: vnet.vrf.clone(),
                root,
                address: vnet.address,
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
        Ok(self.prefixes.add_table(entries)?)
    }

    fn root(&self, user: &str, vrf: &str) -> Result<u32, CompileError> {
        self.vrf_root(vrf)
            .ok_or_else(|| CompileError::UnknownVrf { user: user.to_owned(), vrf: vrf.to_owned() })
    }
}

#[cfg(test)]
mod tests;
