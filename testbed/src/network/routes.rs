//! The routes a VM learned through its VNet's connections.
//!
//! Ours carry routing protocol number 186 (`proto bgp`, which is how they were learned), so that
//! others' stay untouched and a restarted agent knows its own. A changed route is replaced in one request (`NLM_F_REPLACE`): there is no moment
//! without it. Next hops are MSEEs by their in-VNet addresses; a VM's own address is a /32 or /128,
//! which makes them `onlink`.
//!
//! Trap: IPv6 keeps a route of several next hops as several routes. It lists them as one and deletes
//! them together, and a replacement takes the first one's place before it adds the others.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use desired::NicRoutes;
use futures::TryStreamExt;
use ipnetwork::IpNetwork;
use miette::Diagnostic;
use netlink_packet_route::{
    AddressFamily,
    route::{
        RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteNextHopFlags, RouteProtocol,
    },
};
use rtnetlink::{RouteMessageBuilder, RouteNextHopBuilder};

use super::{
    connection::{ConnectError, Connection, NetlinkError},
    route_message,
};

/// `rtm_protocol` of our routes: RTPROT_BGP, 186. Nothing else in a VM speaks BGP.
pub(super) const PROTOCOL: RouteProtocol = RouteProtocol::Bgp;

/// The interface every VM has.
pub(super) const INTERFACE: &str = "eth1";

/// Why a VM's routes could not be set.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum RoutesError {
    /// A namespace could not be opened for configuration.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Connect(#[from] ConnectError),
    /// It has no `eth1`.
    #[error("{namespace} has no interface eth1: it is not the namespace of a VM")]
    NoInterface {
        /// Where.
        namespace: String,
    },
    /// A request.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Netlink(#[from] NetlinkError),
}

/// How many routes [`set`] touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// Added or replaced.
    pub(super) set: usize,
    /// Removed.
    pub(super) removed: usize,
}

type Learned = BTreeMap<IpNetwork, Vec<IpAddr>>;

/// Makes the learned routes of the VM in `namespace` exactly `wanted`. Nothing is touched that is
/// right already.
pub async fn set(namespace: &str, wanted: &NicRoutes) -> Result<(), RoutesError> {
    let Changes { set, removed } = reconcile(namespace, wanted).await?;
    if set + removed > 0 {
        tracing::info!(event = "vm_routes_changed", namespace, set, removed);
    }
    Ok(())
}

pub(super) async fn reconcile(namespace: &str, wanted: &NicRoutes) -> Result<Changes, RoutesError> {
    let connection = Connection::open(namespace).await?;
    let links = connection.links().await?;
    let Some(eth1) = links.get(INTERFACE) else {
        return Err(RoutesError::NoInterface { namespace: namespace.to_owned() });
    };
    let current = current(&connection).await?;
    let wanted = &wanted.routes;
    let mut changes = Changes::default();
    for (prefix, next_hops) in wanted {
        if !next_hops.is_empty() && current.get(prefix) != Some(next_hops) {
            replace(&connection, eth1.index, *prefix, next_hops).await?;
            changes.set += 1;
        }
    }
    // Last: a prefix that moved into a longer or shorter one has its new route by now.
    for prefix in current.keys() {
        if wanted.get(prefix).is_none_or(Vec::is_empty) {
            delete(&connection, *prefix).await?;
            changes.removed += 1;
        }
    }
    Ok(changes)
}

/// The learned routes that the VM in `namespace` has.
pub async fn learned(namespace: &str) -> Result<NicRoutes, RoutesError> {
    let connection = Connection::open(namespace).await?;
    Ok(NicRoutes { routes: current(&connection).await? })
}

async fn current(connection: &Connection) -> Result<Learned, NetlinkError> {
    let mut learned = Learned::new();
    for request in [
        RouteMessageBuilder::<Ipv4Addr>::new().build(),
        RouteMessageBuilder::<Ipv6Addr>::new().build(),
    ] {
        let routes = connection.netlink().route().get(request).execute();
        let routes: Vec<RouteMessage> =
            routes.try_collect().await.map_err(connection.failed("list the routes"))?;
        let ours = routes.iter().filter(|route| {
            route.header.protocol == PROTOCOL && route.header.table == RouteHeader::RT_TABLE_MAIN
        });
        learned.extend(ours.filter_map(prefix_and_next_hops));
    }
    Ok(learned)
}

/// Adds a route, or replaces the one there is, at once.
pub(super) async fn replace(
    connection: &Connection,
    interface: u32,
    prefix: IpNetwork,
    next_hops: &[IpAddr],
) -> Result<(), NetlinkError> {
    let message = route_message::to(prefix).protocol(PROTOCOL);
    let message = match next_hops {
        [only] => route_message::by(message, *only).output_interface(interface).onlink().build(),
        several => {
            let next_hops = several.iter().filter_map(|address| {
                let next_hop = match address {
                    IpAddr::V4(_) => RouteNextHopBuilder::new_ipv4(),
                    IpAddr::V6(_) => RouteNextHopBuilder::new_ipv6(),
                };
                let next_hop = next_hop.interface(interface).flags(RouteNextHopFlags::Onlink);
                // Fails only for an address of another family.
                Some(next_hop.via(*address).ok()?.build())
            });
            message.multipath(next_hops.collect()).build()
        }
    };
    let added = connection.netlink().route().add(message).replace().execute().await;
    added.map_err(connection.failed(format!("set the route {prefix}")))
}

/// Deletes one of our routes.
pub(super) async fn delete(connection: &Connection, prefix: IpNetwork) -> Result<(), NetlinkError> {
    let message = route_message::to(prefix).protocol(PROTOCOL).build();
    let deleted = connection.netlink().route().del(message).execute().await;
    deleted.map_err(connection.failed(format!("delete the route {prefix}")))
}

fn prefix_and_next_hops(route: &RouteMessage) -> Option<(IpNetwork, Vec<IpAddr>)> {
    let mut destination: IpAddr = match route.header.address_family {
        AddressFamily::Inet => Ipv4Addr::UNSPECIFIED.into(),
        AddressFamily::Inet6 => Ipv6Addr::UNSPECIFIED.into(),
        _ => return None,
    };
    let mut next_hops = Vec::new();
    for attribute in &route.attributes {
        match attribute {
            RouteAttribute::Destination(address) => destination = ip(address)?,
            RouteAttribute::MultiPath(several) => {
                next_hops.extend(several.iter().filter_map(|hop| gateway(&hop.attributes)));
            }
            _ => {}
        }
    }
    next_hops.extend(gateway(&route.attributes));
    let length = route.header.destination_prefix_length;
    Some((IpNetwork::new(destination, length).ok()?, next_hops))
}

/// The next hop among a route's attributes.
pub(super) fn gateway(attributes: &[RouteAttribute]) -> Option<IpAddr> {
    attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Gateway(address) => ip(address),
        _ => None,
    })
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some((*address).into()),
        RouteAddress::Inet6(address) => Some((*address).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
