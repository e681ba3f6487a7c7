//! As much of a frame as comparing needs.

use std::net::IpAddr;

/// A frame without tags, read without checking.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'f> {
    pub ethertype: u16,
    pub bytes: &'f [u8],
}

impl<'f> Packet<'f> {
    pub fn of(frame: &'f [u8]) -> Self {
        Self { ethertype: u16::from_be_bytes([frame[12], frame[13]]), bytes: &frame[14..] }
    }

    /// IPv4, with as much as a header.
    pub fn is_ipv4(&self) -> bool {
        self.ethertype == 0x0800 && self.bytes.len() >= 20
    }

    pub fn is_ipv6(&self) -> bool {
        self.ethertype == 0x86dd && self.bytes.len() >= 40
    }

    /// VLAN id of an outer tag.
    pub fn vlan(&self) -> Option<u16> {
        let is_tagged = matches!(self.ethertype, 0x8100 | 0x88a8) && self.bytes.len() >= 2;
        is_tagged.then(|| self.word(0) % 4_096)
    }

    pub fn word(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.bytes[at], self.bytes[at + 1]])
    }

    pub fn source(&self) -> Option<IpAddr> {
        self.address(12, 8)
    }

    pub fn destination(&self) -> Option<IpAddr> {
        self.address(16, 24)
    }

    fn address(&self, ipv4: usize, ipv6: usize) -> Option<IpAddr> {
        if self.is_ipv4() {
            let octets: [u8; 4] = self.bytes[ipv4..ipv4 + 4].try_into().unwrap();
            Some(octets.into())
        } else if self.is_ipv6() {
            let octets: [u8; 16] = self.bytes[ipv6..ipv6 + 16].try_into().unwrap();
            Some(octets.into())
        } else {
            None
        }
    }

    /// Bytes of the IPv4 header.
    pub fn header_length(&self) -> usize {
        usize::from(self.bytes[0] & 0x0f) * 4
    }

    /// Bytes of the packet, as it says.
    pub fn length(&self) -> usize {
        if self.is_ipv4() { self.word(2).into() } else { 40 + usize::from(self.word(4)) }
    }

    /// Number of the IPv4 protocol or of the first header behind IPv6's.
    pub fn protocol(&self) -> u8 {
        if self.is_ipv4() { self.bytes[9] } else { self.bytes[6] }
    }

    /// First byte of the payload.
    pub fn first_of_payload(&self) -> Option<u8> {
        let at = if self.is_ipv4() { self.header_length() } else { 40 };
        self.bytes.get(..self.length())?.get(at).copied()
    }

    /// Offset of an IPv4 fragment, in bytes.
    pub fn offset(&self) -> usize {
        usize::from(self.word(6) & 0x1fff) * 8
    }

    pub fn has_more_fragments(&self) -> bool {
        self.word(6) & 0x2000 != 0
    }
}
