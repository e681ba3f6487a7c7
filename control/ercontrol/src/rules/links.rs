//! Links to customer edges: what a frame's tags say must name one circuit.

use std::collections::BTreeMap;

use super::Violation;
use crate::{
    resource::{CircuitPeering, Held, ResourceId, Router, service_tag::tags},
    resources::Resources,
};

/// An S-tag is an outer tag: it needs the customer's inside.
pub(super) fn tags_are_whole(after: &Resources) -> Result<(), Violation> {
    for (circuit, (peering, held)) in peerings(after) {
        if let (Some(stag), None) = (held.service_tag, tags(peering, held)) {
            return Err(Violation::VlanIdRequired { circuit: circuit.clone(), stag: stag.vlan });
        }
    }
    Ok(())
}

/// Two circuits on one interface of a router need different tags. Whether they are provisioned does
/// not matter, so that no later act of a provider joins two customers.
pub(super) fn links_are_distinct(after: &Resources) -> Result<(), Violation> {
    let peerings = peerings(after);
    for (router, Router { circuit_ports, .. }) in after.all::<Router>() {
        let mut seen: BTreeMap<String, &ResourceId> = BTreeMap::new();
        for cable in circuit_ports {
            let Some(tags) =
                peerings.get(&cable.circuit).and_then(|(peering, held)| tags(peering, held))
            else {
                continue;
            };
            let port = format!("{}{tags}", cable.interface);
            if let Some(other) = seen.insert(port.clone(), &cable.circuit) {
                return Err(Violation::VlanTagsInUse {
                    router: router.id.clone(),
                    port,
                    circuit: cable.circuit.clone(),
                    other: other.clone(),
                });
            }
        }
    }
    Ok(())
}

/// The circuits that have a private peering, with it and what is held of them.
fn peerings(after: &Resources) -> BTreeMap<ResourceId, (&CircuitPeering, &Held)> {
    after
        .all::<CircuitPeering>()
        .filter_map(|(resource, peering)| {
            let circuit = after.get(&resource.id.parent()?)?;
            Some((circuit.id.clone(), (peering, &circuit.held)))
        })
        .collect()
}
