//! IPv6 packets.

use std::net::Ipv6Addr;

/// The fields of an IPv6 packet; its length follows from them.
#[derive(Clone, Debug)]
pub(crate) struct Ipv6 {
    /// Traffic class and flow label: the low 28 bits.
    pub(crate) flow: u32,
    pub(crate) next_header: u8,
    pub(crate) hop_limit: u8,
    pub(crate) source: Ipv6Addr,
    pub(crate) destination: Ipv6Addr,
    /// Extension headers included.
    pub(crate) payload: Vec<u8>,
}

impl Ipv6 {
    /// A UDP packet of 104 bytes.
    pub(crate) fn udp(source: Ipv6Addr, destination: Ipv6Addr) -> Self {
        Self {
            flow: 0x0003_1415,
            next_header: 17,
            hop_limit: 64,
            source,
            destination,
            payload: super::udp(64),
        }
    }

    /// The same packet with the payload it takes to be this long.
    pub(crate) fn of_length(self, length: usize) -> Self {
        Self { payload: super::udp(length.saturating_sub(40)), ..self }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = (0x6000_0000 | self.flow & 0x0fff_ffff).to_be_bytes().to_vec();
        bytes.extend((self.payload.len() as u16).to_be_bytes());
        bytes.extend([self.next_header, self.hop_limit]);
        bytes.extend(self.source.octets());
        bytes.extend(self.destination.octets());
        bytes.extend(&self.payload);
        bytes
    }
}

/// An options, routing or destination header of whole eight-byte words in front of a payload.
pub(crate) fn extension(next_header: u8, body: &[u8], payload: &[u8]) -> Vec<u8> {
    let words = (body.len() + 2).div_ceil(8).max(1);
    let mut bytes = vec![next_header, (words - 1) as u8];
    bytes.extend(body);
    bytes.resize(words * 8, 0);
    bytes.extend(payload);
    bytes
}

/// A fragment header in front of a payload; the offset in bytes, of which eight make a unit.
pub(crate) fn fragment_header(next_header: u8, offset: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    let place = (offset & !7) | u16::from(more);
    let mut bytes = vec![next_header, 0];
    bytes.extend(place.to_be_bytes());
    bytes.extend([0xca, 0xfe, 0xba, 0xbe]);
    bytes.extend(payload);
    bytes
}
