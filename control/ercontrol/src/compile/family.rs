//! IPv4 and IPv6, which share VRFs, connections and next hops, but not everything that carries one
//! carries the other.

use ipnetwork::IpNetwork;

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Everybody has it.
    Ipv4,
    /// A circuit has it when its peering does, a gateway when its GatewaySubnet does.
    Ipv6,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ipv4, Self::Ipv6];

    /// Whether a prefix is of this family.
    pub fn has(self, prefix: &IpNetwork) -> bool {
        prefix.is_ipv4() == (self == Self::Ipv4)
    }
}
