//! Which VNets meet: those that one circuit reaches, and those that peerings connect, which are on one
//! fabric. Only these need addresses of their own; two customers may both have 10.0.0.0/16.

use crate::topology::file::ExpressRoute;

/// Groups of VNets that must not overlap.
pub(super) struct Joined<'t> {
    groups: Vec<Vec<&'t str>>,
}

impl<'t> Joined<'t> {
    /// Looks at peerings and at the connections the file makes. One that is made later, and would
    /// join two equal VNets, is refused by `ercontrol`.
    pub(super) fn of(azure: &'t ExpressRoute) -> Self {
        let mut groups: Vec<Vec<&str>> = Vec::new();
        for peering in &azure.peerings {
            let mut joined: Vec<&str> = vec![&peering.hub, &peering.spoke];
            // Two spokes of one hub meet on its fabric, peered or not.
            groups.retain(|group| {
                let apart = !joined.iter().any(|vnet| group.contains(vnet));
                if !apart {
                    joined.extend(group);
                }
                apart
            });
            groups.push(joined);
        }
        let circuits = azure.circuits.names().map(|circuit| {
            let connections = azure.connections.iter();
            let connections = connections.filter(|(_, it)| it.circuit.value == circuit);
            connections.flat_map(|(_, it)| reached(azure, &it.gateway)).collect()
        });
        groups.extend(circuits);
        Self { groups }
    }

    /// Whether two VNets meet.
    pub(super) fn are(&self, a: &str, b: &str) -> bool {
        self.groups.iter().any(|group| group.contains(&a) && group.contains(&b))
    }
}

/// The VNet of a gateway and the spokes that use it.
fn reached<'t>(azure: &'t ExpressRoute, gateway: &str) -> Vec<&'t str> {
    let of_gateway = azure.vnets.iter().find(|(_, vnet)| {
        vnet.gateway.as_ref().is_some_and(|candidate| candidate.name.value == gateway)
    });
    let Some((hub, _)) = of_gateway else { return Vec::new() };
    let spokes = azure.peerings.iter().filter(|it| it.gateway_transit && it.hub == *hub);
    std::iter::once(hub.as_str()).chain(spokes.map(|it| it.spoke.as_str())).collect()
}
