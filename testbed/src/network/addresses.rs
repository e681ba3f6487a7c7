//! Addresses, neighbours and routes of the lab's namespaces, and what a bridge knows of stations.
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use futures::future::try_join_all;
use ipnetwork::Ipv4Network;
use netlink_packet_route::{
    neighbour::{NeighbourFlags, NeighbourState},
    route::RouteScope,
};
use rtnetlink::RouteMessageBuilder;

use crate::topology::plan::{CpuVeth, Neighbour, Node, Plan};

use super::{
    build::{BuildError, Namespaces},
    configure::{find, open},
    connection::{Connection, LinkFacts, NetlinkError},
    layout::Layout,
    namespace::{enter_file, on_thread},
    sysctl,
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
    let stations = async {
        let fabric = open(namespaces, &plan.fabric_namespace())?;
        let links = fabric.links().await?;
        let mut requests = Vec::new();
        for station in &layout.stations {
            let index = find(fabric, &links, &station.port)?;
            requests.push(async move {
                let mac = station.mac.0;
                // `static`: known for ever, and not the bridge's own (`permanent` would be).
                let added = fabric
                    .netlink()
                    .neighbours()
                    .add_bridge(index, &mac)
                    .state(NeighbourState::Noarp)
                    .flags(NeighbourFlags::Controller)
                    .replace()
                    .execute();
                let action = format!("put {} behind {}", station.mac, station.port);
                added.await.map_err(fabric.failed(action))
            });
        }
        try_join_all(requests).await?;
        Ok::<_, BuildError>(())
    };
    futures::try_join!(try_join_all(nodes), stations)?;
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
        let mut message = RouteMessageBuilder::<Ipv4Addr>::new()
            .destination_prefix(route.prefix.network(), route.prefix.prefix())
            .gateway(route.gateway);
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
    cpus.map(|cpu| (format!("ipv4/conf/{}/rp_filter", cpu.name), "0")).collect()
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
    add_address(namespace, index, cpu.address).await?;
    Ok(add_neighbours(namespace, index, &[cpu.peer]).await?)
}

async fn add_address(
    namespace: &Connection,
    index: u32,
    address: Ipv4Network,
) -> Result<(), NetlinkError> {
    let ip = IpAddr::V4(address.ip());
    let added = namespace.netlink().address().add(index, ip, address.prefix()).execute().await;
    added.map_err(namespace.failed(format!("add the address {address}")))
}

async fn add_on_link(
    namespace: &Connection,
    index: u32,
    prefix: Ipv4Network,
) -> Result<(), NetlinkError> {
    let message = RouteMessageBuilder::<Ipv4Addr>::new()
        .destination_prefix(prefix.network(), prefix.prefix())
        .output_interface(index)
        .scope(RouteScope::Link)
        .build();
    let added = namespace.netlink().route().add(message).execute().await;
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
            .add(index, IpAddr::V4(neighbour.address))
            .link_layer_address(&neighbour.mac.0)
            .execute();
        added.await.map_err(namespace.failed(format!("add the neighbour {}", neighbour.address)))
    });
    try_join_all(added).await?;
    Ok(())
}
