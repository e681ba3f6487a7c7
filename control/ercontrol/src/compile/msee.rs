//! The state of one MSEE.
//!
//! A customer edge is routed in the VRF of its own circuit. A VNet is routed in a VRF that merges
//! the circuits its gateway is connected to; where two of them have the same prefix, the one with
//! the higher routing weight wins. So a VRF is a list of circuits in order of preference, and its
//! name is that list: VNets with the same preferences share a VRF.
//!
//! IPv4 and IPv6 are routed by the same rules, each over the circuits and gateways that have it.

use std::{collections::BTreeMap, net::IpAddr};

use desired::{
    Adjacency, CircuitPort, FabricPort, FabricVnet, Ipv6Link, MseeState, Route, Vrf, VrfName,
};
use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};

use super::{
    family::Family,
    reach::{Cable, Edge, Hub, Link, Reach},
    underlay,
};
use crate::{
    fastpath::{self, Arrival, Destination, Way},
    resource::{ResourceId, circuit_peering::Ipv6Links, router::Path},
};

/// Places on a circuit's link: the first usable address is the customer's, the second the MSEE's.
const CUSTOMER: u32 = 1;
const MSEE: u32 = 2;

pub(super) fn state(edge: &Edge<'_>, reach: &Reach<'_>) -> MseeState {
    let mut tables: BTreeMap<VrfName, Vec<&ResourceId>> = BTreeMap::new();
    let mut circuit_ports = BTreeMap::new();
    for cable in &edge.cables {
        if let Some(port) = circuit_port(cable, edge, reach) {
            tables.insert(port.vrf.clone(), vec![&cable.plumbing.circuit]);
            circuit_ports.insert(cable.port.clone(), port);
        }
    }
    let mut fabric_ports: BTreeMap<String, FabricPort> = edge
        .fabrics
        .iter()
        .map(|cable| {
            let vxlan = underlay::underlay(cable, reach);
            (cable.interface.clone(), FabricPort { vnets: BTreeMap::new(), vxlan })
        })
        .collect();
    for hub in &reach.hubs {
        let circuits: Vec<&ResourceId> =
            edge.links(hub).into_iter().map(|link| link.circuit).collect();
        let Some(addresses) = reach.edge_addresses(hub, edge).filter(|_| !circuits.is_empty())
        else {
            continue;
        };
        let vrf = table_name(&circuits);
        for network in hub.networks() {
            let Some(cable) = edge.cable(network.id) else { continue };
            let Some(port) = fabric_ports.get_mut(&cable.interface) else { continue };
            let spoken = |prefix: &IpNetwork| {
                Family::ALL.into_iter().any(|family| family.has(prefix) && hub.speaks(family))
            };
            let vnet = FabricVnet {
                prefixes: network.prefixes.iter().copied().filter(spoken).collect(),
                vrf: vrf.clone(),
                address: addresses.ipv4,
                address_ipv6: addresses.ipv6,
                vni: underlay::vni(cable, network.id),
            };
            port.vnets.insert(network.id.name().to_owned(), vnet);
        }
        tables.insert(vrf, circuits);
    }
    let vrfs =
        tables.into_iter().map(|(name, circuits)| (name, table(&circuits, edge, reach))).collect();
    MseeState { circuit_ports, fabric_ports, vrfs }
}

fn table_name(circuits: &[&ResourceId]) -> VrfName {
    let names: Vec<&str> = circuits.iter().map(|circuit| circuit.name()).collect();
    names.join("+")
}

fn link_prefix(cable: &Cable<'_>, edge: &Edge<'_>, reach: &Reach<'_>) -> Option<Ipv4Network> {
    let peering = reach.circuits.get(&cable.plumbing.circuit)?.peering;
    Some(match edge.path {
        Path::Primary => peering.primary,
        Path::Secondary => peering.secondary,
    })
}

fn ipv6_link_prefix(cable: &Cable<'_>, edge: &Edge<'_>, reach: &Reach<'_>) -> Option<Ipv6Network> {
    let Ipv6Links { primary, secondary } =
        reach.circuits.get(&cable.plumbing.circuit)?.peering.ipv6?;
    Some(match edge.path {
        Path::Primary => primary,
        Path::Secondary => secondary,
    })
}

fn circuit_port(cable: &Cable<'_>, edge: &Edge<'_>, reach: &Reach<'_>) -> Option<CircuitPort> {
    let link = link_prefix(cable, edge, reach)?;
    let ipv6 = ipv6_link_prefix(cable, edge, reach).and_then(|link| {
        let address = Ipv6Network::new(link.nth(MSEE.into())?, link.prefix()).ok()?;
        Some(Ipv6Link { address, peer: link.nth(CUSTOMER.into())? })
    });
    let Cable { plumbing, tags, .. } = cable;
    let circuit = reach.circuits.get(&plumbing.circuit)?;
    Some(CircuitPort {
        vrf: table_name(&[&plumbing.circuit]),
        circuit: circuit.name.to_owned(),
        interface: plumbing.interface.clone(),
        tags: *tags,
        cpu: plumbing.cpu.clone(),
        address: Ipv4Network::new(link.nth(MSEE)?, link.prefix()).ok()?,
        peer: link.nth(CUSTOMER)?,
        peer_mac: Some(plumbing.peer_mac),
        ipv6,
        bandwidth: circuit.bandwidth,
        validate_source: circuit.peering.validate_source,
    })
}

/// One VRF: both families, each over the circuits that carry it.
fn table(circuits: &[&ResourceId], edge: &Edge<'_>, reach: &Reach<'_>) -> Vrf {
    let mut vrf = Vrf::default();
    for family in Family::ALL {
        let carrying = circuits.iter().filter(|circuit| reach.carries(circuit, family));
        let circuits: Vec<&ResourceId> = carrying.copied().collect();
        fill(&mut vrf, family, &circuits, edge, reach);
    }
    vrf
}

/// Fills one family of a VRF. Where two sources give the same prefix the first one keeps it: the link
/// itself, then VNets, then what lies behind the customer edge; each in the order of the circuits.
fn fill(
    vrf: &mut Vrf,
    family: Family,
    circuits: &[&ResourceId],
    edge: &Edge<'_>,
    reach: &Reach<'_>,
) {
    let cables: Vec<&Cable<'_>> = circuits
        .iter()
        .flat_map(|circuit| edge.cables.iter().filter(|cable| cable.plumbing.circuit == **circuit))
        .collect();
    for cable in &cables {
        let link = match family {
            Family::Ipv4 => link_prefix(cable, edge, reach).map(IpNetwork::from),
            Family::Ipv6 => ipv6_link_prefix(cable, edge, reach).map(IpNetwork::from),
        };
        if let Some(link) = link {
            add(vrf, link, to_customer(cable, format!("{} link", edge.path)));
        }
    }
    let hubs = reached_hubs(circuits, edge, reach);
    let hubs: Vec<_> = hubs.into_iter().filter(|(_, hub, _)| hub.speaks(family)).collect();
    for (_, hub, link) in &hubs {
        add_prefixes(vrf, family, hub, link, edge, reach);
    }
    for (_, hub, link) in &hubs {
        add_direct_machines(vrf, family, hub, link, edge, reach);
    }
    for cable in &cables {
        for prefix in cable.plumbing.static_routes.iter().filter(|prefix| family.has(prefix)) {
            let why = format!("static route of {}", cable.plumbing.circuit.name());
            add(vrf, *prefix, to_customer(cable, why));
        }
    }
}

/// The hubs a VRF reaches, in the order of its circuits: (place of the circuit, hub, connection).
///
/// All of a hub's routes come from one connection: mixing two could send a VM's traffic direct by
/// one while the other, which is preferred, has FastPath off.
fn reached_hubs<'r>(
    circuits: &[&ResourceId],
    edge: &Edge<'_>,
    reach: &'r Reach<'r>,
) -> Vec<(usize, &'r Hub<'r>, &'r Link<'r>)> {
    let best = |hub: &'r Hub<'r>| {
        let links = edge.links(hub);
        circuits.iter().enumerate().find_map(|(place, circuit)| {
            let link = links.iter().find(|link| link.circuit == *circuit)?;
            Some((place, hub, *link))
        })
    };
    let mut reached: Vec<_> = reach.hubs.iter().filter_map(best).collect();
    reached.sort_by_key(|(place, ..)| *place);
    reached
}

fn add(vrf: &mut Vrf, prefix: IpNetwork, route: Route) {
    vrf.routes.entry(prefix).or_insert(route);
}

fn to_customer(cable: &Cable<'_>, why: String) -> Route {
    Route { adjacency: Adjacency::Ce { port: cable.port.clone() }, why }
}

fn arrival<'r>(hub: &Hub<'_>, link: &'r Link<'_>) -> Arrival<'r> {
    Arrival { connection: link.connection.name(), bypass: link.bypass, sku: hub.sku }
}

/// Adds the prefixes of a hub and its spokes, by its gateway: unless that is on no host that is known,
/// where the fabric has hosts.
fn add_prefixes(
    vrf: &mut Vrf,
    family: Family,
    hub: &Hub<'_>,
    link: &Link<'_>,
    edge: &Edge<'_>,
    reach: &Reach<'_>,
) {
    let Some(cable) = edge.cable(hub.network.id) else { return };
    let Ok(tunnel) = underlay::tunnel(cable, hub.network.id, hub.gateway, reach) else { return };
    let to_gateway = Adjacency::Gateway {
        port: cable.interface.clone(),
        gateway: hub.gateway.name().to_owned(),
        connection: link.connection.name().to_owned(),
        instances: hub.next_hops(tunnel.as_ref()),
    };
    let in_hub = match family {
        Family::Ipv4 => Destination::HubPrefix,
        Family::Ipv6 => Destination::HubIpv6,
    };
    let hub_prefixes = hub.network.prefixes.iter().map(|p| (p, in_hub));
    let spoke_prefixes = hub
        .spokes
        .iter()
        .flat_map(|spoke| spoke.prefixes.iter().map(|p| (p, Destination::SpokePrefix)));
    let prefixes = hub_prefixes.chain(spoke_prefixes).filter(|(prefix, _)| family.has(prefix));
    for (prefix, destination) in prefixes {
        let why = fastpath::decide(&arrival(hub, link), destination).why;
        add(vrf, *prefix, Route { adjacency: to_gateway.clone(), why });
    }
}

/// Adds the host routes of FastPath. It is a shorter way to where the prefixes lead anyway: a VM
/// whose address another hub or connection has won gets none, nor does one on an unknown host.
fn add_direct_machines(
    vrf: &mut Vrf,
    family: Family,
    hub: &Hub<'_>,
    link: &Link<'_>,
    edge: &Edge<'_>,
    reach: &Reach<'_>,
) {
    let Some(cable) = edge.cable(hub.network.id) else { return };
    let machine = match family {
        Family::Ipv4 => Destination::HubMachine,
        Family::Ipv6 => Destination::HubIpv6,
    };
    let decision = fastpath::decide(&arrival(hub, link), machine);
    if decision.way != Way::Direct {
        return;
    }
    let connection = link.connection.name();
    for machine in &hub.network.machines {
        let tunnel = underlay::tunnel(cable, hub.network.id, machine.id, reach);
        let Ok(tunnel) = tunnel else { continue };
        let addresses = machine.addresses().map(|address| (address, IpNetwork::from(address)));
        for (address, host) in addresses.filter(|(_, host)| family.has(host)) {
            let by_this_connection = longest_match(vrf, address).is_some_and(|route| {
                matches!(&route.adjacency, Adjacency::Gateway { connection: c, .. } if c == connection)
            });
            if by_this_connection {
                let adjacency = Adjacency::Direct {
                    port: cable.interface.clone(),
                    address,
                    mac: Some(machine.mac),
                    vm: machine.name.to_owned(),
                    connection: connection.to_owned(),
                    tunnel: tunnel.clone(),
                };
                add(vrf, host, Route { adjacency, why: decision.why.clone() });
            }
        }
    }
}

fn longest_match(vrf: &Vrf, address: IpAddr) -> Option<&Route> {
    let bits = if address.is_ipv4() { 32 } else { 128 };
    (0..=bits).rev().find_map(|length| {
        let network = IpNetwork::new(address, length).ok()?.network();
        vrf.routes.get(&IpNetwork::new(network, length).ok()?)
    })
}
