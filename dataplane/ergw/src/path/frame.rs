//! The bytes of a frame that a gateway looks at, and the one view of them that both IP versions have.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// EtherType of IPv4.
pub const IPV4: [u8; 2] = [0x08, 0x00];

/// EtherType of IPv6.
pub const IPV6: [u8; 2] = [0x86, 0xdd];

/// A frame that [`super::check::check`] has passed.
#[derive(Debug)]
pub struct Packet<'f> {
    /// The Ethernet header.
    pub ethernet: &'f mut Ethernet,
    /// The IP header.
    pub ip: Ip<'f>,
}

/// An IP header, of one version or the other.
#[derive(Debug)]
pub enum Ip<'f> {
    /// Without its options.
    V4(&'f mut Ipv4),
    /// Without its extension headers.
    V6(&'f mut Ipv6),
}

/// An Ethernet header without tags: fabrics have none.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Ethernet {
    /// MAC address the frame is for.
    pub destination: [u8; 6],
    /// MAC address of the sender.
    pub source: [u8; 6],
    /// [`IPV4`] or [`IPV6`] in a [`Packet`].
    pub ether_type: [u8; 2],
}

/// The fixed part of the IPv4 header (RFC 791 3.1), as on the wire.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Ipv4 {
    /// Version in the upper four bits, header length in words in the lower.
    pub version_and_length: u8,
    /// DSCP and ECN.
    pub type_of_service: u8,
    /// Length of the packet from here, big-endian.
    pub total_length: [u8; 2],
    /// Identification.
    pub identification: [u8; 2],
    /// Flags and fragment offset.
    pub fragment: [u8; 2],
    /// Time to live.
    pub ttl: u8,
    /// Protocol.
    pub protocol: u8,
    /// Header checksum, big-endian.
    pub checksum: [u8; 2],
    /// Source address.
    pub source: [u8; 4],
    /// Destination address.
    pub destination: [u8; 4],
}

/// The IPv6 header (RFC 8200 3), as on the wire.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Ipv6 {
    /// Version in the upper four bits, then traffic class and flow label.
    pub version_class_flow: [u8; 4],
    /// Length of what follows the header, big-endian.
    pub payload_length: [u8; 2],
    /// Type of what follows the header.
    pub next_header: u8,
    /// Hop limit.
    pub hop_limit: u8,
    /// Source address.
    pub source: [u8; 16],
    /// Destination address.
    pub destination: [u8; 16],
}

const _: () = assert!(size_of::<Ethernet>() == 14);
const _: () = assert!(size_of::<Ipv4>() == 20);
const _: () = assert!(size_of::<Ipv6>() == 40);
