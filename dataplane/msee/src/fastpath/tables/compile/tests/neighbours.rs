//! Next hops whose MAC addresses the desired state leaves out.

use std::net::{IpAddr, Ipv6Addr};

use super::*;
use crate::{
    example,
    fastpath::{Neighbour, Resolver},
};

const CE: IpAddr = IpAddr::V4(Ipv4Addr::new(172, 16, 1, 1));
const CE_IPV6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0x172, 0, 0, 0, 0, 0, 1));
const VM: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 255, 10, 4));

fn at(port: usize, address: IpAddr) -> Neighbour {
    Neighbour::new(ports()[port].key(), address)
}

/// The state with nothing declared, and routes to the customer edge by both versions.
fn silent() -> MseeState {
    let mut state = example::silenced(state());
    let routes = &mut state.vrfs.get_mut("circuit").unwrap().routes;
    let adjacency = Adjacency::Ce { port: "eth1".to_owned() };
    let route = Route { adjacency, why: String::new() };
    routes.insert("fd00:172::/126".parse().unwrap(), route);
    state
}

fn adjacency_to<'a>(compiled: &'a Compiled, address: &str) -> (u32, &'a image::Adjacency) {
    let roots = compiled.vrf_roots("circuit").unwrap();
    let leaf = compiled.lookup(roots, address.parse().unwrap()).unwrap();
    let index = compiled.member(leaf, 0).unwrap();
    (index, compiled.adjacency(index).unwrap())
}

#[test]
fn each_undeclared_neighbour_has_somebody_who_finds_it() {
    let compiled = Compiled::new(&silent(), &ports(), &Neighbours::default(), 1).unwrap();
    for address in ["172.16.1.1", "fd00:172::1", "10.255.10.4", "10.254.0.1"] {
        let (_, adjacency) = adjacency_to(&compiled, address);
        assert_eq!(adjacency.kind, ADJACENCY_UNRESOLVED, "{address}");
    }
    let resolver = |port, address| compiled.resolver(&at(port, address));
    assert_eq!(resolver(0, CE), Some(Resolver::Kernel));
    assert_eq!(resolver(0, CE_IPV6), Some(Resolver::Kernel));
    assert_eq!(resolver(1, VM), Some(Resolver::Msee));
    assert_eq!(resolver(1, Ipv4Addr::new(10, 255, 0, 13).into()), Some(Resolver::Msee));
    assert_eq!(resolver(1, CE), None, "another link's station");
    let links = compiled.kernel_links();
    assert_eq!((links.len(), links[0].port, links[0].far), (1, ports()[0].key(), 13));
    assert_eq!(links[0].peers, [CE, CE_IPV6]);

    let without_cpu: Vec<_> = ports().into_iter().take(2).collect();
    let compiled = Compiled::new(&silent(), &without_cpu, &Neighbours::default(), 1).unwrap();
    assert_eq!(compiled.resolver(&at(0, CE)), Some(Resolver::Nobody));
    assert!(compiled.kernel_links().is_empty());
}

#[test]
fn what_was_learned_takes_the_place_of_what_is_not_declared() {
    let learned = [(at(0, CE), mac(0x71)), (at(1, VM), mac(0x74))];
    let compiled = Compiled::new(&silent(), &ports(), &learned.into_iter().collect(), 1).unwrap();
    let (_, customer) = adjacency_to(&compiled, "172.16.1.1");
    assert_eq!((customer.kind, &customer.header[..6]), (ADJACENCY_CE, &mac(0x71).0[..]));
    let (index, vm) = adjacency_to(&compiled, "10.255.10.4");
    assert_eq!((vm.kind, &vm.header[..6]), (ADJACENCY_DIRECT, &mac(0x74).0[..]));
    assert_eq!(vm.header[6..12], mac(2).0);
    let next_hop = compiled.next_hop(index).unwrap();
    assert_eq!((next_hop.neighbour, next_hop.resolver), (at(1, VM), Resolver::Msee));
    // The customer edge's other address is another question.
    assert_eq!(adjacency_to(&compiled, "fd00:172::1").1.kind, ADJACENCY_UNRESOLVED);
}

#[test]
fn what_is_declared_wins_over_what_was_learned() {
    let contradicting = [(at(0, CE), mac(0x71)), (at(0, CE_IPV6), mac(0x71)), (at(1, VM), mac(9))];
    let learned: Neighbours = contradicting.into_iter().collect();
    let compiled = Compiled::new(&state(), &ports(), &learned, 1).unwrap();
    assert_eq!(compiled.adjacencies, compile().adjacencies);
    for (port, address) in [(0, CE), (0, CE_IPV6), (1, VM)] {
        assert_eq!(compiled.resolver(&at(port, address)), Some(Resolver::Declared));
    }
    assert!(compiled.kernel_links().is_empty());

    // Where a route leaves it out it is asked for, but nothing that contradicts is believed.
    let mut state = state();
    let Adjacency::Direct { port, address, vm, .. } = direct() else { panic!("direct") };
    let connection = "conn2".to_owned();
    let adjacency = Adjacency::Direct { port, address, mac: None, vm, connection, tunnel: None };
    let route = Route { adjacency, why: String::new() };
    let other = Vrf { routes: [("10.255.10.4/32".parse().unwrap(), route)].into() };
    state.vrfs.insert("other".to_owned(), other);
    let compiled = Compiled::new(&state, &ports(), &Neighbours::default(), 1).unwrap();
    let roots = compiled.vrf_roots("other").unwrap();
    let adjacency = compiled.adjacency(compiled.lookup(roots, VM).unwrap()).unwrap();
    assert_eq!(adjacency.kind, ADJACENCY_UNRESOLVED);
    assert_eq!(compiled.resolver(&at(1, VM)), Some(Resolver::Msee));
    assert!(compiled.contradicts(&at(1, VM), mac(9)));
    assert!(!compiled.contradicts(&at(1, VM), mac(0x44)));
    assert_eq!(adjacency_to(&compiled, "10.255.10.4").1.header[..6], mac(0x44).0);
}
