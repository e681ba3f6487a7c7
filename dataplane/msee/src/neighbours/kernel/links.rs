//! Which near end of a `cpu` veth belongs to which circuit's link.
//!
//! Two links may have the same addresses, so an address alone says nothing.

use std::{collections::BTreeMap, net::IpAddr};

use abi::image::PortKey;

use crate::fastpath::{KernelLink, Neighbour};

/// The links, by the interface index of their near ends.
#[derive(Debug, Default)]
pub(super) struct Links {
    by_near: BTreeMap<u32, (PortKey, Vec<IpAddr>)>,
}

impl Links {
    /// Adds a link.
    pub(super) fn add(&mut self, near: u32, link: &KernelLink) {
        self.by_near.insert(near, (link.port, link.peers.clone()));
    }

    /// The neighbour that the kernel knows by an address on a near end, if it is a customer edge that
    /// is to be found.
    pub(super) fn neighbour(&self, near: u32, address: IpAddr) -> Option<Neighbour> {
        let (port, peers) = self.by_near.get(&near)?;
        peers.contains(&address).then_some(Neighbour::new(*port, address))
    }

    /// The near end that a neighbour is behind.
    pub(super) fn near(&self, neighbour: &Neighbour) -> Option<u32> {
        let mut links = self.by_near.iter();
        let (near, _) = links.find(|(_, (port, _))| *port == neighbour.port())?;
        Some(*near)
    }
}

#[cfg(test)]
mod tests;
