//! Interfaces of the lab's namespaces.
//!
//! Requests that do not depend on each other go out together; the kernel takes them one by one
//! under its own lock, but no answer is waited for in between.

use std::{collections::BTreeMap, os::fd::AsRawFd};

use futures::future::try_join_all;
use netlink_packet_route::link::{
    BridgeStpState, InfoData, InfoVeth, LinkAttribute, LinkMessage, VxlanDf,
};
use rtnetlink::{LinkBridge, LinkBridgePort, LinkMessageBuilder, LinkUnspec, LinkVeth, LinkVxlan};

use crate::topology::plan::Plan;

use super::{
    build::{BuildError, Namespaces},
    connection::{Connection, LinkFacts, NetlinkError},
    layout::{Bridge, HOST_BRIDGE, Layout, Tunnel, VethEnd},
    mark, offload,
};

/// Below any frame: GRO never merges two (see the module doc of `network`).
const GRO_MAX_SIZE: u32 = 1;

/// Index of `lo`, the first interface of every namespace.
const LOOPBACK: u32 = 1;

/// Marks a namespace's `lo` and brings it up.
pub(super) async fn loopback(namespace: &Connection, mark: &str) -> Result<(), NetlinkError> {
    let message = LinkUnspec::new_with_index(LOOPBACK).alias(mark).up().build();
    let set = namespace.netlink().link().set(message).execute();
    set.await.map_err(namespace.failed("mark lo"))
}

/// Makes bridges, veth pairs and VXLAN devices, marks them and brings them up.
pub(super) async fn links(
    plan: &Plan,
    layout: &Layout,
    namespaces: &Namespaces,
) -> Result<(), BuildError> {
    let bridges = layout.bridges.iter().map(|bridge| make_bridge(namespaces, bridge));
    let veths = layout.veths.iter().map(|ends| make_veth(namespaces, ends));
    let tunnels = layout.tunnels.iter().map(|tunnel| make_tunnel(namespaces, tunnel));
    futures::try_join!(try_join_all(bridges), try_join_all(veths), try_join_all(tunnels))?;

    // All of them before any goes up: a veth that goes up looks whether its peer wants GRO, and only
    // then takes frames from XDP for it. Later nothing tells it (veth_set_features() of an interface
    // that is down, Linux 6.18).
    for end in layout.veths.iter().flatten() {
        let namespace = open(namespaces, &end.namespace)?;
        offload::set(namespace.control(), &end.name).map_err(|source| BuildError::Offload {
            interface: end.name.clone(),
            namespace: end.namespace.clone(),
            source,
        })?;
    }

    let mark = mark(&plan.lab);
    let configured = namespaces.values().map(|namespace| finish(namespace, layout, &mark));
    try_join_all(configured).await?;
    Ok(())
}

async fn make_bridge(namespaces: &Namespaces, bridge: &Bridge) -> Result<(), BuildError> {
    let namespace = open(namespaces, &bridge.namespace)?;
    // Each of them would put frames of the bridge's own on the fabric, or hold others back.
    let message = LinkBridge::new(&bridge.name)
        .stp_state(BridgeStpState::Disabled)
        .forward_delay(0)
        .mcast_snooping(false)
        .mtu(bridge.mtu)
        .build();
    let added = namespace.netlink().link().add(message).execute().await;
    Ok(added.map_err(namespace.failed(format!("make the bridge {}", bridge.name)))?)
}

/// UDP port of VXLAN (RFC 7348 section 8).
pub(super) const VXLAN_PORT: u16 = 4789;

async fn make_tunnel(namespaces: &Namespaces, tunnel: &Tunnel) -> Result<(), BuildError> {
    let namespace = open(namespaces, &tunnel.namespace)?;
    let message = LinkVxlan::new(&tunnel.name, tunnel.vni)
        .local(tunnel.local)
        .port(VXLAN_PORT)
        // RFC 7348 section 5: a source port from the dynamic range, and a checksum of zero.
        .port_range(49_152, 65_535)
        .udp_csum(false)
        // A tunnel endpoint must not fragment (section 4.3): the underlay carries the longest frame.
        .df(VxlanDf::Set)
        .learning(false)
        .mtu(tunnel.mtu)
        .build();
    let added = namespace.netlink().link().add(message).execute().await;
    Ok(added.map_err(namespace.failed(format!("make the VXLAN device {}", tunnel.name)))?)
}

/// Makes a pair whose ends are born in their namespaces with their final names.
async fn make_veth(namespaces: &Namespaces, [a, b]: &[VethEnd; 2]) -> Result<(), BuildError> {
    let here = open(namespaces, &a.namespace)?;
    let there = open(namespaces, &b.namespace)?;
    let peer = born(LinkMessageBuilder::<LinkUnspec>::new().name(&b.name), b)
        .setns_by_fd(there.file().as_raw_fd())
        .build();
    let message = born(LinkVeth::new(&a.name, &b.name), a)
        .set_info_data(InfoData::Veth(InfoVeth::Peer(peer)))
        .build();
    let added = here.netlink().link().add(message).execute().await;
    let action = format!("make the pair {} - {} in {}", a.name, b.name, b.namespace);
    Ok(added.map_err(here.failed(action))?)
}

fn born<T>(builder: LinkMessageBuilder<T>, end: &VethEnd) -> LinkMessageBuilder<T> {
    match end.mac {
        Some(mac) => builder.mtu(end.mtu).address(mac.0.to_vec()),
        None => builder.mtu(end.mtu),
    }
}

/// Sets what cannot be given at birth: mark, bridge, ARP, GRO, offloads; then up.
async fn finish(namespace: &Connection, layout: &Layout, mark: &str) -> Result<(), BuildError> {
    let links = namespace.links().await?;
    let mut requests = Vec::new();
    for end in layout.veths.iter().flatten().filter(|end| end.namespace == namespace.name()) {
        let master = match &end.bridge {
            Some(bridge) => Some(find(namespace, &links, bridge)?),
            None => None,
        };
        let index = find(namespace, &links, &end.name)?;
        let mut builder = LinkUnspec::new_with_index(index)
            .alias(mark)
            .arp(end.arp)
            .append_extra_attribute(LinkAttribute::GroMaxSize(GRO_MAX_SIZE))
            .up();
        if let Some(master) = master {
            builder = builder.controller(master);
        }
        requests.push(set_link(namespace, builder.build(), &end.name));
    }
    for bridge in layout.bridges.iter().filter(|bridge| bridge.namespace == namespace.name()) {
        let index = find(namespace, &links, &bridge.name)?;
        let message = LinkUnspec::new_with_index(index).alias(mark).up().build();
        requests.push(set_link(namespace, message, &bridge.name));
    }
    let tunnels = layout.tunnels.iter().filter(|tunnel| tunnel.namespace == namespace.name());
    for tunnel in tunnels.clone() {
        let index = find(namespace, &links, &tunnel.name)?;
        let message = LinkUnspec::new_with_index(index)
            .alias(mark)
            .append_extra_attribute(LinkAttribute::GroMaxSize(GRO_MAX_SIZE))
            .controller(find(namespace, &links, HOST_BRIDGE)?)
            .up();
        requests.push(set_link(namespace, message.build(), &tunnel.name));
    }
    try_join_all(requests).await?;
    // Settings of a bridge's port, which each has become only now.
    let quiet = tunnels.map(|tunnel| async {
        let index = find(namespace, &links, &tunnel.name)?;
        let port = LinkBridgePort::new(index)
            .learning(false)
            .flood(false)
            .mcast_flood(false)
            .bcast_flood(false);
        let set = namespace.netlink().link().set_port(port.build()).execute().await;
        let action = format!("make {} a port that nothing is flooded to", tunnel.name);
        Ok::<_, BuildError>(set.map_err(namespace.failed(action))?)
    });
    try_join_all(quiet).await?;
    Ok(())
}

async fn set_link(
    namespace: &Connection,
    message: LinkMessage,
    name: &str,
) -> Result<(), NetlinkError> {
    let set = namespace.netlink().link().set(message).execute().await;
    set.map_err(namespace.failed(format!("set up {name}")))
}

pub(super) fn open<'n>(
    namespaces: &'n Namespaces,
    name: &str,
) -> Result<&'n Connection, BuildError> {
    namespaces.get(name).ok_or_else(|| BuildError::Vanished {
        interface: "lo".to_owned(),
        namespace: name.to_owned(),
    })
}

pub(super) fn find(
    namespace: &Connection,
    links: &BTreeMap<String, LinkFacts>,
    name: &str,
) -> Result<u32, BuildError> {
    links.get(name).map(|facts| facts.index).ok_or_else(|| BuildError::Vanished {
        interface: name.to_owned(),
        namespace: namespace.name().to_owned(),
    })
}
