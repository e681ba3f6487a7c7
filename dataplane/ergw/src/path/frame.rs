//! The bytes of a frame that a gateway looks at.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// EtherType of IPv4.
pub const IPV4: [u8; 2] = [0x08, 0x00];

/// Length of an Ethernet header without tags, in bytes.
pub const ETHERNET: usize = 14;

/// The Ethernet header and the fixed part of the IPv4 header (RFC 791 3.1), as on the wire.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Headers {
    /// MAC address the frame is for.
    pub destination_mac: [u8; 6],
    /// MAC address of the sender.
    pub source_mac: [u8; 6],
    /// [`IPV4`] after [`super::check::check`].
    pub ether_type: [u8; 2],
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

const _: () = assert!(size_of::<Headers>() == 34);
