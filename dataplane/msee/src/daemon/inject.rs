//! A packet to try on the real tables: which port it comes in by, and its bytes.

use std::net::Ipv4Addr;

use desired::MseeState;
use packet::{
    ETHERTYPE_IPV4, IPV4_HEADER, Ipv4Header, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP, checksum,
};
use serde::Deserialize;

use crate::{
    fastpath::{BoundPort, Compiled, PortKind},
    icmp::ECHO_REQUEST,
};

/// Payload of an injected packet in bytes, the usual `ping`'s.
const PAYLOAD: usize = 56;
/// Source MAC address where no neighbour is known by address: locally administered, never learned.
const SOME_STATION: [u8; 6] = [0x02, 0, 0, 0, 0, 0xfe];

/// The packet to inject.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InjectRequest {
    /// Interface it comes in by; chosen by the source address when absent.
    pub port: Option<String>,
    /// Source address.
    pub source: Ipv4Addr,
    /// Destination address.
    pub destination: Ipv4Addr,
    /// What it carries.
    #[serde(default)]
    pub protocol: Protocol,
    /// Time to live, as it arrives.
    #[serde(default = "default_ttl")]
    pub ttl: u8,
}

/// What an injected packet carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// An echo request.
    #[default]
    Icmp,
    /// A datagram to port 33434, traceroute's first.
    Udp,
    /// A SYN to port 443.
    Tcp,
}

const fn default_ttl() -> u8 {
    64
}

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
        source_address: Ipv4Addr,
    },
}

impl InjectRequest {
    /// The port the packet comes in by: the named one, else a fabric port with a VNet that has the
    /// source, else the circuit port whose customer edge has a route to it, else any circuit port.
    pub fn choose_port<'a>(&self, compiled: &'a Compiled) -> Result<&'a BoundPort, PortError> {
        let ports = || compiled.bound_ports().iter().filter(|port| port.kind != PortKind::Cpu);
        if let Some(name) = &self.port {
            return ports().find(|port| port.interface == *name).ok_or_else(|| {
                let names: Vec<_> = ports().map(|port| port.interface.as_str()).collect();
                PortError::UnknownPort { port: name.clone(), ports: names.join(", ") }
            });
        }
        if ports().next().is_none() {
            return Err(PortError::NoPorts);
        }
        let circuits = || ports().filter(|port| port.kind == PortKind::Circuit);
        let is_routed_back = |port: &&BoundPort| {
            let root = compiled.port(port.slot).map(|port| port.root);
            let index = root.and_then(|root| compiled.lookup(root, self.source));
            let adjacency = index.and_then(|index| compiled.adjacency(index));
            adjacency.is_some_and(|adjacency| adjacency.port == port.slot)
        };
        ports()
            .find(|port| compiled.source_vnet(port.slot, self.source).is_some())
            .or_else(|| circuits().find(is_routed_back))
            .or_else(|| circuits().next())
            .ok_or(PortError::UnknownSource { source_address: self.source })
    }

    /// The frame, as the neighbour on `port` would send it.
    pub fn frame(&self, port: &BoundPort, state: &MseeState) -> Vec<u8> {
        let neighbour = state.circuit_ports.get(&port.interface).map(|port| port.peer_mac.0);
        let payload = self.payload();
        let header = Ipv4Header {
            type_of_service: 0,
            identification: 0,
            dont_fragment: true,
            ttl: self.ttl,
            protocol: match self.protocol {
                Protocol::Icmp => PROTOCOL_ICMP,
                Protocol::Udp => PROTOCOL_UDP,
                Protocol::Tcp => PROTOCOL_TCP,
            },
            source: self.source,
            destination: self.destination,
        };
        let mut frame = Vec::with_capacity(14 + IPV4_HEADER + payload.len());
        frame.extend_from_slice(&port.mac.0);
        frame.extend_from_slice(&neighbour.unwrap_or(SOME_STATION));
        frame.extend_from_slice(&ETHERTYPE_IPV4.to_be_bytes());
        frame.extend_from_slice(&header.encode(payload.len()));
        frame.extend_from_slice(&payload);
        frame
    }

    /// Transport header and data, checksum filled in.
    fn payload(&self) -> Vec<u8> {
        let (source, destination) = (self.source.octets(), self.destination.octets());
        let (header, place): (&[u8], usize) = match self.protocol {
            Protocol::Icmp => (&[ECHO_REQUEST, 0, 0, 0, 0x45, 0x52, 0, 1], 2),
            // Ports 49152 and 33434, length 8 + 56.
            Protocol::Udp => (&[0xc0, 0, 0x82, 0x9a, 0, 64, 0, 0], 6),
            // Ports 49152 and 443, sequence number 1, data offset 5 words, SYN, window 65535.
            Protocol::Tcp => {
                (&[0xc0, 0, 1, 0xbb, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0], 16)
            }
        };
        let mut bytes = header.to_vec();
        if self.protocol != Protocol::Tcp {
            bytes.resize(header.len() + PAYLOAD, 0);
        }
        let sum = match self.protocol {
            Protocol::Icmp => checksum::internet(&bytes),
            Protocol::Udp => checksum::transport(source, destination, PROTOCOL_UDP, &bytes),
            Protocol::Tcp => checksum::transport(source, destination, PROTOCOL_TCP, &bytes),
        };
        if let Some(field) = bytes.get_mut(place..place + 2) {
            field.copy_from_slice(&sum.to_be_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests;
