//! A packet to try on the real tables: which port it comes in by, and its bytes.

use std::net::IpAddr;

use desired::MseeState;
use serde::Deserialize;

use crate::{
    checksum,
    fastpath::{BoundPort, Compiled, PortKind},
    icmp, icmpv6,
    packet::{
        ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ipv4Header, Ipv6Header, PROTOCOL_ICMP, PROTOCOL_ICMPV6,
        PROTOCOL_TCP, PROTOCOL_UDP,
    },
};

/// Payload of an injected packet in bytes, the usual `ping`'s.
const PAYLOAD: usize = 56;
/// Length of the longest frame: two tags, IPv6, UDP.
const LONGEST: usize = 22 + 40 + 8 + PAYLOAD;
/// Source MAC address where no neighbour is known by address: locally administered, never learned.
const SOME_STATION: [u8; 6] = [0x02, 0, 0, 0, 0, 0xfe];

/// The packet to inject.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InjectRequest {
    /// Port it comes in by (`eth1`, `eth1.20.100`); chosen by the source address when absent.
    pub port: Option<String>,
    /// Source address.
    pub source: IpAddr,
    /// Destination address, of the same IP version.
    pub destination: IpAddr,
    /// What it carries.
    #[serde(default)]
    pub protocol: Protocol,
    /// Time to live or hop limit, as it arrives.
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
    /// Addresses of two IP versions.
    #[error("{source_address} and {destination} are not of one IP version")]
    Versions {
        /// The source address.
        source_address: IpAddr,
        /// The destination address.
        destination: IpAddr,
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

impl InjectRequest {
    /// The port the packet comes in by: the named one, else a fabric port with a VNet that has the
    /// source, else the circuit port whose customer edge has a route to it, else any circuit port.
    pub fn choose_port<'a>(&self, compiled: &'a Compiled) -> Result<&'a BoundPort, PortError> {
        if self.source.is_ipv4() != self.destination.is_ipv4() {
            let (source_address, destination) = (self.source, self.destination);
            return Err(PortError::Versions { source_address, destination });
        }
        let ports = || compiled.bound_ports().iter().filter(|port| port.kind != PortKind::Cpu);
        if let Some(name) = &self.port {
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
            let index = roots.and_then(|roots| compiled.lookup(roots, self.source));
            let adjacency = index.and_then(|index| compiled.adjacency(index));
            adjacency.is_some_and(|adjacency| u32::from(adjacency.port) == port.slot)
        };
        ports()
            .find(|port| compiled.source_vnet(port.slot, self.source).is_some())
            .or_else(|| circuits().find(is_routed_back))
            .or_else(|| circuits().next())
            .ok_or(PortError::UnknownSource { source_address: self.source })
    }

    /// The frame, as the neighbour on `port` would send it.
    pub fn frame(&self, port: &BoundPort, compiled: &Compiled, state: &MseeState) -> Vec<u8> {
        let neighbour = state.circuit_ports.get(&port.name).and_then(|port| port.peer_mac);
        let mut frame = Vec::with_capacity(LONGEST);
        frame.extend_from_slice(&port.mac.0);
        frame.extend_from_slice(&neighbour.map_or(SOME_STATION, |mac| mac.0));
        if let Some(image) = compiled.port(port.slot) {
            frame.extend(image.tags.iter().take(image.tag_length.into()));
        }
        let protocol = self.protocol_number();
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let sum = |bytes: &[u8]| {
                    if self.protocol == Protocol::Icmp {
                        return checksum::internet(bytes);
                    }
                    let (source, destination) = (source.octets(), destination.octets());
                    checksum::transport(source, destination, protocol, bytes)
                };
                let payload = self.payload(sum);
                let header = Ipv4Header {
                    type_of_service: 0,
                    identification: 0,
                    dont_fragment: true,
                    ttl: self.ttl,
                    protocol,
                    source,
                    destination,
                };
                frame.extend_from_slice(&ETHERTYPE_IPV4.to_be_bytes());
                frame.extend_from_slice(&header.encode(payload.len()));
                frame.extend_from_slice(&payload);
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let payload = self.payload(|bytes| {
                    checksum::transport_ipv6(source, destination, protocol, bytes)
                });
                let (traffic_class, next_header, hop_limit) = (0, protocol, self.ttl);
                let header =
                    Ipv6Header { traffic_class, next_header, hop_limit, source, destination };
                frame.extend_from_slice(&ETHERTYPE_IPV6.to_be_bytes());
                header.write(payload.len(), &mut frame);
                frame.extend_from_slice(&payload);
            }
            // `choose_port` has refused it.
            _ => {}
        }
        frame
    }

    fn protocol_number(&self) -> u8 {
        match self.protocol {
            Protocol::Icmp if self.source.is_ipv6() => PROTOCOL_ICMPV6,
            Protocol::Icmp => PROTOCOL_ICMP,
            Protocol::Udp => PROTOCOL_UDP,
            Protocol::Tcp => PROTOCOL_TCP,
        }
    }

    /// Transport header and data; `sum` computes the checksum over them.
    fn payload(&self, sum: impl FnOnce(&[u8]) -> u16) -> Vec<u8> {
        let echo = if self.source.is_ipv6() { icmpv6::ECHO_REQUEST } else { icmp::ECHO_REQUEST };
        let (header, place): (&[u8], usize) = match self.protocol {
            Protocol::Icmp => (&[echo, 0, 0, 0, 0x45, 0x52, 0, 1], 2),
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
        let sum = sum(&bytes);
        if let Some(field) = bytes.get_mut(place..place + 2) {
            field.copy_from_slice(&sum.to_be_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests;
