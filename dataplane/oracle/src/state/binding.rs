//! From names to interfaces and tables.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use abi::verdict::Verdict;
use desired::{Adjacency, CircuitPort, FabricPort, FabricVnet, MacAddress, MseeState, Tags, Vrf};

use super::{Egress, Ingress, Layout, NextHop, Side, StateError, Station, Tunnel, Underlay, View};
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
        let Some(underlay) = &port.vxlan else {
            if let Some((vnet, _)) = port.vnets.iter().find(|(_, vnet)| vnet.vni.is_some()) {
                return Err(StateError::Tunnel { port: name.to_owned(), name: vnet.clone() });
            }
            let side = self.fabric(name, port.vnets.values())?;
            return layout.add(&wire, Ingress::Wire { mac: wire.mac, side });
        };
        let mut by_vni: BTreeMap<u32, Vec<&FabricVnet>> = BTreeMap::new();
        for (vnet_name, vnet) in &port.vnets {
            // RFC 7348 5: 24 bits; 0 is no network here.
            let vni = vnet.vni.filter(|vni| (1..1 << 24).contains(vni)).ok_or_else(|| {
                StateError::Tunnel { port: name.to_owned(), name: vnet_name.clone() }
            })?;
            by_vni.entry(vni).or_default().push(vnet);
        }
        let mut networks = BTreeMap::new();
        for (vni, vnets) in by_vni {
            networks.insert(vni, self.fabric(name, vnets.into_iter())?);
        }
        let underlay = Underlay {
            mac: wire.mac,
            endpoint: underlay.address.ip(),
            hosts: underlay.hosts.values().map(|host| host.address).collect(),
            networks,
        };
        layout.add(&wire, Ingress::Underlay(underlay))
    }

    fn fabric<'v>(
        &self,
        name: &str,
        vnets: impl Iterator<Item = &'v FabricVnet>,
    ) -> Result<Side, StateError> {
        let mut views = Prefixes::new();
        for vnet in vnets {
            let view = self.view(vnet.address, vnet.address_ipv6, &vnet.vrf)?;
            for prefix in &vnet.prefixes {
                if !views.insert(*prefix, view.clone()) {
                    return Err(StateError::SamePrefix { prefix: *prefix, place: name.to_owned() });
                }
            }
        }
        Ok(Side::Fabric(views))
    }

    fn station(
        &self,
        port: &str,
        name: &str,
        mac: Option<MacAddress>,
        tunnel: Option<&desired::Tunnel>,
    ) -> Result<Station, StateError> {
        let underlay = self.state.fabric_ports.get(port).and_then(|port| port.vxlan.as_ref());
        let tunnel = match (underlay, tunnel) {
            (None, None) => None,
            (Some(underlay), Some(desired::Tunnel { host, vni })) => {
                let no_host = || StateError::NoHost { port: port.to_owned(), name: host.clone() };
                let host = underlay.hosts.get(host).ok_or_else(no_host)?;
                let endpoint = underlay.address.ip();
                Some(Tunnel { endpoint, host: host.address, mac: host.mac, vni: *vni })
            }
            _ => return Err(StateError::Tunnel { port: port.to_owned(), name: name.to_owned() }),
        };
        Ok(Station { mac, tunnel })
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
                    stations: vec![Station { mac: port.peer_mac, tunnel: None }],
                })
            }
            Adjacency::Direct { port, mac, address: _, vm, connection: _, tunnel } => Ok(NextHop {
                verdict: Verdict::ForwardedDirect,
                egress: self.bound(port, PortKind::Fabric, Tags::Untagged)?,
                policed: None,
                stations: vec![self.station(port, vm, *mac, tunnel.as_ref())?],
            }),
            Adjacency::Gateway { port, gateway, connection: _, instances } => {
                if instances.is_empty() {
                    return Err(StateError::NoInstance { gateway: gateway.clone() });
                }
                let stations = instances
                    .iter()
                    .map(|hop| self.station(port, gateway, hop.mac, hop.tunnel.as_ref()));
                Ok(NextHop {
                    verdict: Verdict::ForwardedGateway,
                    egress: self.bound(port, PortKind::Fabric, Tags::Untagged)?,
                    policed: None,
                    stations: stations.collect::<Result<_, _>>()?,
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
