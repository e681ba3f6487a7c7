//! What the kernel's messages mean: pure functions of netlink messages.

use std::net::IpAddr;

use desired::MacAddress;
use netlink_packet_route::{
    link::{LinkAttribute, LinkMessage},
    neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState},
};

use crate::neighbours::Told;

/// What the kernel says of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// Index of the interface.
    pub(super) interface: u32,
    /// Address of the neighbour.
    pub(super) address: IpAddr,
    /// What about it.
    pub(super) told: Told,
}

/// What an entry of the kernel's table says; nothing while it is still asking.
pub(super) fn said(message: &NeighbourMessage) -> Option<Said> {
    let told = match (message.header.state, mac(message)) {
        (
            NeighbourState::Reachable | NeighbourState::Permanent | NeighbourState::Noarp,
            Some(mac),
        ) => Told::Reachable(mac),
        (NeighbourState::Stale | NeighbourState::Delay, Some(mac)) => Told::Stale(mac),
        (NeighbourState::Probe, Some(mac)) => Told::Probe(mac),
        (NeighbourState::Failed, _) => Told::Failed,
        _ => return None,
    };
    Some(Said { interface: message.header.ifindex, address: address(message)?, told })
}

/// What an entry says that was read with the whole table: a failure in it may be older than our question,
/// so it only says that nothing is known.
pub(super) fn listed(message: &NeighbourMessage) -> Option<Said> {
    let said = said(message)?;
    let told = if said.told == Told::Failed { Told::Gone } else { said.told };
    Some(Said { told, ..said })
}

/// What the end of an entry says.
pub(super) fn forgotten(message: &NeighbourMessage) -> Option<Said> {
    let (interface, told) = (message.header.ifindex, Told::Gone);
    Some(Said { interface, address: address(message)?, told })
}

/// The interface index of a veth's other end. `None` when that is in another namespace, where the
/// number means another interface.
pub(super) fn peer(message: &LinkMessage) -> Option<u32> {
    let mut peer = None;
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::Link(index) => peer = Some(*index),
            LinkAttribute::LinkNetNsId(_) => return None,
            _ => {}
        }
    }
    peer.filter(|index| *index != 0)
}

fn address(message: &NeighbourMessage) -> Option<IpAddr> {
    message.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::Destination(NeighbourAddress::Inet(address)) => Some((*address).into()),
        NeighbourAttribute::Destination(NeighbourAddress::Inet6(address)) => {
            Some((*address).into())
        }
        _ => None,
    })
}

fn mac(message: &NeighbourMessage) -> Option<MacAddress> {
    message.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::LinkLayerAddress(bytes) => {
            bytes.as_slice().try_into().ok().map(MacAddress)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests;
