//! A packet to try on the real tables: which port it comes in by, and its bytes.

use std::net::IpAddr;

use desired::{MacAddress, MseeState};
use packet::probe::{InjectRequest, SOME_STATION};

use crate::{
    fastpath::{BoundPort, Compiled, PortKind},
    vxlan::{self, Ends},
};

/// A packet cannot be injected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// The named port does not exist.
    #[error("{port} is no circuit or fabric port of this MSEE; its ports are: {ports}")]
    UnknownPort {
        /// The name given.
        port: String,
        /// What there is.
        ports: String,
    },
    /// There are no ports at all.
    #[error("this MSEE has no ports yet: no desired state has been applied")]
    NoPorts,
    /// The source is in no VNet and there is no circuit.
    #[error(
        "no port takes packets from {source_address}: no VNet has it and there is no circuit port; name a port"
    )]
    UnknownSource {
        /// The source address.
        source_address: IpAddr,
    },
}

/// The port the packet comes in by: the named one, else a fabric port with a VNet that has the
/// source, else the circuit port whose customer edge has a route to it, else any circuit port.
pub(super) fn choose_port<'a>(
    request: &InjectRequest,
    compiled: &'a Compiled,
) -> Result<&'a BoundPort, PortError> {
    // What comes in by an underlay is in a tunnel, and so from the port of its network.
    let is_end = |port: &&BoundPort| !matches!(port.kind, PortKind::Cpu | PortKind::Underlay);
    let ports = || compiled.bound_ports().iter().filter(is_end);
    let has_source = |port: &&BoundPort| compiled.source_vnet(port.slot, request.source).is_some();
    if let Some(name) = &request.port {
        let is_tunnelled = |port: &&BoundPort| {
            matches!(port.kind, PortKind::Vxlan { .. }) && port.interface == *name
        };
        if let Some(port) = ports().filter(is_tunnelled).find(has_source) {
            return Ok(port);
        }
        return ports().find(|port| port.name == *name).ok_or_else(|| {
            let names: Vec<_> = ports().map(|port| port.name.as_str()).collect();
            PortError::UnknownPort { port: name.clone(), ports: names.join(", ") }
        });
    }
    if ports().next().is_none() {
        return Err(PortError::NoPorts);
    }
    let circuits = || ports().filter(|port| port.kind == PortKind::Circuit);
    let is_routed_back = |port: &&BoundPort| {
        let roots = compiled.port(port.slot).map(Compiled::port_roots);
        let index = roots.and_then(|roots| compiled.lookup(roots, request.source));
        let adjacency = index.and_then(|index| compiled.adjacency(index));
        adjacency.is_some_and(|adjacency| u32::from(adjacency.port) == port.slot)
    };
    ports()
        .find(has_source)
        .or_else(|| circuits().find(is_routed_back))
        .or_else(|| circuits().next())
        .ok_or(PortError::UnknownSource { source_address: request.source })
}

/// The frame, as the neighbour on `port` would send it.
pub(super) fn frame(
    request: &InjectRequest,
    port: &BoundPort,
    compiled: &Compiled,
    state: &MseeState,
) -> Vec<u8> {
    let neighbour = state.circuit_ports.get(&port.name).and_then(|port| port.peer_mac);
    let image = compiled.port(port.slot);
    let tags = image.and_then(|image| image.tags.get(..image.tag_length.into()));
    let from = neighbour.map_or(SOME_STATION, |mac| mac.0);
    request.frame(port.mac.0, from, tags.unwrap_or_default())
}

/// The frame as it arrives: what is from a port in VXLAN comes from some host of the fabric.
pub(super) fn arriving(
    frame: &[u8],
    port: &BoundPort,
    compiled: &Compiled,
    state: &MseeState,
) -> Vec<u8> {
    let PortKind::Vxlan { vni } = port.kind else { return frame.to_vec() };
    let underlay = state.fabric_ports.get(&port.interface).and_then(|it| it.vxlan.as_ref());
    let host = underlay.and_then(|underlay| underlay.hosts.values().next());
    let (Some(host), Some(ours)) = (host, compiled.underlay(port.key())) else {
        return frame.to_vec();
    };
    let towards_us = Ends {
        mac: host.mac.unwrap_or(MacAddress(SOME_STATION)),
        endpoint: host.address,
        host_mac: port.mac,
        host: ours.address_ipv4.into(),
    };
    let mut bytes = Vec::new();
    vxlan::open(&towards_us.tunnel(vni), &mut bytes);
    bytes.extend_from_slice(frame);
    vxlan::close(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests;
