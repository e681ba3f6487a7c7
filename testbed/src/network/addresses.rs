//! Addresses, neighbours and routes of the lab's namespaces, and what a bridge knows of stations.
use std::{collections::BTreeMap, net::Ipv4Addr};

use desired::MacAddress;
use futures::future::try_join_all;
use ipnetwork::IpNetwork;
use netlink_packet_route::{
    address::AddressHeaderFlags,
    neighbour::{NeighbourFlags, NeighbourState},
    route::RouteScope,
};

use crate::topology::plan::{CpuVeth, Neighbour, Node, Plan, Remote};

use super::{
    build::{BuildError, Namespaces},
    configure::{find, open},
    connection::{Connection, LinkFacts, NetlinkError},
    layout::{Layout, Station},
    namespace::{enter_file, on_thread},
    route_message, sysctl,
};

/// Gives every interface its addresses, neighbours and routes, and the bridges their stations.
pub(super) async fn addresses(
    plan: &Plan,
    layout: &Layout,
    namespaces: &Namespaces,
) -> Result<(), BuildError> {
    let nodes = plan.nodes.iter().map(|node| async move {
        let namespace = open(namespaces, &node.namespace)?;
        configure_node(namespace, node).await
    });
    let forwarding = namespaces.values().map(|namespace| forwarding(namespace, layout));
    futures::try_join!(try_join_all(nodes), try_join_all(forwarding))?;
    Ok(())
}

/// What the bridges and VXLAN devices of a namespace know of stations.
async fn forwarding(namespace: &Connection, layout: &Layout) -> Result<(), BuildError> {
    let stations = layout.stations.iter().filter(|station| station.namespace == namespace.name());
    let tunnels = layout.tunnels.iter().filter(|tunnel| tunnel.namespace == namespace.name());
    if stations.clone().next().is_none() {
        return Ok(());
    }
    let links = namespace.links().await?;
    let add = |index, mac: MacAddress, endpoint: Option<Ipv4Addr>, action: String| {
        let request = namespace.netlink().neighbours().add_bridge(index, &mac.0).replace();
        let request = match endpoint {
            // `static`: known for ever, and not the bridge's own (`permanent` would be).
            None => request.state(NeighbourState::Noarp).flags(NeighbourFlags::Controller),
            Some(endpoint) => request.flags(NeighbourFlags::Own).destination(endpoint.into()),
        };
        async move { request.execute().await.map_err(namespace.failed(action)) }
    };
    let mut requests = Vec::new();
    for Station { port, mac, .. } in stations {
        let index = find(namespace, &links, port)?;
        let action = format!("put {mac} behind {port}");
        requests.push(add(index, *mac, None, action));
    }
    for tunnel in tunnels {
        let index = find(namespace, &links, &tunnel.name)?;
        for Remote { mac, endpoint } in &tunnel.remotes {
            let action = format!("put {mac} behind {endpoint} on {}", tunnel.name);
            requests.push(add(index, *mac, Some(*endpoint), action));
        }
    }
    try_join_all(requests).await?;
    Ok(())
}

async fn configure_node(namespace: &Connection, node: &Node) -> Result<(), BuildError> {
    let links = namespace.links().await?;
    settle(namespace, &settings(node))?;
    for interface in &node.interfaces {
        let index = find(namespace, &links, &interface.name)?;
        let addresses = interface.addresses.iter();
        try_join_all(addresses.map(|address| add_address(namespace, index, *address))).await?;
        let on_link = interface.on_link.iter();
        try_join_all(on_link.map(|prefix| add_on_link(namespace, index, *prefix))).await?;
        add_neighbours(namespace, index, &interface.neighbours).await?;
        for cpu in &interface.cpus {
            configure_cpu(namespace, &links, cpu).await?;
        }
    }
    for route in &node.routes {
        let mut message = route_message::by(route_message::to(route.prefix), route.gateway);
        if route.metric > 0 {
            message = message.priority(route.metric);
        }
        let added = namespace.netlink().route().add(message.build()).execute().await;
        let action = format!("route {} by {}", route.prefix, route.gateway);
        added.map_err(namespace.failed(action))?;
    }
    Ok(())
}

/// Settings of interfaces, which exist only now.
fn settings(node: &Node) -> Vec<(String, &'static str)> {
    let cpus = node.interfaces.iter().flat_map(|interface| &interface.cpus);
    // Two customers' links may have equal addresses. The way back to one's is then by the veth of the
    // other, and strict filtering would leave an ARP request of the second unanswered.
    let filters = cpus.map(|cpu| (format!("ipv4/conf/{}/rp_filter", cpu.name), "0"));
    let with_ipv6 = with_ipv6(node);
    // Its own addresses are reached by way of `lo`.
    let lo = (!with_ipv6.is_empty()).then_some("lo");
    let enabled = with_ipv6.into_iter().chain(lo);
    let enabled = enabled.map(|name| (format!("ipv6/conf/{name}/disable_ipv6"), "0"));
    filters.chain(enabled).collect()
}

/// Names of the interfaces with an IPv6 address.
fn with_ipv6(node: &Node) -> Vec<&str> {
    let own = node.interfaces.iter().map(|port| (port.name.as_str(), &port.addresses));
    let cpus = node.interfaces.iter().flat_map(|interface| &interface.cpus);
    let cpus = cpus.map(|cpu| (cpu.name.as_str(), &cpu.addresses));
    let ipv6 = own.chain(cpus).filter(|(_, addresses)| addresses.iter().any(IpNetwork::is_ipv6));
    ipv6.map(|(name, _)| name).collect()
}

fn settle(namespace: &Connection, settings: &[(String, &'static str)]) -> Result<(), BuildError> {
    if settings.is_empty() {
        return Ok(());
    }
    on_thread(namespace.name(), || {
        enter_file(namespace.name(), namespace.file())?;
        settings.iter().try_for_each(|(name, value)| Ok(sysctl::write(name, value)?))
    })?
}

async fn configure_cpu(
    namespace: &Connection,
    links: &BTreeMap<String, LinkFacts>,
    cpu: &CpuVeth,
) -> Result<(), BuildError> {
    let index = find(namespace, links, &cpu.name)?;
    for address in &cpu.addresses {
        add_address(namespace, index, *address).await?;
    }
    Ok(add_neighbours(namespace, index, &cpu.peers).await?)
}

async fn add_address(
    namespace: &Connection,
    index: u32,
    address: IpNetwork,
) -> Result<(), NetlinkError> {
    let mut request = namespace.netlink().address().add(index, address.ip(), address.prefix());
    if address.is_ipv6() {
        // Usable at once: there is nobody else on the link who could have it.
        request.message_mut().header.flags |= AddressHeaderFlags::Nodad;
    }
    let added = request.execute().await;
    added.map_err(namespace.failed(format!("add the address {address}")))
}

async fn add_on_link(
    namespace: &Connection,
    index: u32,
    prefix: IpNetwork,
) -> Result<(), NetlinkError> {
    let message = route_message::to(prefix).output_interface(index).scope(RouteScope::Link);
    let added = namespace.netlink().route().add(message.build()).execute().await;
    added.map_err(namespace.failed(format!("route {prefix} on-link")))
}

async fn add_neighbours(
    namespace: &Connection,
    index: u32,
    neighbours: &[Neighbour],
) -> Result<(), NetlinkError> {
    let added = neighbours.iter().map(|neighbour| async move {
        // The request's default state is permanent.
        let added = namespace
            .netlink()
            .neighbours()
            .add(index, neighbour.address)
            .link_layer_address(&neighbour.mac.0)
            .execute();
        added.await.map_err(namespace.failed(format!("add the neighbour {}", neighbour.address)))
    });
    try_join_all(added).await?;
    Ok(())
}
