use std::net::Ipv4Addr;

use desired::{Endpoint as DesiredEndpoint, GatewayInstance};

use super::*;

fn instance(mac: u8) -> GatewayInstance {
    GatewayInstance {
        address: Ipv4Addr::new(10, 254, 0, mac),
        mac: MacAddress([2, 0, 0, 0, 0, mac]),
        state: InstanceState::Up,
    }
}

fn endpoint(vm: &str, mac: [u8; 6]) -> DesiredEndpoint {
    DesiredEndpoint { vm: vm.into(), vnet: "hub".into(), mac: MacAddress(mac) }
}

fn gateway(endpoints: &[(u8, &str)]) -> GatewayState {
    let endpoints = endpoints.iter().map(|(host, vm)| {
        (Ipv4Addr::new(10, 254, 10, *host).into(), endpoint(vm, [2, 0, 0, 0, 1, *host]))
    });
    GatewayState {
        gateway: "ERGW1".into(),
        sku: "ErGw3AZ".into(),
        instances: vec![instance(12), instance(13)],
        endpoints: endpoints.collect(),
    }
}

fn ipv4(host: u8) -> IpAddr {
    Ipv4Addr::new(10, 254, 10, host).into()
}

fn build(state: &GatewayState, previous: Option<&Snapshot>) -> Snapshot {
    Snapshot::build(Revision(3), state, previous).unwrap()
}

#[test]
fn counters_follow_the_vm_through_states_and_end_with_it() {
    let first = build(&gateway(&[(4, "hub-vm"), (5, "spoke-vm")]), None);
    first.endpoint(ipv4(4)).unwrap().count();
    first.endpoint(ipv4(5)).unwrap().count();
    // The VM moves to another address; the other goes.
    let second = build(&gateway(&[(9, "hub-vm")]), Some(&first));
    second.endpoint(ipv4(9)).unwrap().count();
    assert_eq!(second.delivered(), [("hub-vm".to_owned(), 2)].into());
    assert!(second.endpoint(ipv4(4)).is_none());
}

#[test]
fn a_vm_with_two_addresses_has_one_counter() {
    let state = build(&gateway(&[(4, "hub-vm"), (5, "hub-vm")]), None);
    state.endpoint(ipv4(4)).unwrap().count();
    state.endpoint(ipv4(5)).unwrap().count();
    assert_eq!(state.delivered(), [("hub-vm".to_owned(), 2)].into());
}

#[test]
fn a_vm_is_found_by_its_address_of_either_version_and_has_one_counter() {
    let ipv6: IpAddr = "fdcc:0:fe::4".parse().unwrap();
    let mut desired = gateway(&[(4, "hub-vm")]);
    desired.endpoints.insert(ipv6, endpoint("hub-vm", [2, 0, 0, 0, 1, 4]));
    let state = build(&desired, None);
    assert_eq!(state.endpoint_count(), 2);
    for address in [ipv4(4), ipv6] {
        let endpoint = state.endpoint(address).unwrap();
        assert_eq!(endpoint.mac, [2, 0, 0, 0, 1, 4]);
        endpoint.count();
    }
    assert_eq!(state.delivered(), [("hub-vm".to_owned(), 2)].into());
    // It loses its IPv4 address and keeps its count.
    desired.endpoints.remove(&ipv4(4));
    let state = build(&desired, Some(&state));
    assert!(state.endpoint(ipv4(4)).is_none());
    assert_eq!(state.delivered(), [("hub-vm".to_owned(), 2)].into());
}

#[test]
fn the_same_revision_sent_again_is_another_snapshot() {
    let first = build(&gateway(&[]), None);
    let second = build(&gateway(&[]), Some(&first));
    assert_eq!((first.revision, second.revision), (Revision(3), Revision(3)));
    assert_ne!(first.sequence, second.sequence);
}

#[test]
fn states_that_cannot_be_forwarded_by_are_refused_by_name() {
    let mut twins = gateway(&[]);
    twins.instances[1].mac = twins.instances[0].mac;
    let error = Snapshot::build(Revision(1), &twins, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "two instances of gateway ERGW1 have the MAC address 02:00:00:00:00:0c"
    );
    let mut group = gateway(&[]);
    group
        .endpoints
        .insert(Ipv4Addr::new(10, 254, 10, 4).into(), endpoint("hub-vm", [1, 0, 0, 0, 0, 1]));
    let error = Snapshot::build(Revision(1), &group, None).unwrap_err();
    assert!(error.to_string().starts_with("VM hub-vm has the MAC address 01:00:00:00:00:01"));
}
