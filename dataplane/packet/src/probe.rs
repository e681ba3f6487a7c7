//! A packet that somebody asks a dataplane to judge, and the dataplane's answer: the bodies of
//! `POST /inject`, the same for each kind of dataplane.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::{
    ETHERNET_HEADER, ETHERTYPE_IPV4, IPV4_HEADER, Ipv4Header, PROTOCOL_ICMP, PROTOCOL_TCP,
    PROTOCOL_UDP, checksum,
};

/// Payload of an injected packet in bytes, the usual `ping`'s.
const PAYLOAD: usize = 56;
/// Type of an echo request (RFC 792).
const ECHO_REQUEST: u8 = 8;

/// Source MAC address where no neighbour is known by address: locally administered, never learned.
pub const SOME_STATION: [u8; 6] = [0x02, 0, 0, 0, 0, 0xfe];

/// The packet to inject.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InjectRequest {
    /// Interface it comes in by; chosen by the dataplane when absent.
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
    /// The frame, from station `from` to station `to`.
    pub fn frame(&self, to: [u8; 6], from: [u8; 6]) -> Vec<u8> {
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
        let mut frame = Vec::with_capacity(ETHERNET_HEADER + IPV4_HEADER + payload.len());
        frame.extend_from_slice(&to);
        frame.extend_from_slice(&from);
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
