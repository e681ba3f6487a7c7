//! A packet that somebody asks a dataplane to judge, and the dataplane's answer: the bodies of
//! `POST /inject`, the same for each kind of dataplane.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{
    ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ipv4Header, Ipv6Header, PROTOCOL_ICMP, PROTOCOL_ICMPV6,
    PROTOCOL_TCP, PROTOCOL_UDP, checksum,
};

/// Payload of an injected packet in bytes, the usual `ping`'s.
const PAYLOAD: usize = 56;
/// Length of the longest frame: two tags, IPv6, UDP.
const LONGEST: usize = 22 + 40 + 8 + PAYLOAD;
/// Type of an echo request (RFC 792).
const ECHO_REQUEST: u8 = 8;
/// The same of ICMPv6 (RFC 4443 4.1).
const ECHO_REQUEST_IPV6: u8 = 128;

/// Source MAC address where no neighbour is known by address: locally administered, never learned.
pub const SOME_STATION: [u8; 6] = [0x02, 0, 0, 0, 0, 0xfe];

/// The packet to inject.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct InjectRequest {
    /// Port it comes in by (`eth1`, `eth1.20.100`); chosen by the dataplane when absent.
    pub port: Option<String>,
    /// Source address.
    pub source: IpAddr,
    /// Destination address, of the same IP version.
    pub destination: IpAddr,
    /// What it carries.
    pub protocol: Protocol,
    /// Time to live or hop limit, as it arrives.
    pub ttl: u8,
}

/// The request as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    port: Option<String>,
    source: IpAddr,
    destination: IpAddr,
    #[serde(default)]
    protocol: Protocol,
    #[serde(default = "default_ttl")]
    ttl: u8,
}

impl TryFrom<Unchecked> for InjectRequest {
    type Error = String;

    fn try_from(request: Unchecked) -> Result<Self, String> {
        let Unchecked { port, source, destination, protocol, ttl } = request;
        if source.is_ipv4() != destination.is_ipv4() {
            return Err(format!("{source} and {destination} are not of one IP version"));
        }
        Ok(Self { port, source, destination, protocol, ttl })
    }
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

/// What became of an injected packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Each stage it passed, first to last.
    pub steps: Vec<ExplainedStep>,
    /// Name of the verdict it ended with.
    pub verdict: &'static str,
    /// That verdict's sentence.
    pub text: &'static str,
    /// Interface it left by, when it was forwarded.
    pub leaves_by: Option<String>,
    /// Generation of the state that judged it.
    pub generation: u64,
}

/// One stage of the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedStep {
    /// Name of the stage.
    pub stage: &'static str,
    /// Name of the verdict, when the packet's way through the program ended here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<&'static str>,
    /// What the stage found.
    pub text: String,
}

impl InjectRequest {
    /// The frame, from station `from` to station `to`, with these tags between its MAC addresses and
    /// its EtherType.
    pub fn frame(&self, to: [u8; 6], from: [u8; 6], tags: &[u8]) -> Vec<u8> {
        let mut frame = Vec::with_capacity(LONGEST);
        frame.extend_from_slice(&to);
        frame.extend_from_slice(&from);
        frame.extend_from_slice(tags);
        let protocol = self.protocol_number();
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let payload = self.payload(|bytes| {
                    if self.protocol == Protocol::Icmp {
                        return checksum::internet(bytes);
                    }
                    let (source, destination) = (source.octets(), destination.octets());
                    checksum::transport(source, destination, protocol, bytes)
                });
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
            // A request of two versions is refused where it is read.
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
        let echo = if self.source.is_ipv6() { ECHO_REQUEST_IPV6 } else { ECHO_REQUEST };
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
