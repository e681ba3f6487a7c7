//! IPv6 packets: a view of one, and the header of one of our own.

use std::net::Ipv6Addr;

/// Length of an IPv6 header.
pub const IPV6_HEADER: usize = 40;

/// An IPv6 packet (RFC 8200), cut to its length.
#[derive(Clone, Copy, Debug)]
pub struct Ipv6<'a> {
    header: &'a [u8; IPV6_HEADER],
    bytes: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Ipv6<'a> {
    /// Reads a packet; `None` when it is no IPv6 or longer than `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let header: &[u8; IPV6_HEADER] = bytes.first_chunk()?;
        let [version_and_class, _, _, _, length_high, length_low, ..] = *header;
        if version_and_class >> 4 != 6 {
            return None;
        }
        let payload = usize::from(u16::from_be_bytes([length_high, length_low]));
        let bytes = bytes.get(..IPV6_HEADER + payload)?;
        Some(Self { header, bytes, payload: bytes.get(IPV6_HEADER..)? })
    }

    /// The whole packet, header first, without padding.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What follows the header, extension headers first.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// DSCP and ECN.
    pub fn traffic_class(&self) -> u8 {
        let [first, second, ..] = *self.header;
        first << 4 | second >> 4
    }

    /// Number of the header behind this one.
    pub fn next_header(&self) -> u8 {
        let [_, _, _, _, _, _, next_header, ..] = *self.header;
        next_header
    }

    /// Hop limit as it arrived.
    pub fn hop_limit(&self) -> u8 {
        let [_, _, _, _, _, _, _, hop_limit, ..] = *self.header;
        hop_limit
    }

    /// Source address.
    pub fn source(&self) -> Ipv6Addr {
        self.header.get(8..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; 16]).into()
    }

    /// Destination address.
    pub fn destination(&self) -> Ipv6Addr {
        self.header.last_chunk().copied().unwrap_or([0; 16]).into()
    }
}

/// The fields of an IPv6 header that this program chooses; the flow label is 0.
#[derive(Clone, Copy, Debug)]
pub struct Ipv6Header {
    /// DSCP and ECN.
    pub traffic_class: u8,
    /// Number of the header behind this one.
    pub next_header: u8,
    /// Hop limit.
    pub hop_limit: u8,
    /// Source address.
    pub source: Ipv6Addr,
    /// Destination address.
    pub destination: Ipv6Addr,
}

impl Ipv6Header {
    /// Appends the header in wire order, for `payload` bytes (at most 65,535; callers bound theirs by
    /// the longest frame).
    pub fn write(&self, payload: usize, out: &mut Vec<u8>) {
        let length = u16::try_from(payload).unwrap_or(u16::MAX);
        out.extend_from_slice(&[0x60 | self.traffic_class >> 4, self.traffic_class << 4, 0, 0]);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&[self.next_header, self.hop_limit]);
        out.extend_from_slice(&self.source.octets());
        out.extend_from_slice(&self.destination.octets());
    }
}
