//! Every table is filled to its bound, and asked for one more: that is refused by name, and what is in
//! force loses nothing.

use std::{net::Ipv4Addr, os::fd::AsFd as _};

use abi::limits;
use desired::{Adjacency, FabricVnet, GatewayNextHop, MacAddress, MseeState, Tags};
use msee::fastpath::Neighbours;

use crate::{
    bench::Bench,
    rig::{self, mac},
    traffic::Traffic,
};

/// A number as the host part of an address.
fn address(network: u8, number: usize) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(network) << 24 | u32::try_from(number).unwrap())
}

fn add_routes(state: &mut MseeState, routes: impl Iterator<Item = (String, Adjacency)>) {
    let routes: Vec<_> = routes.collect();
    let routes: Vec<_> =
        routes.iter().map(|(prefix, next)| (prefix.as_str(), next.clone())).collect();
    state.vrfs.get_mut("circuit").unwrap().routes.extend(rig::vrf(&routes).routes);
}

/// Next hops, each in a route of its own.
fn with_next_hops(count: usize) -> MseeState {
    let mut state = rig::state();
    let next_hop = |number: usize| Adjacency::Direct {
        port: "eth2".to_owned(),
        address: address(30, number).into(),
        mac: Some(MacAddress(mac(0x70))),
        vm: format!("vm-{number}"),
        connection: "conn1".to_owned(),
        tunnel: None,
    };
    add_routes(
        &mut state,
        (0..count).map(|number| (format!("{}/32", address(30, number)), next_hop(number))),
    );
    state
}

/// Gateways with two instances, each in a route of its own.
fn with_groups(count: usize) -> MseeState {
    let mut state = rig::state();
    let gateway = |number: usize| Adjacency::Gateway {
        port: "eth2".to_owned(),
        gateway: format!("GW{number}"),
        connection: "conn1".to_owned(),
        instances: [0, 1]
            .map(|instance| GatewayNextHop {
                address: address(31, number * 2 + instance),
                mac: Some(MacAddress(mac(0x71))),
                tunnel: None,
            })
            .to_vec(),
    };
    add_routes(
        &mut state,
        (0..count).map(|number| (format!("{}/32", address(31, number)), gateway(number))),
    );
    state
}

/// Prefixes that need a node each.
pub fn with_nodes(count: usize) -> MseeState {
    let mut state = rig::state();
    let prefix = |number: usize| format!("{}/32", address(32, number << 8));
    add_routes(&mut state, (0..count).map(|number| (prefix(number), rig::direct(0x72))));
    state
}

fn with_vnets(count: usize) -> MseeState {
    let mut state = rig::state();
    let fabric = state.fabric_ports.get_mut("eth2").unwrap();
    for number in 0..count {
        let vnet = FabricVnet {
            prefixes: vec![format!("{}/32", address(33, number)).parse().unwrap()],
            vrf: "circuit".to_owned(),
            address: Ipv4Addr::new(10, 255, 0, 4),
            address_ipv6: None,
            vni: None,
        };
        fabric.vnets.insert(format!("vnet-{number}"), vnet);
    }
    state
}

/// Links of one interface, told apart by their tags.
fn with_ports(count: usize) -> MseeState {
    let mut state = rig::state();
    let link = state.circuit_ports["eth3"].clone();
    for number in 0..count {
        let number = u16::try_from(number).unwrap();
        let (service, customer) = (1 + number / 4_000, 1 + number % 4_000);
        let tags = Tags::Qinq { service, customer, ethertype: desired::ServiceEthertype::Dot1q };
        let link = desired::CircuitPort { tags, ..link.clone() };
        state.circuit_ports.insert(format!("eth3.{service}.{customer}"), link);
    }
    state
}

/// How many fit beside what the lab's state has, by trying.
pub fn most(
    with: fn(usize) -> MseeState,
    limit: u32,
    is_applied: &mut dyn FnMut(&MseeState) -> bool,
) -> usize {
    let (mut fits, mut too_many) = (0, limit as usize + 1);
    while fits + 1 < too_many {
        let middle = fits.midpoint(too_many);
        if is_applied(&with(middle)) { fits = middle } else { too_many = middle }
    }
    fits
}

/// A table: its name, its places, a state that fills it, and what one more is told.
struct Table {
    name: &'static str,
    limit: u32,
    with: fn(usize) -> MseeState,
    told: &'static str,
}

const TABLES: [Table; 5] = [
    Table {
        name: "next hops",
        limit: limits::ADJACENCIES,
        with: with_next_hops,
        told: "more than 16383 next hops",
    },
    Table {
        name: "groups",
        limit: limits::GROUPS,
        with: with_groups,
        told: "more than 2048 gateways with two instances",
    },
    Table {
        name: "prefix nodes",
        limit: limits::NODES,
        with: with_nodes,
        told: "more than 8192 prefix nodes",
    },
    Table { name: "VNets", limit: limits::VNETS, with: with_vnets, told: "more than 1023 VNets" },
    Table { name: "ports", limit: limits::PORTS, with: with_ports, told: "more than 4095 ports" },
];

#[test]
fn a_full_table_is_refused_by_name_and_costs_nothing() {
    let (bench, mut fast_path) = Bench::start();
    let traffic = Traffic::start(&bench.hosts);
    for Table { name, limit, with, told } in TABLES {
        let most =
            most(with, limit, &mut |state| fast_path.apply(state, &Neighbours::default()).is_ok());
        assert!(most > limit as usize / 4 && most <= limit as usize, "{name}: {most}");
        fast_path.apply(&with(most), &Neighbours::default()).unwrap();
        let generation = fast_path.compiled().generation();
        let error =
            fast_path.apply(&with(most + 1), &Neighbours::default()).unwrap_err().to_string();
        println!("{name}: {most} beside the lab's, then: {error}");
        assert!(error.contains(told), "{name}: {error}");
        assert_eq!(fast_path.compiled().generation(), generation);
    }
    // The map of sockets has a place for each slot and none more.
    let socket = afxdp::Socket::bind("eth1", 0, &afxdp::Config::default()).unwrap();
    let error = fast_path.bind_punt(limits::PORTS, socket.as_fd()).unwrap_err().to_string();
    assert!(error.contains(&format!("slot {}", limits::PORTS)), "{error}");
    fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
    traffic.stop("tables filled and refused");
    fast_path.shutdown().unwrap();
}
