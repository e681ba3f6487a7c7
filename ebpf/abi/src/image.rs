//! The forwarding image: what a packet reads on its way through the fast path.
//!
//! Every table has two banks. [`Active`] names the generation in force, and its lowest bit the
//! bank; a packet reads it once, at entry, and uses that bank to the end. Userspace fills the
//! other bank and publishes it by one aligned store to [`Active`].
//!
//! Map names and element counts, all `BPF_F_MMAPABLE` arrays unless noted:
//!
//! | map | element | elements |
//! |---|---|---|
//! | `ACTIVE` | [`Active`] | 1 |
//! | `PORTS` | [`Port`] | `BANKS * PORTS`, bank-major |
//! | `VNETS` | [`Vnet`] | `BANKS * VNETS` |
//! | `ADJACENCIES` | [`Adjacency`] | `BANKS * ADJACENCIES` |
//! | `NEXT_HOPS` (not read by packets) | [`NextHop`] | `BANKS * ADJACENCIES` |
//! | `GROUPS` | [`Group`] | `BANKS * GROUPS` |
//! | `TUNNELS` | [`Tunnel`] | `BANKS * TUNNELS` |
//! | `NODES` | [`Node`] | `BANKS * NODES` |
//! | `PORT_SLOTS` | [`PortSlot`] | `BANKS * PORT_BUCKETS` |
//! | `EGRESS` (devmap) | slot to ifindex | `PORTS` |
//! | `PUNT` (xskmap) | slot to AF_XDP socket | `PORTS` |
//! | `POLICERS` (array, written by packets) | `u64`, see [`crate::police`] | `PORTS * police::CLASSES` |
//! | `COUNTERS` (per-CPU array) | `[u64; verdict::COUNT]` | 1 |
//! | `TRACE` (array) | [`crate::trace::Record`] | 1 |

use crate::limits;

/// The generation in force; its lowest bit selects the bank.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Active {
    /// 0 until the first image is published: every packet is dropped as `port_unknown`.
    pub generation: u64,
}

/// What arrives selects a port: the interface and the VLAN tags of the frame. A frame with one tag has
/// it as the inner one. A frame that was in a tunnel has the tunnel's VNI instead, see
/// [`PortKey::in_tunnel`].
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PortKey {
    /// Ingress interface index.
    pub ifindex: u32,
    /// Outer VLAN id (S-tag), or [`UNTAGGED`] for a frame with one tag or none.
    pub outer: u16,
    /// Inner VLAN id (C-tag), or [`UNTAGGED`].
    pub inner: u16,
}

impl PortKey {
    /// What arrived in a tunnel: the interface and the VNI, of 24 bits.
    #[allow(clippy::inline_always, reason = "the programs make no BPF-to-BPF call")]
    #[inline(always)]
    pub const fn in_tunnel(ifindex: u32, vni: u32) -> Self {
        Self { ifindex, outer: IN_TUNNEL | (vni >> 16) as u16 & 0xff, inner: vni as u16 }
    }

    /// The VNI of what arrived in a tunnel.
    pub const fn vni(self) -> Option<u32> {
        if self.outer & !0xff == IN_TUNNEL {
            Some((self.outer as u32 & 0xff) << 16 | self.inner as u32)
        } else {
            None
        }
    }

    /// Where in [`PortSlot`]s the search for this key begins.
    #[allow(clippy::inline_always, reason = "the programs make no BPF-to-BPF call")]
    #[inline(always)]
    pub const fn bucket(self) -> u32 {
        let tags = (self.outer as u32) << 16 | self.inner as u32;
        let hash = self.ifindex.wrapping_mul(0x9e37_79b1) ^ tags.wrapping_mul(0x85eb_ca6b);
        (hash ^ hash >> 15).wrapping_mul(0x2c1b_3c6d) >> (u32::BITS - limits::PORT_BUCKETS.ilog2())
    }
}

/// One place of the table from [`PortKey`] to slot: open addressing, in the first free one of
/// [`limits::PORT_PROBES`] places from [`PortKey::bucket`] on, modulo [`limits::PORT_BUCKETS`].
///
/// Not a BPF hash map: updating one in place recycles elements under its readers, and a packet can
/// miss its port, or read another one's slot. This table flips with the image.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortSlot {
    /// What arrives.
    pub key: PortKey,
    /// Slot of the port, or 0: the place is free.
    pub slot: u32,
    /// Explicit padding, 0.
    pub reserved: u32,
}

/// The VLAN id that stands for "no tag" in a [`PortKey`]; 0 is a priority tag on the wire.
pub const UNTAGGED: u16 = 0xffff;

/// High byte of [`PortKey::outer`] in a tunnel, which no VLAN id and no [`UNTAGGED`] has.
const IN_TUNNEL: u16 = 0x8000;

/// [`Port::kind`]: the slot is empty.
pub const PORT_ABSENT: u8 = 0;
/// [`Port::kind`]: the customer's side of a circuit.
pub const PORT_CIRCUIT: u8 = 1;
/// [`Port::kind`]: a region fabric, the VNet side.
pub const PORT_FABRIC: u8 = 2;
/// [`Port::kind`]: far end of a `cpu` veth; what the kernel sends leaves by [`Port::peer`].
pub const PORT_CPU: u8 = 3;
/// [`Port::kind`]: the underlay of a fabric whose frames travel in VXLAN. What a known host sends in a
/// known VNI goes on as from the fabric port with the key [`PortKey::in_tunnel`].
pub const PORT_UNDERLAY: u8 = 4;

/// One port of the MSEE.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Port {
    /// One of the `PORT_*` constants.
    pub kind: u8,
    /// Bytes of [`Port::tags`] in use: 0, 4 or 8.
    pub tag_length: u8,
    /// MAC address of the port. Frames to another unicast address are dropped.
    pub mac: [u8; 6],
    /// The tags of the link's frames as they lie between MAC addresses and EtherType, zeroes behind
    /// them. On a `cpu` port those of its circuit port, for what the kernel sends.
    pub tags: [u8; TAGS],
    /// Circuit port: slot of its `cpu` port, or 0. `cpu` port: slot of its circuit port.
    pub peer: u32,
    /// Circuit port: root node of the circuit's IPv4 table. Fabric port: root node of the table from
    /// IPv4 source address to [`Vnet`]. Underlay port: that of the hosts' addresses.
    pub root_ipv4: u32,
    /// The same for IPv6.
    pub root_ipv6: u32,
    /// Circuit port: the MSEE's own IPv4 address on the link. Underlay port: its tunnel endpoint.
    /// Elsewhere 0.0.0.0.
    pub address_ipv4: [u8; 4],
    /// Circuit port: the MSEE's own IPv6 address on the link, or `::`. Elsewhere `::`.
    pub address_ipv6: [u8; 16],
    /// Circuit port: what one byte costs of the circuit's bandwidth, in 2^-16 nanoseconds; 0 polices
    /// nothing.
    pub byte_cost: u32,
    /// How far ahead of time a burst may run, in nanoseconds.
    pub burst: u32,
    /// `PORT_*` flags.
    pub flags: u32,
    /// Explicit padding, 0.
    pub reserved: u32,
}

/// [`Port::flags`]: the source of what a customer sends must have a route back to this port
/// (RFC 3704 2.2, strict reverse path forwarding).
pub const PORT_VALIDATE_SOURCE: u32 = 1;

/// Most bytes of VLAN tags on a frame: an S-tag and a C-tag.
pub const TAGS: usize = 8;

/// A VNet as this MSEE knows it, found by the source address of a packet on a fabric port.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vnet {
    /// Root node of the IPv4 table that the VNet's traffic is routed in.
    pub root_ipv4: u32,
    /// Root node of the IPv6 table.
    pub root_ipv6: u32,
    /// The IPv4 address this VNet knows the MSEE by (GatewaySubnet `.4` or `.5`): local, and the
    /// source of ICMP errors towards the VNet.
    pub address_ipv4: [u8; 4],
    /// The same of IPv6, or `::`.
    pub address_ipv6: [u8; 16],
    /// Explicit padding, 0.
    pub reserved: u32,
}

/// [`Adjacency::kind`]: drop, with the verdict in [`Adjacency::verdict`].
pub const ADJACENCY_DROP: u8 = 0;
/// [`Adjacency::kind`]: out of the circuit's port to the customer edge.
pub const ADJACENCY_CE: u8 = 1;
/// [`Adjacency::kind`]: FastPath, straight to the VM.
pub const ADJACENCY_DIRECT: u8 = 2;
/// [`Adjacency::kind`]: to an instance of an ExpressRoute gateway.
pub const ADJACENCY_GATEWAY: u8 = 3;

/// [`Adjacency::kind`]: the next hop's MAC address is not known, and userspace is to ask for it.
pub const ADJACENCY_UNRESOLVED: u8 = 4;

/// Where a packet goes after the lookup, with the link header ready to copy.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adjacency {
    /// One of the `ADJACENCY_*` constants.
    pub kind: u8,
    /// Explicit padding, 0.
    pub reserved: u8,
    /// Drop adjacency: the [`crate::verdict::Verdict`] to count. Elsewhere 0.
    pub verdict: u16,
    /// Slot of the port the packet leaves by.
    pub port: u16,
    /// Largest IP packet the next hop takes, in bytes: without Ethernet header, tags and tunnel.
    pub mtu: u16,
    /// Destination and source MAC address, then the tags, zeroes behind them: the link header without
    /// its EtherType, which is the packet's.
    pub header: [u8; MACS + TAGS],
    /// Bytes of tags in `header`: 0, 4 or 8.
    pub tag_length: u8,
    /// Explicit padding, 0.
    pub reserved_tail: u8,
    /// Index of the [`Tunnel`] that the frame travels in, or 0.
    pub tunnel: u16,
}

/// Where a frame in a tunnel is sent: all that is put in front of it, ready to copy.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tunnel {
    /// The outer headers, see [`crate::tunnel`]: words as they lie in a frame, with 0 for what depends
    /// on the packet, and the IPv4 checksum that is right with that.
    pub header: [u16; crate::tunnel::HEADERS / 2],
    /// Slot of the fabric port whose frames travel in it.
    pub port: u16,
    /// One of the `RESOLVER_*` constants: who finds the host's MAC address. Not read by packets;
    /// [`RESOLVER_NONE`] is behind the last tunnel.
    pub resolver: u8,
    /// Explicit padding, 0.
    pub reserved: [u8; 3],
}

/// [`NextHop::resolver`]: there is no next hop. Index 0 is always such, and so is the one after the last.
pub const RESOLVER_NONE: u8 = 0;
/// [`NextHop::resolver`]: the MAC address is in the desired state.
pub const RESOLVER_DECLARED: u8 = 1;
/// [`NextHop::resolver`]: `msee` asks, on a fabric port.
pub const RESOLVER_MSEE: u8 = 2;
/// [`NextHop::resolver`]: the kernel asks, behind the `cpu` veth of a circuit's link.
pub const RESOLVER_KERNEL: u8 = 3;
/// [`NextHop::resolver`]: nobody can ask.
pub const RESOLVER_NOBODY: u8 = 4;

/// The station behind the [`Adjacency`] of the same index.
///
/// No packet reads it. It is in the image for the process that adopts the image of a killed one, which
/// must know whose MAC addresses these are to go on asking for them.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NextHop {
    /// Its address on the link; an IPv4 address as `::ffff:a.b.c.d`.
    pub address: [u8; 16],
    /// [`Adjacency::kind`] while its MAC address is known.
    pub kind: u8,
    /// One of the `RESOLVER_*` constants.
    pub resolver: u8,
    /// Explicit padding, 0.
    pub reserved: [u8; 6],
}

/// Adjacencies that share traffic: the flow hash, modulo the length, picks one.
///
/// Each member has many of the places, chosen by its own name (rendezvous hashing), so that when one
/// leaves, only its places go to others, and when it returns they are its own again.
pub type Group = [u16; limits::GROUP_PLACES];

/// Bytes of the two MAC addresses that a frame starts with.
pub const MACS: usize = 12;

/// One node of the prefix structure: 256 entries, one byte of the address each.
///
/// An entry is [`NO_ROUTE`], a child's node index within the bank, or [`LEAF`] with the index of
/// an adjacency (in a VRF), of a [`Group`] with [`GROUP`], or of a [`Vnet`] (in a source table). Prefixes that end inside a node
/// are expanded over the entries they cover.
pub type Node = [u32; limits::NODE_ENTRIES];

/// Entry of a [`Node`] with nothing below it. Node 0 of each bank is never a child.
pub const NO_ROUTE: u32 = 0;
/// Bit that marks an entry of a [`Node`] as a leaf.
pub const LEAF: u32 = 0x8000_0000;
/// Bit that marks a leaf of a VRF as the index of a [`Group`].
pub const GROUP: u32 = 0x4000_0000;

// The kernel rounds the elements of an array up to 8 bytes, so a mapped array has no gaps only when
// their size is a multiple of 8.
const _: () = assert!(size_of::<Active>() == 8);
const _: () = assert!(size_of::<PortKey>() == 8);
const _: () = assert!(size_of::<PortSlot>() == 16);
const _: () = assert!(size_of::<Port>() == 64);
const _: () = assert!(size_of::<Vnet>() == 32);
const _: () = assert!(size_of::<Adjacency>() == 32);
const _: () = assert!(size_of::<Tunnel>() == 56);
const _: () = assert!(size_of::<NextHop>() == 24);
const _: () = assert!(size_of::<Group>() == 256);
const _: () = assert!(size_of::<Node>() == 1_024);
