//! Addresses that follow from a prefix.
//!
//! A private peering's /30 gives the customer edge the first usable address and the MSEE the second
//! (learn.microsoft.com, "ExpressRoute routing requirements"). Inside a VNet the MSEEs and the
//! gateway's instances have fixed places in the GatewaySubnet.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnetwork::{Ipv4Network, Ipv6Network};

use super::plan::MseePath;

/// A GatewaySubnet and the addresses the lab gives out in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewaySubnet(pub Ipv4Network);

impl GatewaySubnet {
    /// The address by which the VNet knows an MSEE: `.4` the primary, `.5` the secondary.
    pub fn msee(self, path: MseePath) -> Ipv4Addr {
        self.nth(msee_place(path))
    }

    /// The addresses of the gateway's two instances: `.12` and `.13`.
    pub fn instances(self) -> [Ipv4Addr; 2] {
        [self.nth(12), self.nth(13)]
    }

    fn nth(self, offset: u32) -> Ipv4Addr {
        nth(self.0, offset)
    }
}

/// The IPv6 prefix of a GatewaySubnet. The gateway's instances have addresses in it too, but nothing
/// is ever sent to one: a next hop needs their MAC addresses only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewaySubnet6(pub Ipv6Network);

impl GatewaySubnet6 {
    /// The address by which the VNet knows an MSEE: `::4` the primary, `::5` the secondary.
    pub fn msee(self, path: MseePath) -> Ipv6Addr {
        nth6(self.0, msee_place(path))
    }
}

fn msee_place(path: MseePath) -> u32 {
    match path {
        MseePath::Primary => 4,
        MseePath::Secondary => 5,
    }
}

/// The /30 of one link of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slash30(pub Ipv4Network);

impl Slash30 {
    /// The customer edge: first usable address.
    pub fn customer(self) -> Ipv4Addr {
        nth(self.0, 1)
    }

    /// The MSEE: second usable address.
    pub fn msee(self) -> Ipv4Addr {
        nth(self.0, 2)
    }
}

/// The /126 of one link of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slash126(pub Ipv6Network);

impl Slash126 {
    /// The customer edge: first usable address.
    pub fn customer(self) -> Ipv6Addr {
        nth6(self.0, 1)
    }

    /// The MSEE: second usable address.
    pub fn msee(self) -> Ipv6Addr {
        nth6(self.0, 2)
    }
}

/// The IPv6 address `offset` places above the network address.
pub(super) fn nth6(prefix: Ipv6Network, offset: u32) -> Ipv6Addr {
    Ipv6Addr::from(u128::from(prefix.network()).wrapping_add(offset.into()))
}

/// The address `offset` places above the network address.
pub(super) fn nth(prefix: Ipv4Network, offset: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(prefix.network()).wrapping_add(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_the_subnets() {
        let subnet = GatewaySubnet("10.253.0.0/27".parse().unwrap());
        assert_eq!(subnet.msee(MseePath::Primary), Ipv4Addr::new(10, 253, 0, 4));
        assert_eq!(subnet.msee(MseePath::Secondary), Ipv4Addr::new(10, 253, 0, 5));
        let instances = [Ipv4Addr::new(10, 253, 0, 12), Ipv4Addr::new(10, 253, 0, 13)];
        assert_eq!(subnet.instances(), instances);
        let link = Slash30("172.16.1.0/30".parse().unwrap());
        assert_eq!(link.customer(), Ipv4Addr::new(172, 16, 1, 1));
        assert_eq!(link.msee(), Ipv4Addr::new(172, 16, 1, 2));
        let subnet = GatewaySubnet6("fd00:253::/64".parse().unwrap());
        assert_eq!(subnet.msee(MseePath::Primary).to_string(), "fd00:253::4");
        assert_eq!(subnet.msee(MseePath::Secondary).to_string(), "fd00:253::5");
        let link = Slash126("fd00:172:16:1::/126".parse().unwrap());
        assert_eq!(link.customer().to_string(), "fd00:172:16:1::1");
        assert_eq!(link.msee().to_string(), "fd00:172:16:1::2");
    }
}
