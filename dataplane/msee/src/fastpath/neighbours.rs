//! Neighbours: the stations that next hops lead to, and the MAC addresses that were learned of them.

use std::{collections::BTreeMap, net::IpAddr};

use abi::image::{self, ADJACENCY_UNRESOLVED, Adjacency, PortKey};
use desired::MacAddress;

/// A station on a link, by its IP address.
///
/// The link is named by what its frames arrive with, not by a slot or a name: an interface that is made
/// anew under its old name has another index, and whoever was behind the old one is not known to be
/// behind the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Neighbour {
    ifindex: u32,
    outer: u16,
    inner: u16,
    /// Its address on the link.
    pub address: IpAddr,
}

impl Neighbour {
    /// The station with `address` on the link of a port.
    pub const fn new(port: PortKey, address: IpAddr) -> Self {
        let PortKey { ifindex, outer, inner } = port;
        Self { ifindex, outer, inner, address }
    }

    /// What arrives from it.
    pub const fn port(&self) -> PortKey {
        PortKey { ifindex: self.ifindex, outer: self.outer, inner: self.inner }
    }
}

/// The MAC addresses that were learned of neighbours: what an image takes where the desired state has
/// none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbours(BTreeMap<Neighbour, MacAddress>);

impl Neighbours {
    /// The MAC address of a neighbour.
    pub fn mac(&self, neighbour: &Neighbour) -> Option<MacAddress> {
        self.0.get(neighbour).copied()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&Neighbour, &MacAddress)> {
        self.0.iter()
    }
}

impl FromIterator<(Neighbour, MacAddress)> for Neighbours {
    fn from_iter<T: IntoIterator<Item = (Neighbour, MacAddress)>>(learned: T) -> Self {
        Self(learned.into_iter().collect())
    }
}

/// Who finds out the MAC address of a next hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolver {
    /// Nobody needs to: the desired state declares it, and what is declared wins, always.
    Declared,
    /// `msee`, on a fabric port, where there is no kernel that could.
    Msee,
    /// The kernel, through the `cpu` veth of a circuit's link.
    Kernel,
    /// Nobody can: a circuit's link without a `cpu` veth.
    Nobody,
}

impl Resolver {
    /// The number in an image.
    pub(in crate::fastpath) const fn number(self) -> u8 {
        match self {
            Self::Declared => image::RESOLVER_DECLARED,
            Self::Msee => image::RESOLVER_MSEE,
            Self::Kernel => image::RESOLVER_KERNEL,
            Self::Nobody => image::RESOLVER_NOBODY,
        }
    }

    /// The one with a number; `None` where there is no next hop.
    pub(in crate::fastpath) fn from_number(number: u8) -> Option<Self> {
        let all = [Self::Declared, Self::Msee, Self::Kernel, Self::Nobody];
        all.into_iter().find(|resolver| resolver.number() == number)
    }
}

/// The station behind an adjacency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextHop {
    /// The station.
    pub neighbour: Neighbour,
    /// The adjacency's kind (`abi::image::ADJACENCY_*`) while the station's MAC address is known.
    pub kind: u8,
    /// Who finds out its MAC address.
    pub resolver: Resolver,
}

impl NextHop {
    /// Its adjacency while it is known to be at `mac`; without one, while it is to be found. All but the
    /// kind and the destination is as in `adjacency`.
    pub fn adjacency(&self, adjacency: &Adjacency, mac: Option<MacAddress>) -> Adjacency {
        let kind = mac.map_or(ADJACENCY_UNRESOLVED, |_| self.kind);
        let mut adjacency = Adjacency { kind, ..*adjacency };
        if let Some(destination) = adjacency.header.first_chunk_mut() {
            *destination = mac.map_or([0; 6], |mac| mac.0);
        }
        adjacency
    }
}

/// A circuit's link whose customer edge the kernel is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelLink {
    /// What arrives by the link.
    pub port: PortKey,
    /// Interface index of the far end of its `cpu` veth.
    pub far: u32,
    /// The customer edge's addresses that have no declared MAC address.
    pub peers: Vec<IpAddr>,
}
