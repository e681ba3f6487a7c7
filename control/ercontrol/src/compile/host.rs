//! What each VM learns: on-prem prefixes and other VNets, by way of the MSEEs.
//!
//! A VM sends to the MSEEs themselves, never to the gateway: the gateway is on the way in only. It
//! learns nothing of VNets behind its own gateway: an MSEE does not tell a gateway what that
//! gateway told it.

use std::{cmp::Reverse, collections::BTreeMap, net::Ipv4Addr};

use desired::{HostState, NicRoutes};
use ipnetwork::Ipv4Network;

use super::reach::{Edge, Hub, Link, Network, Reach};

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
                host.nics.insert(machine.name.to_owned(), routes.clone());
            }
        }
    }
    host
}

/// One prefix as one MSEE gives it.
struct Learned<'a> {
    prefix: Ipv4Network,
    /// The VNet it is the prefix of; `None` is on-prem.
    network: Option<&'a Network<'a>>,
    weight: u32,
    next_hop: Ipv4Addr,
}

/// Everything a hub's gateway learns, MSEE by MSEE, primary first.
fn learned<'a>(hub: &'a Hub<'a>, reach: &'a Reach<'a>) -> Vec<Learned<'a>> {
    let mut all = Vec::new();
    for edge in &reach.edges {
        let Some(next_hop) = reach.edge_address(hub, edge) else { continue };
        for link in edge.links(hub) {
            let learned =
                |network, prefix| Learned { prefix, network, weight: link.weight, next_hop };
            all.extend(on_prem(edge, link).map(|prefix| learned(None, prefix)));
            for other in others(hub, link, edge, reach) {
                all.extend(other.prefixes.iter().map(|prefix| learned(Some(other), *prefix)));
            }
        }
    }
    all
}

fn on_prem<'a>(edge: &'a Edge<'a>, link: &'a Link<'a>) -> impl Iterator<Item = Ipv4Network> + 'a {
    edge.cables
        .iter()
        .map(|cable| cable.plumbing)
        .filter(|cable| cable.circuit == *link.circuit)
        .flat_map(|cable| cable.static_routes.iter().copied())
}

/// The VNets of other gateways on the same circuit.
fn others<'a>(
    hub: &'a Hub<'a>,
    link: &'a Link<'a>,
    edge: &'a Edge<'a>,
    reach: &'a Reach<'a>,
) -> impl Iterator<Item = &'a Network<'a>> {
    reach
        .hubs
        .iter()
        .filter(|other| other.gateway != hub.gateway)
        .filter(|other| edge.links(other).iter().any(|l| l.circuit == link.circuit))
        .flat_map(Hub::networks)
}

fn routes(network: &Network<'_>, learned: &[Learned<'_>], reach: &Reach<'_>) -> NicRoutes {
    let mut best: BTreeMap<Ipv4Network, (Reverse<u32>, Vec<Ipv4Addr>)> = BTreeMap::new();
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
    let routes = best.into_iter().map(|(prefix, (_, next_hops))| {
        (prefix.into(), next_hops.into_iter().map(Into::into).collect())
    });
    NicRoutes { routes: routes.collect() }
}
