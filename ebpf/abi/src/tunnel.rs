//! VXLAN (RFC 7348): an Ethernet frame in UDP over IPv4, in front of it these headers.
//!
//! | offset | field |
//! |---|---|
//! | 0 | Ethernet: MAC addresses of the next station on the underlay and of the MSEE, EtherType |
//! | 14 | IPv4 without options, Don't Fragment: addresses of MSEE and host |
//! | 34 | UDP: a source port of the flow, [`UDP_PORT`], no checksum |
//! | 42 | VXLAN: flags, VNI |

/// Bytes of all headers in front of the frame in a tunnel.
pub const HEADERS: usize = 50;
/// Bytes by which a tunnel lessens the largest IP packet: all headers, and the Ethernet header in the
/// tunnel instead of the one outside.
pub const OVERHEAD: u16 = HEADERS as u16;

/// Where the outer IPv4 header begins.
pub const IPV4: usize = 14;
/// Where the outer UDP header begins.
pub const UDP: usize = 34;
/// Where the VXLAN header begins.
pub const VXLAN: usize = 42;

/// Place of the outer IPv4 total length.
pub const IPV4_LENGTH: usize = 16;
/// Place of the outer IPv4 header checksum.
pub const IPV4_CHECKSUM: usize = 24;
/// Place of the outer UDP source port.
pub const UDP_SOURCE: usize = 34;
/// Place of the outer UDP length.
pub const UDP_LENGTH: usize = 38;

/// UDP destination port of VXLAN.
pub const UDP_PORT: u16 = 4_789;
/// The UDP source port of a flow with hash 0. Others add 14 bits of their hash, so that hosts and
/// routers on the way can spread flows by it (RFC 7348 5).
pub const FIRST_SOURCE_PORT: u16 = 49_152;
/// The bits of a flow hash that go into the UDP source port.
pub const SOURCE_PORT_BITS: u32 = 0x3fff;

/// The first word of a VXLAN header whose VNI is valid, host byte order; all other bits are reserved.
pub const FLAG_VNI: u16 = 0x0800;
/// The greatest VNI.
pub const LAST_VNI: u32 = 0xff_ffff;

const _: () = assert!(VXLAN + 8 == HEADERS);
