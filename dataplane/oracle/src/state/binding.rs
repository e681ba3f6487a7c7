//! From names to interfaces and tables.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use abi::verdict::Verdict;
use desired::{Adjacency, CircuitPort, FabricPort, MseeState, Tags, Vrf};

use super::{Egress, Ingress, Layout, NextHop, Side, StateError, View};
use crate::{
    port::{Port, PortKind},
    prefixes::Prefixes,
};

impl Layout {
    pub(crate) fn new(state: &MseeState, ports: &[Port]) -> Result<Self, StateError> {
        let binding = Binding { state, ports };
        let mut layout = Self { ingresses: BTreeMap::new(), tables: BTreeMap::new() };
        for (name, circuit_port) in &state.circuit_ports {
            binding.add_circuit_port(&mut layout, name, circuit_port)?;
        }
        for (name, fabric_port) in &state.fabric_ports {
            binding.add_fabric_port(&mut layout, name, fabric_port)?;
        }
        for (name, vrf) in &state.vrfs {
            layout.tables.insert(name.clone(), binding.table(name, vrf)?);
        }
        Ok(layout)
    }

    fn add(&mut self, at: &Egress, ingress: Ingress) -> Result<(), StateError> {
        match self.ingresses.insert((at.ifindex, at.tags.into()), ingress) {
            None => Ok(()),
            Some(_) => Err(StateError::SameTags { name: at.port.clone() }),
        }
    }
}

struct Binding<'s> {
    state: &'s MseeState,
    ports: &'s [Port],
}

impl Binding<'_> {
    fn add_circuit_port(
        &self,
        layout: &mut Layout,
        name: &str,
        port: &CircuitPort,
    ) -> Result<(), StateError> {
        let wire = self.bound(name, PortKind::Circuit, port.tags)?;
        let cpu = match &port.cpu {
            Some(interface) => Some(self.bound(interface, PortKind::Cpu, Tags::Untagged)?),
            None => None,
        };
        if let Some(cpu) = &cpu {
            layout.add(cpu, Ingress::Cpu(wire.clone()))?;
        }
        let view =
            self.view(port.address.ip(), port.ipv6.map(|link| link.address.ip()), &port.vrf)?;
        let side = Side::Circuit {
            link: name.to_owned(),
            cpu,
            view,
            validates_source: port.validate_source,
            is_policed: port.bandwidth.is_some(),
        };
        layout.add(&wire, Ingress::Wire { mac: wire.mac, side })
    }

    fn add_fabric_port(
        &self,
        layout: &mut Layout,
        name: &str,
        port: &FabricPort,
    ) -> Result<(), StateError> {
        let wire = self.bound(name, PortKind::Fabric, Tags::Untagged)?;
        let mut views = Prefixes::new();
        for vnet in port.vnets.values() {
            let view = self.view(vnet.address, vnet.address_ipv6, &vnet.vrf)?;
            for prefix in &vnet.prefixes {
                if !views.insert(*prefix, view.clone()) {
                    return Err(StateError::SamePrefix { prefix: *prefix, place: name.to_owned() });
                }
            }
        }
        layout.add(&wire, Ingress::Wire { mac: wire.mac, side: Side::Fabric(views) })
    }

    fn view(
        &self,
        address: Ipv4Addr,
        address_ipv6: Option<Ipv6Addr>,
        vrf: &str,
    ) -> Result<View, StateError> {
        if !self.state.vrfs.contains_key(vrf) {
            return Err(StateError::NoVrf { name: vrf.to_owned() });
        }
        Ok(View { address, address_ipv6, vrf: vrf.to_owned() })
    }

    fn table(&self, name: &str, vrf: &Vrf) -> Result<Prefixes<NextHop>, StateError> {
        let mut table = Prefixes::new();
        for (prefix, route) in &vrf.routes {
            if !table.insert(*prefix, self.next_hop(&route.adjacency)?) {
                return Err(StateError::SamePrefix { prefix: *prefix, place: name.to_owned() });
            }
        }
        Ok(table)
    }

    fn next_hop(&self, adjacency: &Adjacency) -> Result<NextHop, StateError> {
        match adjacency {
            Adjacency::Ce { port: name } => {
                let port = self.state.circuit_ports.get(name).ok_or_else(|| {
                    StateError::NoPort { name: name.clone(), kind: PortKind::Circuit }
                })?;
                Ok(NextHop {
                    verdict: Verdict::ForwardedCe,
                    egress: self.bound(name, PortKind::Circuit, port.tags)?,
                    policed: port.bandwidth.map(|_| name.clone()),
                    stations: vec![port.peer_mac],
                })
            }
            Adjacency::Direct { port, mac, address: _, vm: _, connection: _ } => Ok(NextHop {
                verdict: Verdict::ForwardedDirect,
                egress: self.bound(port, PortKind::Fabric, Tags::Untagged)?,
                policed: None,
                stations: vec![*mac],
            }),
            Adjacency::Gateway { port, gateway, connection: _, instances } => {
                if instances.is_empty() {
                    return Err(StateError::NoInstance { gateway: gateway.clone() });
                }
                Ok(NextHop {
                    verdict: Verdict::ForwardedGateway,
                    egress: self.bound(port, PortKind::Fabric, Tags::Untagged)?,
                    policed: None,
                    stations: instances.iter().map(|instance| instance.mac).collect(),
                })
            }
        }
    }

    fn bound(&self, name: &str, kind: PortKind, tags: Tags) -> Result<Egress, StateError> {
        let port = self
            .ports
            .iter()
            .find(|port| port.kind == kind && port.name == name)
            .ok_or_else(|| StateError::NoPort { name: name.to_owned(), kind })?;
        let Port { name, ifindex, mac, mtu, kind: _ } = port.clone();
        Ok(Egress { port: name, ifindex, mac, mtu, tags })
    }
}
