//! The routes a VM learned through its VNet's connections.
//!
//! Ours carry routing protocol number 186 (`proto bgp`, which is how they were learned), so that
//! others' stay untouched and a restarted agent knows its own. A changed route is replaced in one request (`NLM_F_REPLACE`): there is no moment
//! without it. Next hops are MSEEs by their in-VNet addresses; a VM's /32 makes them `onlink`.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use desired::NicRoutes;
use futures::TryStreamExt;
use ipnetwork::{IpNetwork, Ipv4Network};
use miette::Diagnostic;
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteNextHopFlags, RouteProtocol,
};
use rtnetlink::{RouteMessageBuilder, RouteNextHopBuilder};

use super::connection::{ConnectError, Connection, NetlinkError};

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

type Learned = BTreeMap<Ipv4Network, Vec<Ipv4Addr>>;

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
    let wanted = ipv4(wanted);
    let mut changes = Changes::default();
    for (prefix, next_hops) in &wanted {
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
    let routes = current(&connection).await?.into_iter();
    let routes = routes.map(|(prefix, next_hops)| {
        (prefix.into(), next_hops.into_iter().map(IpAddr::V4).collect())
    });
    Ok(NicRoutes { routes: routes.collect() })
}

fn ipv4(routes: &NicRoutes) -> Learned {
    let ipv4 = routes.routes.iter().filter_map(|(prefix, next_hops)| {
        let IpNetwork::V4(prefix) = prefix else { return None };
        let next_hops = next_hops.iter().filter_map(|address| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        });
        Some((*prefix, next_hops.collect()))
    });
    ipv4.collect()
}

async fn current(connection: &Connection) -> Result<Learned, NetlinkError> {
    let request = RouteMessageBuilder::<Ipv4Addr>::new().build();
    let routes = connection.netlink().route().get(request).execute();
    let routes: Vec<RouteMessage> =
        routes.try_collect().await.map_err(connection.failed("list the routes"))?;
    let ours = routes.iter().filter(|route| {
        route.header.protocol == PROTOCOL && route.header.table == RouteHeader::RT_TABLE_MAIN
    });
    Ok(ours.filter_map(prefix_and_next_hops).collect())
}

/// Adds a route, or replaces the one there is, at once.
pub(super) async fn replace(
    connection: &Connection,
    interface: u32,
    prefix: Ipv4Network,
    next_hops: &[Ipv4Addr],
) -> Result<(), NetlinkError> {
    let builder = RouteMessageBuilder::<Ipv4Addr>::new()
        .destination_prefix(prefix.network(), prefix.prefix())
        .protocol(PROTOCOL);
    let message = match next_hops {
        [only] => builder.gateway(*only).output_interface(interface).onlink().build(),
        several => {
            let next_hops = several.iter().filter_map(|address| {
                let next_hop = RouteNextHopBuilder::new_ipv4().interface(interface);
                let next_hop = next_hop.flags(RouteNextHopFlags::Onlink);
                // Fails only for an address of another family.
                Some(next_hop.via((*address).into()).ok()?.build())
            });
            builder.multipath(next_hops.collect()).build()
        }
    };
    let added = connection.netlink().route().add(message).replace().execute().await;
    added.map_err(connection.failed(format!("set the route {prefix}")))
}

/// Deletes one of our routes.
pub(super) async fn delete(
    connection: &Connection,
    prefix: Ipv4Network,
) -> Result<(), NetlinkError> {
    let message = RouteMessageBuilder::<Ipv4Addr>::new()
        .destination_prefix(prefix.network(), prefix.prefix())
        .protocol(PROTOCOL)
        .build();
    let deleted = connection.netlink().route().del(message).execute().await;
    deleted.map_err(connection.failed(format!("delete the route {prefix}")))
}

fn prefix_and_next_hops(route: &RouteMessage) -> Option<(Ipv4Network, Vec<Ipv4Addr>)> {
    let mut destination = Ipv4Addr::UNSPECIFIED;
    let mut next_hops = Vec::new();
    for attribute in &route.attributes {
        match attribute {
            RouteAttribute::Destination(RouteAddress::Inet(address)) => destination = *address,
            RouteAttribute::MultiPath(several) => {
                next_hops.extend(several.iter().filter_map(|hop| gateway(&hop.attributes)));
            }
            _ => {}
        }
    }
    next_hops.extend(gateway(&route.attributes));
    let length = route.header.destination_prefix_length;
    Some((Ipv4Network::new(destination, length).ok()?, next_hops))
}

/// The next hop among a route's attributes.
pub(super) fn gateway(attributes: &[RouteAttribute]) -> Option<Ipv4Addr> {
    attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Gateway(RouteAddress::Inet(address)) => Some(*address),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
