//! Frames in tunnels.

use std::net::Ipv4Addr;

use super::{Ipv4, with_number};

/// The fields of a VXLAN datagram; its length follows from them.
#[derive(Clone, Debug)]
pub(crate) struct Vxlan {
    /// UDP destination port.
    pub(crate) port: u16,
    /// UDP checksum.
    pub(crate) sum: u16,
    /// The VXLAN header.
    pub(crate) header: [u8; 8],
    pub(crate) frame: Vec<u8>,
}

impl Vxlan {
    pub(crate) fn new(vni: u32, frame: Vec<u8>) -> Self {
        let [_, a, b, c] = vni.to_be_bytes();
        Self { port: 4_789, sum: 0, header: [8, 0, 0, 0, a, b, c, 0], frame }
    }

    /// The datagram, its length behind the ports.
    pub(crate) fn datagram(&self) -> Vec<u8> {
        let length = (16 + self.frame.len()) as u16;
        let mut bytes = vec![0xc3, 0x50];
        bytes.extend(self.port.to_be_bytes());
        bytes.extend(length.to_be_bytes());
        bytes.extend(self.sum.to_be_bytes());
        bytes.extend(self.header);
        bytes.extend(&self.frame);
        bytes
    }

    /// The packet from one endpoint to another.
    pub(crate) fn packet(&self, source: Ipv4Addr, destination: Ipv4Addr) -> Ipv4 {
        Ipv4 {
            fragmentation: Ipv4::DONT_FRAGMENT,
            payload: self.datagram(),
            ..Ipv4::udp(source, destination)
        }
    }
}

/// A datagram that says another length.
pub(crate) fn with_length(datagram: Vec<u8>, length: usize) -> Vec<u8> {
    with_number(datagram, 4, length as u16)
}
