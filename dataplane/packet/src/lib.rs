//! Packets as bytes: views of the frames the fast path hands over, with every length checked once,
//! and headers to write.
//!
//! The fast path has checked the same packet, but in another program at another time: these views
//! take nothing from that. After `parse` succeeds no accessor can fail or read outside the frame.
//! Bytes after the packet's own length are Ethernet padding (frames under 60 bytes) and are cut off,
//! or an ICMP error would quote them.

#![deny(clippy::indexing_slicing)]

pub mod checksum;
mod ethernet;
mod ipv4;
mod ipv6;
pub mod probe;

use std::net::IpAddr;

pub use ethernet::{ETHERNET_HEADER, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ethernet};
pub use ipv4::{IPV4_HEADER, Ipv4, Ipv4Header};
pub use ipv6::{IPV6_HEADER, Ipv6, Ipv6Header};

/// IPv4 protocol number of ICMP.
pub const PROTOCOL_ICMP: u8 = 1;
/// IPv4 protocol number and IPv6 next header of TCP.
pub const PROTOCOL_TCP: u8 = 6;
/// IPv4 protocol number and IPv6 next header of UDP.
pub const PROTOCOL_UDP: u8 = 17;
/// IPv6 next header of ICMPv6.
pub const PROTOCOL_ICMPV6: u8 = 58;

/// An IP packet of either version.
#[derive(Clone, Copy, Debug)]
pub enum Packet<'a> {
    /// IPv4.
    Ipv4(Ipv4<'a>),
    /// IPv6.
    Ipv6(Ipv6<'a>),
}

impl<'a> Packet<'a> {
    /// Reads what `frame` carries; `None` when that is not the version that its EtherType says, or
    /// is cut off.
    pub fn parse(frame: &Ethernet<'a>) -> Option<Self> {
        match frame.ethertype {
            ETHERTYPE_IPV4 => Ipv4::parse(frame.payload).map(Self::Ipv4),
            ETHERTYPE_IPV6 => Ipv6::parse(frame.payload).map(Self::Ipv6),
            _ => None,
        }
    }

    /// EtherType of its version.
    pub fn ethertype(&self) -> u16 {
        match self {
            Self::Ipv4(_) => ETHERTYPE_IPV4,
            Self::Ipv6(_) => ETHERTYPE_IPV6,
        }
    }

    /// The whole packet, header first, without padding.
    pub fn bytes(&self) -> &'a [u8] {
        match self {
            Self::Ipv4(packet) => packet.bytes(),
            Self::Ipv6(packet) => packet.bytes(),
        }
    }

    /// Source address.
    pub fn source(&self) -> IpAddr {
        match self {
            Self::Ipv4(packet) => packet.source().into(),
            Self::Ipv6(packet) => packet.source().into(),
        }
    }

    /// Destination address.
    pub fn destination(&self) -> IpAddr {
        match self {
            Self::Ipv4(packet) => packet.destination().into(),
            Self::Ipv6(packet) => packet.destination().into(),
        }
    }

    /// Protocol, or number of the header behind an IPv6 header.
    pub fn protocol(&self) -> u8 {
        match self {
            Self::Ipv4(packet) => packet.protocol(),
            Self::Ipv6(packet) => packet.next_header(),
        }
    }
}

#[cfg(test)]
mod tests;
