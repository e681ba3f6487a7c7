//! Who may connect to which circuit, and with FastPath.

use super::{Change, Violation};
use crate::{
    fastpath,
    resource::{
        AuthorizationKey, CircuitAuthorization, Connection, Resource, ResourceId, Typed,
        VirtualNetworkGateway,
    },
    resources::Resources,
};

/// The connection that a change makes or replaces.
fn connection_of(change: &Change) -> Option<(&Resource, &Connection)> {
    match change {
        Change::Put(resource) => match &resource.typed {
            Typed::Connection(connection) => Some((resource, connection)),
            _ => None,
        },
        Change::Delete(_) => None,
    }
}

/// The connection that uses an authorization of `circuit` with this key.
pub fn user_of_key<'a>(
    circuit: &ResourceId,
    key: &AuthorizationKey,
    resources: &'a Resources,
) -> Option<&'a Resource> {
    resources
        .all::<Connection>()
        .filter(|(_, connection)| connection.circuit == *circuit)
        .find(|(resource, _)| resource.held.key.as_ref() == Some(key))
        .map(|(resource, _)| resource)
}

pub(super) fn once_a_circuit(change: &Change, after: &Resources) -> Result<(), Violation> {
    let Some((resource, connection)) = connection_of(change) else { return Ok(()) };
    let Connection { gateway, circuit, .. } = connection;
    let mut others = after.all::<Connection>().filter(|(other, other_connection)| {
        other.id != resource.id
            && other_connection.gateway == *gateway
            && other_connection.circuit == *circuit
    });
    match others.next() {
        None => Ok(()),
        Some((other, _)) => Err(Violation::ConnectionExists {
            gateway: gateway.clone(),
            circuit: circuit.clone(),
            other: other.id.clone(),
        }),
    }
}

/// A circuit of another subscription needs a key; a key that is given must be right in any case.
/// Taking an authorization away while its key is in use is refused likewise.
pub(super) fn authorized(
    change: &Change,
    before: &Resources,
    after: &Resources,
) -> Result<(), Violation> {
    if let Change::Delete(id) = change
        && let Some(circuit) = id.parent()
        && before.find::<CircuitAuthorization>(id).is_some()
        && let Some(key) = before.get(id).and_then(|resource| resource.held.key.as_ref())
        && let Some(user) = user_of_key(&circuit, key, before)
    {
        return Err(Violation::InUse { id: id.clone(), user: user.id.clone() });
    }
    let Some((resource, connection)) = connection_of(change) else { return Ok(()) };
    let (id, circuit) = (resource.id.clone(), connection.circuit.clone());
    let Some(key) = &resource.held.key else {
        return if id.same_subscription(&circuit) {
            Ok(())
        } else {
            Err(Violation::KeyRequired { id, circuit })
        };
    };
    // Every key of the circuit is compared, so that the time taken does not tell which one matched.
    let matches = after
        .all::<CircuitAuthorization>()
        .filter(|(authorization, _)| authorization.id.parent().as_ref() == Some(&circuit))
        .filter(|(authorization, _)| authorization.held.key.as_ref() == Some(key))
        .count();
    if matches == 0 {
        return Err(Violation::KeyInvalid { id, circuit });
    }
    let mut others = after.clone();
    others.remove(id.key());
    match user_of_key(&circuit, key, &others) {
        Some(other) => Err(Violation::KeyInUse { id, circuit, other: other.id.clone() }),
        None => Ok(()),
    }
}

/// Only making a connection needs the circuit Provisioned: one that loses it later stays, without
/// its routes, and may be changed meanwhile.
pub(super) fn circuit_is_provisioned(
    change: &Change,
    before: &Resources,
    after: &Resources,
) -> Result<(), Violation> {
    let Some((resource, connection)) = connection_of(change) else { return Ok(()) };
    let connected_before = before
        .find::<Connection>(&resource.id)
        .is_some_and(|before| before.circuit == connection.circuit);
    let provisioned =
        after.get(&connection.circuit).is_some_and(|circuit| circuit.held.provisioned);
    if connected_before || provisioned {
        return Ok(());
    }
    let (id, circuit) = (resource.id.clone(), connection.circuit.clone());
    Err(Violation::NotProvisioned { id, circuit })
}

/// Holds for the connection that asks and for the gateway that would shrink under it.
pub(super) fn fastpath_is_eligible(after: &Resources) -> Result<(), Violation> {
    for (resource, connection) in after.all::<Connection>().filter(|(_, c)| c.bypass) {
        let Some(gateway) = after.find::<VirtualNetworkGateway>(&connection.gateway) else {
            continue;
        };
        if !fastpath::eligible(gateway.sku) {
            return Err(Violation::FastPathSku {
                connection: resource.id.clone(),
                gateway: connection.gateway.clone(),
                sku: gateway.sku,
            });
        }
    }
    Ok(())
}
