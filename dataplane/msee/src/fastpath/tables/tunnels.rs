//! The tunnels of an image: each host in each network that a next hop is in, once.
//!
//! A tunnel whose host's MAC address is not known has none in its header, and what leads into it is
//! unresolved, whatever is known of the station behind it.

use std::{collections::BTreeMap, net::Ipv4Addr};

use abi::{
    image::{self, ADJACENCY_UNRESOLVED, PortKey, UNTAGGED},
    limits,
};
use desired::{MacAddress, UnderlayHost};

use super::{compile::CompileError, next_hops::NextHops};
use crate::{
    fastpath::{
        BoundPort,
        neighbours::{Neighbour, Neighbours, NextHop, Resolver},
    },
    vxlan::{self, Ends},
};

/// The tunnels met so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Tunnels {
    /// By what arrives from the network, and the host.
    indices: BTreeMap<(u32, Ipv4Addr), u16>,
    /// As they go into the image; the first is none.
    entries: Vec<image::Tunnel>,
    /// Who is at their far ends.
    hosts: Vec<Option<NextHop>>,
    /// Which of them leads to a station.
    stations: BTreeMap<Neighbour, u16>,
}

impl Tunnels {
    /// As they are in an image.
    pub(super) fn entries(&self) -> Vec<image::Tunnel> {
        let end = image::Tunnel::default();
        self.entries.iter().copied().chain([end]).take(limits::TUNNELS as usize).collect()
    }

    /// From an image; `port` says what arrives by the port in a slot, and the next hops say who is behind
    /// the adjacencies.
    pub(super) fn recover(
        entries: &[image::Tunnel],
        adjacencies: &[image::Adjacency],
        next_hops: &mut NextHops,
        port: impl Fn(u32) -> Option<PortKey>,
    ) -> Self {
        let mut tunnels = Self::default();
        for entry in entries.iter().skip(1) {
            let Some(resolver) = Resolver::from_number(entry.resolver) else { break };
            let host = port(entry.port.into()).map(|port| NextHop {
                neighbour: Neighbour::new(underlay_of(port), vxlan::host(entry).into()),
                kind: ADJACENCY_UNRESOLVED,
                resolver,
            });
            tunnels.push(*entry, host);
        }
        for (index, adjacency) in (0..).zip(adjacencies) {
            if let Some(next_hop) = next_hops.get(index).filter(|_| adjacency.tunnel != 0) {
                tunnels.enter(next_hop.neighbour, adjacency.tunnel);
            }
        }
        tunnels.declare_and_leave_open(next_hops);
        tunnels
    }

    /// The index of the tunnel to `host` for what travels with the VNI of `port`.
    pub(super) fn index(
        &mut self,
        port: &BoundPort,
        endpoint: Ipv4Addr,
        host: &UnderlayHost,
    ) -> Result<u16, CompileError> {
        if let Some(index) = self.indices.get(&(port.slot, host.address)) {
            return Ok(*index);
        }
        // The first is none.
        let index = self.entries.len().max(1);
        if index >= limits::TUNNELS as usize {
            return Err(CompileError::TooManyTunnels);
        }
        let ends = Ends {
            mac: port.mac,
            endpoint,
            host_mac: host.mac.unwrap_or(MacAddress([0; 6])),
            host: host.address,
        };
        let resolver = if host.mac.is_some() { Resolver::Declared } else { Resolver::Msee };
        let entry = image::Tunnel {
            port: port.slot as u16,
            resolver: resolver.number(),
            ..ends.tunnel(port.key().vni().unwrap_or_default())
        };
        let neighbour = Neighbour::new(underlay_of(port.key()), host.address.into());
        self.push(entry, Some(NextHop { neighbour, kind: ADJACENCY_UNRESOLVED, resolver }));
        self.indices.insert((port.slot, host.address), index as u16);
        Ok(index as u16)
    }

    fn push(&mut self, entry: image::Tunnel, host: Option<NextHop>) {
        if self.entries.is_empty() {
            self.entries.push(image::Tunnel::default());
            self.hosts.push(None);
        }
        self.entries.push(entry);
        self.hosts.push(host);
    }

    /// Enters the tunnel that a station is behind.
    pub(super) fn enter(&mut self, station: Neighbour, tunnel: u16) {
        self.stations.insert(station, tunnel);
    }

    /// A tunnel by index; none for 0, which stands for none.
    pub(super) fn get(&self, index: u16) -> Option<&image::Tunnel> {
        self.entries.get(usize::from(index)).filter(|_| index != 0)
    }

    /// The host at the far end of a tunnel.
    pub(super) fn host(&self, index: u16) -> Option<&NextHop> {
        self.hosts.get(usize::from(index))?.as_ref()
    }

    /// The tunnel that a station is behind; 0 for one on a fabric itself.
    pub(super) fn of(&self, station: &Neighbour) -> u16 {
        self.stations.get(station).copied().unwrap_or_default()
    }

    /// Enters the hosts among the neighbours.
    pub(super) fn declare_and_leave_open(&self, next_hops: &mut NextHops) {
        for (entry, host) in self.entries.iter().zip(&self.hosts) {
            match host {
                Some(NextHop { neighbour, resolver: Resolver::Declared, .. }) => {
                    next_hops.declare(*neighbour, vxlan::host_mac(entry));
                }
                Some(host) => next_hops.leave_open(host.neighbour, host.resolver),
                None => {}
            }
        }
    }

    /// Gives hosts that the desired state has no MAC address for the learned one, and those that are not
    /// known any more none. Adjacencies into the tunnel of a host that is not known are closed, and
    /// others as their next hops have them.
    pub(super) fn resolve(
        &mut self,
        adjacencies: &mut [image::Adjacency],
        next_hops: &NextHops,
        learned: &Neighbours,
    ) {
        for (entry, host) in self.entries.iter_mut().zip(&self.hosts) {
            if let Some(host) = host.filter(|host| host.resolver != Resolver::Declared) {
                let mac = learned.mac(&host.neighbour).unwrap_or(MacAddress([0; 6]));
                *entry = vxlan::resolved(entry, mac);
            }
        }
        for (index, adjacency) in (0..).zip(adjacencies) {
            let Some(tunnel) = self.get(adjacency.tunnel) else { continue };
            if !vxlan::is_resolved(tunnel) {
                adjacency.kind = ADJACENCY_UNRESOLVED;
            } else if let Some(next_hop) = next_hops.get(index)
                && next_hop.resolver == Resolver::Declared
            {
                adjacency.kind = next_hop.kind;
            }
        }
    }

    /// The MAC addresses of hosts that were learned.
    pub(super) fn learned(&self) -> impl Iterator<Item = (Neighbour, MacAddress)> {
        self.entries.iter().zip(&self.hosts).filter_map(|(entry, host)| {
            let host = host.filter(|host| host.resolver != Resolver::Declared)?;
            vxlan::is_resolved(entry).then(|| (host.neighbour, vxlan::host_mac(entry)))
        })
    }
}

/// What arrives at the underlay itself that this travels on.
pub(super) const fn underlay_of(key: PortKey) -> PortKey {
    PortKey { ifindex: key.ifindex, outer: UNTAGGED, inner: UNTAGGED }
}
