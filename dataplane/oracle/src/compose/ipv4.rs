//! IPv4 packets.

use std::net::Ipv4Addr;

use crate::{checksum, compose::with_number};

/// The fields of an IPv4 packet; lengths and checksum follow from them.
#[derive(Clone, Debug)]
pub(crate) struct Ipv4 {
    pub(crate) service: u8,
    pub(crate) identification: u16,
    /// Three flags and the offset.
    pub(crate) fragmentation: u16,
    pub(crate) ttl: u8,
    pub(crate) protocol: u8,
    pub(crate) source: Ipv4Addr,
    pub(crate) destination: Ipv4Addr,
    /// Whole words of them, at most ten.
    pub(crate) options: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

impl Ipv4 {
    pub(crate) const RESERVED: u16 = 0x8000;
    pub(crate) const DONT_FRAGMENT: u16 = 0x4000;
    pub(crate) const MORE_FRAGMENTS: u16 = 0x2000;

    /// A UDP packet of 84 bytes.
    pub(crate) fn udp(source: Ipv4Addr, destination: Ipv4Addr) -> Self {
        Self {
            service: 0,
            identification: 0x1234,
            fragmentation: 0,
            ttl: 64,
            protocol: 17,
            source,
            destination,
            options: Vec::new(),
            payload: super::udp(64),
        }
    }

    /// The same packet with the payload it takes to be this long.
    pub(crate) fn of_length(self, length: usize) -> Self {
        let payload = super::udp(length.saturating_sub(20 + self.options.len()));
        Self { payload, ..self }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let header_length = 20 + self.options.len();
        let total_length = (header_length + self.payload.len()) as u16;
        let mut bytes = vec![0x40 | (header_length / 4) as u8, self.service];
        bytes.extend(total_length.to_be_bytes());
        bytes.extend(self.identification.to_be_bytes());
        bytes.extend(self.fragmentation.to_be_bytes());
        bytes.extend([self.ttl, self.protocol, 0, 0]);
        bytes.extend(self.source.octets());
        bytes.extend(self.destination.octets());
        bytes.extend(&self.options);
        bytes.extend(&self.payload);
        summed(bytes)
    }
}

/// A packet with the checksum its header needs, as far as it has one of the length it says.
pub(crate) fn summed(packet: Vec<u8>) -> Vec<u8> {
    let length = packet.first().map_or(0, |first| usize::from(first & 0x0f) * 4).min(packet.len());
    let packet = with_number(packet, 10, 0);
    let sum = checksum::of(packet.get(..length).unwrap_or_default());
    with_number(packet, 10, sum)
}
