//! What a fabric with VXLAN needs: hosts, tunnel endpoints, and which station is behind which.
//!
//! Between two VNets of a fabric a frame carries the network identifier of the VNet it is for; to an
//! MSEE that of the VNet it comes from, because by it the MSEE knows whose packet it has. So a VM's
//! host takes frames of its own VNet alone, and has a device for each VNet it sends to.

use std::{collections::BTreeMap, net::Ipv4Addr};

use ipnetwork::{IpNetwork, Ipv4Network};

use super::{
    super::{
        addressing::nth,
        plan::{
            End, Fabric, FabricHost, Interface, Neighbour, Node, NodeKind, Remote, Underlay,
            VxlanDevice,
        },
    },
    Topology,
    fabric::VnetGroup,
};

/// Network identifier of the first VNet of a file; the others follow in its order.
const FIRST_VNI: u32 = 5001;

/// Name of the host that a VM or gateway sits behind.
pub(in crate::topology) fn host_name(guest: &str) -> String {
    format!("{guest}-host")
}

/// Decides about the tunnels of every fabric, and gives the hosts their addresses and neighbours.
pub(super) fn fill(
    topology: &Topology,
    groups: &[VnetGroup<'_>],
    fabrics: &mut [Fabric],
    nodes: &mut [Node],
) {
    for (index, fabric) in fabrics.iter_mut().enumerate() {
        let underlay = underlay(topology, groups, fabric, index, nodes);
        let stations: Vec<_> = stations(fabric, &underlay, nodes);
        for (node, address, mac) in &stations {
            let is_host = underlay.hosts.iter().any(|host| host.node == *node);
            let node = nodes.iter_mut().find(|candidate| candidate.name == *node);
            let Some(eth1) = node.filter(|_| is_host).and_then(|it| it.interfaces.first_mut())
            else {
                continue;
            };
            let own = Ipv4Network::new(*address, underlay.prefix.prefix());
            eth1.addresses.extend(own.ok().map(IpNetwork::from));
            let others = stations.iter().filter(|(_, _, other)| other != mac);
            eth1.neighbours.extend(
                others.map(|(_, address, mac)| Neighbour { address: (*address).into(), mac: *mac }),
            );
        }
        fabric.underlay = Some(underlay);
    }
}

fn underlay(
    topology: &Topology,
    groups: &[VnetGroup<'_>],
    fabric: &Fabric,
    index: usize,
    nodes: &[Node],
) -> Underlay {
    let prefix = prefix(index);
    let mut addresses = (1..).map(|place| nth(prefix, place));
    let mut next = || addresses.next().unwrap_or(prefix.network());
    let names = || topology.expressroute.vnets.names().zip(FIRST_VNI..);
    let vnis: BTreeMap<String, u32> = names()
        .filter(|(name, _)| fabric.vnets.iter().any(|vnet| vnet == name))
        .map(|(name, vni)| (name.to_owned(), vni))
        .collect();
    let node = |name: &str| nodes.iter().find(|node| node.name == name);
    let mut msees = BTreeMap::new();
    let mut hosts = Vec::new();
    for port in &fabric.ports {
        match node(&port.end.node).map(|node| &node.kind) {
            Some(NodeKind::Msee { .. }) => {
                msees.insert(port.end.node.clone(), next());
            }
            Some(NodeKind::FabricHost { guest }) => hosts.push(FabricHost {
                node: port.end.node.clone(),
                address: next(),
                guest: End { node: guest.clone(), interface: "eth1".to_owned() },
                devices: Vec::new(),
            }),
            _ => {}
        }
    }
    let mut underlay = Underlay { prefix, vnis, msees, hosts };
    let devices: Vec<_> =
        underlay.hosts.iter().map(|host| devices(host, &underlay, groups, fabric, nodes)).collect();
    for (host, devices) in underlay.hosts.iter_mut().zip(devices) {
        host.devices = devices;
    }
    underlay
}

/// A /16 of the shared address space (RFC 6598) for each fabric. The 65th has the first one's: each
/// underlay is a bridge of its own, and nothing routes between them.
fn prefix(index: usize) -> Ipv4Network {
    let region = (index % 64) as u8;
    let network = Ipv4Addr::new(100, 64 + region, 0, 0);
    Ipv4Network::new(network, 16).unwrap_or_else(|_| Ipv4Network::from(network))
}

/// The devices of one host: of its guest's VNet first, then of those peered with it.
fn devices(
    own: &FabricHost,
    underlay: &Underlay,
    groups: &[VnetGroup<'_>],
    fabric: &Fabric,
    nodes: &[Node],
) -> Vec<VxlanDevice> {
    let node = |name: &str| nodes.iter().find(|node| node.name == name);
    let guest_vnet = |host: &FabricHost| match &node(&host.guest.node)?.kind {
        NodeKind::Vm { vnet } | NodeKind::Gateway { vnet } => Some(vnet.clone()),
        _ => None,
    };
    let Some(own_vnet) = guest_vnet(own) else { return Vec::new() };
    let reached = groups.iter().find(|group| group.contains(&own_vnet));
    let peered = fabric.vnets.iter().filter(|vnet| {
        **vnet != own_vnet && reached.is_some_and(|group| group.contains(vnet.as_str()))
    });
    let vnets = std::iter::once(&own_vnet).chain(peered);
    let device = |vnet: &String| {
        let vni = *underlay.vnis.get(vnet)?;
        let mut remotes = Vec::new();
        for host in &underlay.hosts {
            if host.node != own.node && guest_vnet(host).as_ref() == Some(vnet) {
                let guest = node(&host.guest.node).and_then(|node| node.interfaces.first());
                let macs = guest.into_iter().flat_map(Interface::macs);
                remotes.extend(macs.map(|mac| Remote { mac, endpoint: host.address }));
            }
        }
        if *vnet == own_vnet {
            let msees = stations(fabric, underlay, nodes);
            let msees = msees.into_iter().filter(|(node, ..)| underlay.msees.contains_key(node));
            remotes.extend(msees.map(|(_, endpoint, mac)| Remote { mac, endpoint }));
        }
        Some(VxlanDevice { vni, remotes })
    };
    vnets.filter_map(device).collect()
}

/// The stations of the underlay: node, tunnel endpoint, MAC address.
fn stations(
    fabric: &Fabric,
    underlay: &Underlay,
    nodes: &[Node],
) -> Vec<(String, Ipv4Addr, desired::MacAddress)> {
    let station = |end: &End| {
        let host = underlay.hosts.iter().find(|host| host.node == end.node);
        let address = host.map(|host| host.address);
        let address = address.or_else(|| underlay.msees.get(&end.node).copied())?;
        let node = nodes.iter().find(|node| node.name == end.node)?;
        let port = node.interfaces.iter().find(|port| port.name == end.interface)?;
        Some((end.node.clone(), address, port.mac))
    };
    fabric.ports.iter().filter_map(|port| station(&port.end)).collect()
}

#[cfg(test)]
mod tests;
