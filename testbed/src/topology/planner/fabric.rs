//! Fabrics: one bridge for each set of peered VNets. With VXLAN one for each region: VNets are told
//! apart by their network identifiers, also when they have equal addresses.

use std::time::Duration;

use ipnetwork::IpNetwork;

use super::{
    super::{
        file::{FabricKind, Region},
        plan::{Fabric, FabricPort},
    },
    End, Impairment, MTU, Node, NodeKind, Topology, VXLAN_OVERHEAD,
};

/// A set of VNets that belong together, in the order of the file.
#[derive(Clone)]
pub(super) struct VnetGroup<'t> {
    vnets: Vec<&'t str>,
}

impl VnetGroup<'_> {
    /// Its VNets.
    pub(super) fn vnets(&self) -> impl Iterator<Item = &str> {
        self.vnets.iter().copied()
    }

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

/// The VNets that share a bridge: peered ones, or with VXLAN all of a region.
pub(super) fn segments<'t>(topology: &'t Topology, groups: &[VnetGroup<'t>]) -> Vec<VnetGroup<'t>> {
    let expressroute = &topology.expressroute;
    match expressroute.fabric {
        FabricKind::Plain => groups.to_vec(),
        FabricKind::Vxlan => expressroute
            .regions
            .names()
            .map(|region| {
                let vnets = expressroute.vnets.iter();
                let in_region = vnets.filter(|(_, vnet)| vnet.region.value == region);
                VnetGroup { vnets: in_region.map(|(name, _)| name.as_str()).collect() }
            })
            .filter(|segment| !segment.vnets.is_empty())
            .collect(),
    }
}

/// The fabrics and what is plugged into each: MSEEs with the region's wire, and VMs and gateways or,
/// with VXLAN, the hosts before them.
pub(super) fn fabrics(
    topology: &Topology,
    segments: &[VnetGroup<'_>],
    nodes: &[Node],
) -> Vec<Fabric> {
    let port = |node: &Node, interface: &str, wire| FabricPort {
        end: End { node: node.name.clone(), interface: interface.to_owned() },
        wire,
    };
    let mut fabrics = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let delay = delay(topology, segment);
        let wire = topology.expressroute.wires.then_some(Impairment { delay });
        let mut ports = Vec::new();
        for node in nodes.iter().filter(|node| matches!(node.kind, NodeKind::Msee { .. })) {
            // The fabric ports are an MSEE's last interfaces, one for each fabric in order.
            let first = node.interfaces.len().saturating_sub(segments.len());
            if let Some(interface) = node.interfaces.get(first + index) {
                ports.push(port(node, &interface.name, wire));
            }
        }
        let in_segment = |node: &Node| match &node.kind {
            NodeKind::Vm { vnet } | NodeKind::Gateway { vnet } => segment.contains(vnet),
            _ => false,
        };
        let plugged = |node: &&Node| match (&node.kind, topology.expressroute.fabric) {
            (NodeKind::FabricHost { guest }, _) => {
                nodes.iter().any(|node| node.name == *guest && in_segment(node))
            }
            (_, FabricKind::Plain) => in_segment(node),
            (_, FabricKind::Vxlan) => false,
        };
        ports.extend(nodes.iter().filter(plugged).map(|node| port(node, "eth1", None)));
        let vnets = segment.vnets.iter().map(|&vnet| vnet.to_owned()).collect();
        fabrics.push(Fabric { bridge: format!("fabric{index}"), vnets, ports, underlay: None });
    }
    fabrics
}

/// The delay of the region that the segment's VNets share.
fn delay(topology: &Topology, segment: &VnetGroup<'_>) -> Duration {
    let region = segment.vnets.first().and_then(|vnet| region(topology, vnet));
    region.map(|region| region.delay.0).unwrap_or_default()
}

/// Longest packet of a segment's region: the VMs' own, and what it travels in.
pub(super) fn underlay_mtu(topology: &Topology, segment: &VnetGroup<'_>) -> u32 {
    let packet = segment.vnets.first().map_or(MTU, |vnet| region_mtu(topology, vnet));
    match topology.expressroute.fabric {
        FabricKind::Plain => packet,
        FabricKind::Vxlan => packet + VXLAN_OVERHEAD,
    }
}

/// Longest packet that the VMs and the gateway of a VNet send: that of its region.
pub(super) fn region_mtu(topology: &Topology, vnet: &str) -> u32 {
    let mtu = region(topology, vnet).and_then(|region| region.mtu.as_ref());
    mtu.map_or(MTU, |mtu| mtu.value)
}

fn region<'t>(topology: &'t Topology, vnet: &str) -> Option<&'t Region> {
    let expressroute = &topology.expressroute;
    expressroute.regions.find(&expressroute.vnets.find(vnet)?.region)
}
