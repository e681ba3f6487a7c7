//! Fabrics: one bridge for each set of peered VNets.

use std::time::Duration;

use ipnetwork::IpNetwork;

use super::{
    super::plan::{Fabric, FabricPort},
    End, Impairment, Node, NodeKind, Topology,
};

/// A set of VNets that peerings connect, in the order of the file.
pub(super) struct VnetGroup<'t> {
    vnets: Vec<&'t str>,
}

impl VnetGroup<'_> {
    pub(super) fn contains(&self, vnet: &str) -> bool {
        self.vnets.contains(&vnet)
    }

    /// Address spaces of its VNets, of both families.
    pub(super) fn prefixes(&self, topology: &Topology) -> Vec<IpNetwork> {
        let vnets = || self.vnets.iter().filter_map(|vnet| topology.expressroute.vnets.find(vnet));
        let ipv4 = vnets().map(|vnet| vnet.cidr.value.into());
        let ipv6 = vnets().filter_map(|vnet| Some(vnet.cidr6.as_ref()?.value.into()));
        ipv4.chain(ipv6).collect()
    }

    /// Whether one of its VNets has a GatewaySubnet.
    pub(super) fn has_gateway_subnet(&self, topology: &Topology) -> bool {
        let mut vnets = self.vnets.iter();
        vnets.any(|vnet| {
            topology.expressroute.vnets.find(vnet).is_some_and(|vnet| vnet.gateway_subnet.is_some())
        })
    }

    /// Its VMs.
    pub(super) fn vms<'a>(&'a self, topology: &'a Topology) -> impl Iterator<Item = &'a str> {
        let vnets = self.vnets.iter().filter_map(|vnet| topology.expressroute.vnets.find(vnet));
        vnets.flat_map(|vnet| vnet.vms.names())
    }
}

/// Groups the VNets: each starts alone, each peering joins two groups.
pub(super) fn groups(topology: &Topology) -> Vec<VnetGroup<'_>> {
    let vnets = &topology.expressroute.vnets;
    // `group[i]` is the lowest VNet that VNet `i` is connected with.
    let mut group: Vec<usize> = (0..vnets.0.len()).collect();
    let place = |name: &str| vnets.names().position(|candidate| candidate == name);
    for peering in &topology.expressroute.peerings {
        let ends = place(&peering.hub).zip(place(&peering.spoke));
        let Some((&hub, &spoke)) = ends.and_then(|(a, b)| group.get(a).zip(group.get(b))) else {
            continue;
        };
        for member in &mut group {
            if *member == hub.max(spoke) {
                *member = hub.min(spoke);
            }
        }
    }
    let members = |leader: usize| {
        let of_leader = vnets.names().zip(&group).filter(move |(_, lowest)| **lowest == leader);
        of_leader.map(|(name, _)| name).collect::<Vec<_>>()
    };
    (0..group.len())
        .map(|leader| VnetGroup { vnets: members(leader) })
        .filter(|group| !group.vnets.is_empty())
        .collect()
}

/// The fabrics and what is plugged into each: MSEEs with the region's wire, VMs, gateways.
pub(super) fn fabrics(
    topology: &Topology,
    groups: &[VnetGroup<'_>],
    nodes: &[Node],
) -> Vec<Fabric> {
    let port = |node: &Node, interface: &str, wire| FabricPort {
        end: End { node: node.name.clone(), interface: interface.to_owned() },
        wire,
    };
    let mut fabrics = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let delay = delay(topology, group);
        let wire = topology.expressroute.wires.then_some(Impairment { delay });
        let mut ports = Vec::new();
        for node in nodes.iter().filter(|node| matches!(node.kind, NodeKind::Msee { .. })) {
            // The fabric ports are an MSEE's last interfaces, one for each fabric in order.
            let first = node.interfaces.len().saturating_sub(groups.len());
            if let Some(interface) = node.interfaces.get(first + index) {
                ports.push(port(node, &interface.name, wire));
            }
        }
        let in_group = |node: &&Node| match &node.kind {
            NodeKind::Vm { vnet } | NodeKind::Gateway { vnet } => group.contains(vnet),
            NodeKind::Onprem | NodeKind::Host | NodeKind::Msee { .. } => false,
        };
        ports.extend(nodes.iter().filter(in_group).map(|node| port(node, "eth1", None)));
        let vnets = group.vnets.iter().map(|&vnet| vnet.to_owned()).collect();
        fabrics.push(Fabric { bridge: format!("fabric{index}"), vnets, ports });
    }
    fabrics
}

/// The delay of the region that the group's VNets share.
fn delay(topology: &Topology, group: &VnetGroup<'_>) -> Duration {
    let expressroute = &topology.expressroute;
    let vnet = group.vnets.first().and_then(|vnet| expressroute.vnets.find(vnet));
    let region = vnet.and_then(|vnet| expressroute.regions.find(&vnet.region));
    region.map(|region| region.delay.0).unwrap_or_default()
}
