//! How much each table holds. A desired state that does not fit is refused by name before anything
//! of it is published.

/// Halves of the forwarding image: packets read one while userspace fills the other.
pub const BANKS: u32 = 2;

/// Port slots of one MSEE: each link of a circuit, its `cpu` veth, and each fabric. Slot 0 is never
/// used, so that 0 means "none".
pub const PORTS: u32 = 4_096;

/// Places of the table from interface and tags to port slot, a power of two: a quarter full at most,
/// so that a search ends after one or two.
pub const PORT_BUCKETS: u32 = 16_384;

/// Most places a search for a port visits.
pub const PORT_PROBES: u32 = 16;

/// VNets one MSEE can tell apart by source address, over all its fabric ports.
pub const VNETS: u32 = 1_024;

/// Adjacencies of one bank: one for each FastPath VM, gateway instance and circuit port.
pub const ADJACENCIES: u32 = 16_384;

/// Groups of adjacencies of one bank: one for each gateway that a VRF leads to.
pub const GROUPS: u32 = 2_048;

/// Places of a group, a power of two: the share of one of two members is right to about a tenth.
pub const GROUP_PLACES: usize = 128;

/// Tunnels of one bank: one for each VNet on each host that a next hop is on.
pub const TUNNELS: u32 = 4_096;

/// Prefix nodes of one bank, shared by all VRFs and source tables (1 KiB each).
pub const NODES: u32 = 8_192;

/// Fan-out of one prefix node: a step of the lookup consumes one byte of the address.
pub const NODE_ENTRIES: usize = 256;

/// Longest packet a port forwards, in bytes: a jumbo frame as switches commonly take it.
pub const PACKET: usize = 9_216;

/// Longest frame a port forwards: an Ethernet header and two VLAN tags in front of the longest packet.
pub const FRAME: usize = 14 + 2 * 4 + PACKET;

/// Largest MTU an interface may have, which counts tags: a longer frame would not be forwarded whole.
pub const MTU: usize = FRAME - 14;
