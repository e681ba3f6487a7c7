//! What each VM learns: on-prem prefixes and other VNets, by way of the MSEEs.
//!
//! A VM sends to the MSEEs themselves, never to the gateway: the gateway is on the way in only. It
//! learns nothing of VNets behind its own gateway: an MSEE does not tell a gateway what that
//! gateway told it.

use std::{cmp::Reverse, collections::BTreeMap, net::IpAddr};

use desired::{HostState, NicRoutes};
use ipnetwork::IpNetwork;

use super::{
    family::Family,
    reach::{Edge, Hub, Link, Machine, Network, Reach},
};

pub(super) fn state(reach: &Reach<'_>) -> HostState {
    let mut host = HostState::default();
    for hub in &reach.hubs {
        let learned = learned(hub, reach);
        if learned.is_empty() {
            continue;
        }
        for network in hub.networks() {
            let routes = routes(network, &learned, reach);
            for machine in &network.machines {
                host.nics.insert(machine.name.to_owned(), usable(&routes, machine));
            }
        }
    }
    host
}

/// One prefix as one MSEE gives it.
struct Learned<'a> {
    prefix: IpNetwork,
    /// The VNet it is the prefix of; `None` is on-prem.
    network: Option<&'a Network<'a>>,
    weight: u32,
    next_hop: IpAddr,
}

/// Everything a hub's gateway learns, MSEE by MSEE, primary first.
fn learned<'a>(hub: &'a Hub<'a>, reach: &'a Reach<'a>) -> Vec<Learned<'a>> {
    let mut all = Vec::new();
    for edge in &reach.edges {
        let Some(addresses) = reach.edge_addresses(hub, edge) else { continue };
        for family in Family::ALL {
            let Some(next_hop) = addresses.of(family) else { continue };
            let links = edge.links(hub).into_iter();
            for link in links.filter(|link| reach.carries(link.circuit, family)) {
                let learned =
                    |network, prefix| Learned { prefix, network, weight: link.weight, next_hop };
                let on_prem = on_prem(edge, link).filter(|prefix| family.has(prefix));
                all.extend(on_prem.map(|prefix| learned(None, prefix)));
                for other in others(hub, link, edge, reach, family) {
                    let prefixes = other.prefixes.iter().filter(|prefix| family.has(prefix));
                    all.extend(prefixes.map(|prefix| learned(Some(other), *prefix)));
                }
            }
        }
    }
    all
}

fn on_prem<'a>(edge: &'a Edge<'a>, link: &'a Link<'a>) -> impl Iterator<Item = IpNetwork> + 'a {
    edge.cables
        .iter()
        .map(|cable| cable.plumbing)
        .filter(|cable| cable.circuit == *link.circuit)
        .flat_map(|cable| cable.static_routes.iter().copied())
}

/// The VNets of other gateways on the same circuit that speak the family.
fn others<'a>(
    hub: &'a Hub<'a>,
    link: &'a Link<'a>,
    edge: &'a Edge<'a>,
    reach: &'a Reach<'a>,
    family: Family,
) -> impl Iterator<Item = &'a Network<'a>> {
    reach
        .hubs
        .iter()
        .filter(move |other| other.gateway != hub.gateway && other.speaks(family))
        .filter(|other| edge.links(other).iter().any(|l| l.circuit == link.circuit))
        .flat_map(Hub::networks)
}

fn routes(network: &Network<'_>, learned: &[Learned<'_>], reach: &Reach<'_>) -> NicRoutes {
    let mut best: BTreeMap<IpNetwork, (Reverse<u32>, Vec<IpAddr>)> = BTreeMap::new();
    for learned in learned {
        let on_link = learned.network.is_some_and(|other| reach.on_link(network.id, other.id));
        if on_link || network.prefixes.contains(&learned.prefix) {
            continue;
        }
        let weight = Reverse(learned.weight);
        let (best_weight, next_hops) =
            best.entry(learned.prefix).or_insert_with(|| (weight, Vec::new()));
        if weight < *best_weight {
            *best_weight = weight;
            next_hops.clear();
        }
        if weight == *best_weight && !next_hops.contains(&learned.next_hop) {
            next_hops.push(learned.next_hop);
        }
    }
    let routes = best.into_iter().map(|(prefix, (_, next_hops))| (prefix, next_hops));
    NicRoutes { routes: routes.collect() }
}

/// The routes of the families that a VM has addresses of.
fn usable(routes: &NicRoutes, machine: &Machine<'_>) -> NicRoutes {
    let has = |prefix: &IpNetwork| machine.addresses().any(|a| a.is_ipv4() == prefix.is_ipv4());
    let routes = routes.routes.iter().filter(|(prefix, _)| has(prefix));
    NicRoutes { routes: routes.map(|(prefix, hops)| (*prefix, hops.clone())).collect() }
}
