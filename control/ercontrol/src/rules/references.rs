//! What a resource refers to must exist, and stay.

use super::{Change, Violation};
use crate::{
    resource::{Resource, ResourceId, ResourceType, SubnetId, Typed, VirtualNetwork},
    resources::Resources,
};

pub(super) fn parent_exists(resource: &Resource, after: &Resources) -> Result<(), Violation> {
    match resource.id.parent() {
        Some(parent) if after.get(&parent).is_none() => {
            Err(Violation::ParentNotFound { id: resource.id.clone(), parent })
        }
        _ => Ok(()),
    }
}

enum Reference<'a> {
    Resource(&'a ResourceId),
    Subnet(&'a SubnetId),
}

/// The references that must resolve. Those of `Erlab.Edge` are not among them: they describe
/// cables, which may lie there before and after what they are for. Neither are those of a VNet
/// peering: the remote VNet may be deleted, and the peering is then no longer connected.
fn references(typed: &Typed) -> Vec<Reference<'_>> {
    match typed {
        Typed::NetworkInterface(nic) => vec![Reference::Subnet(&nic.subnet)],
        Typed::VirtualNetworkGateway(gateway) => vec![Reference::Subnet(&gateway.subnet)],
        Typed::Connection(connection) => {
            vec![Reference::Resource(&connection.gateway), Reference::Resource(&connection.circuit)]
        }
        Typed::ResourceGroup
        | Typed::VirtualNetwork(_)
        | Typed::VirtualNetworkPeering(_)
        | Typed::ExpressRouteCircuit(_)
        | Typed::CircuitPeering(_)
        | Typed::CircuitAuthorization(_)
        | Typed::Router(_)
        | Typed::GatewayHost(_)
        | Typed::FabricHost(_) => Vec::new(),
    }
}

/// A reference of the changed resource itself must resolve; one of another resource that no longer
/// resolves means that the change takes away what is in use.
pub(super) fn all_resolve(change: &Change, after: &Resources) -> Result<(), Violation> {
    if let Change::Put(resource) = change
        && let Typed::VirtualNetworkPeering(peering) = &resource.typed
        && after.get(&peering.remote).is_none()
    {
        let reference = peering.remote.to_string();
        return Err(Violation::ReferenceNotFound { id: resource.id.clone(), reference });
    }
    for resource in after.iter() {
        for reference in references(&resource.typed) {
            let (id, text, resolves) = match reference {
                Reference::Resource(id) => (id, id.to_string(), after.get(id).is_some()),
                Reference::Subnet(subnet) => {
                    let network = after.find::<VirtualNetwork>(&subnet.network);
                    let found = network.and_then(|network| network.subnet(&subnet.name));
                    (&subnet.network, subnet.to_string(), found.is_some())
                }
            };
            if resolves {
                continue;
            }
            let user = resource.id.clone();
            return Err(match (reference, change) {
                _ if user == *change.id() => {
                    Violation::ReferenceNotFound { id: user, reference: text }
                }
                (Reference::Subnet(subnet), Change::Put(_)) => {
                    Violation::SubnetInUse { subnet: subnet.clone(), user }
                }
                _ => Violation::InUse { id: id.clone(), user },
            });
        }
    }
    Ok(())
}

/// Azure deletes a group with all that is in it; here that is left to the user, one by one.
pub(super) fn group_is_empty(change: &Change, after: &Resources) -> Result<(), Violation> {
    let Change::Delete(id) = change else { return Ok(()) };
    if id.kind() != ResourceType::ResourceGroup {
        return Ok(());
    }
    let prefix = format!("{}/", id.key());
    match after.iter().find(|resource| resource.id.key().starts_with(&prefix)) {
        None => Ok(()),
        Some(user) => Err(Violation::InUse { id: id.clone(), user: user.id.clone() }),
    }
}
