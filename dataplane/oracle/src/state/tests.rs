use desired::{Adjacency, GatewayNextHop, MseeState, Route, Tunnel};

use crate::{Oracle, PortKind, StateError, scene};

fn refused(change: impl FnOnce(&mut MseeState)) -> StateError {
    let mut state = scene::state();
    change(&mut state);
    Oracle::new(&state, &scene::ports()).unwrap_err()
}

fn route_to(adjacency: Adjacency) -> impl FnOnce(&mut MseeState) {
    let route = Route { adjacency, why: String::new() };
    |state| {
        let vrf = state.vrfs.get_mut("contoso").unwrap();
        vrf.routes.insert("192.0.2.0/24".parse().unwrap(), route);
    }
}

#[test]
fn the_scene_is_taken() {
    assert!(Oracle::new(&scene::state(), &scene::ports()).is_ok());
    assert!(Oracle::new(&MseeState::default(), &[]).is_ok());
}

#[test]
fn every_port_of_the_state_must_be_there() {
    let no_port = |name: &str, kind| StateError::NoPort { name: name.to_owned(), kind };
    for (missing, kind) in
        [("eth1.100", PortKind::Circuit), ("eth2", PortKind::Fabric), ("xcpu3", PortKind::Cpu)]
    {
        let mut ports = scene::ports();
        ports.retain(|port| port.name != missing);
        let refusal = Oracle::new(&scene::state(), &ports).unwrap_err();
        assert_eq!(refusal, no_port(missing, kind));
    }
    let ce = Adjacency::Ce { port: "eth9".to_owned() };
    assert_eq!(refused(route_to(ce)), no_port("eth9", PortKind::Circuit));
    let ce = Adjacency::Ce { port: "eth2".to_owned() };
    assert_eq!(refused(route_to(ce)), no_port("eth2", PortKind::Circuit), "a fabric is no circuit");
}

#[test]
fn a_gateway_has_instances() {
    let gateway = |instances: Vec<GatewayNextHop>| Adjacency::Gateway {
        port: "eth2".to_owned(),
        gateway: "ERGW1".to_owned(),
        connection: "connection".to_owned(),
        instances,
    };
    let refusal = refused(route_to(gateway(Vec::new())));
    assert_eq!(refusal, StateError::NoInstance { gateway: "ERGW1".to_owned() });
}

#[test]
fn a_tunnel_has_both_ends() {
    let tunnel = |host: &str| Some(Tunnel { host: host.to_owned(), vni: 0x01_0203 });
    let vm = |port: &str, tunnel| Adjacency::Direct {
        port: port.to_owned(),
        address: [10, 240, 10, 9].into(),
        mac: None,
        vm: "vm9".to_owned(),
        connection: "connection".to_owned(),
        tunnel,
    };
    let error = |port: &str, name: &str| StateError::Tunnel {
        port: port.to_owned(),
        name: name.to_owned(),
    };
    assert_eq!(refused(route_to(vm("eth2", tunnel("host1")))), error("eth2", "vm9"));
    assert_eq!(refused(route_to(vm("eth7", None))), error("eth7", "vm9"));
    let no_host = StateError::NoHost { port: "eth7".to_owned(), name: "host9".to_owned() };
    assert_eq!(refused(route_to(vm("eth7", tunnel("host9")))), no_host);
    for (port, vni) in
        [("eth2", Some(1)), ("eth7", None), ("eth7", Some(0)), ("eth7", Some(1 << 24))]
    {
        let refusal = refused(|state| {
            let vnets = &mut state.fabric_ports.get_mut(port).unwrap().vnets;
            vnets.get_mut("hub").unwrap().vni = vni;
        });
        assert_eq!(refusal, error(port, "hub"));
    }
}

#[test]
fn what_is_referred_to_is_there() {
    let refusal = refused(|state| drop(state.vrfs.remove("fabrikam")));
    assert_eq!(refusal, StateError::NoVrf { name: "fabrikam".to_owned() });
}

#[test]
fn nothing_has_two_meanings() {
    let twice = |state: &mut MseeState| {
        let port = state.circuit_ports["eth1.100"].clone();
        state.circuit_ports.get_mut("eth1.20.100").unwrap().tags = port.tags;
    };
    assert!(matches!(refused(twice), StateError::SameTags { name } if name == "eth1.20.100"));
    let shared = |state: &mut MseeState| {
        let vnets = &mut state.fabric_ports.get_mut("eth2").unwrap().vnets;
        vnets.get_mut("spoke").unwrap().prefixes.push("10.255.7.7/16".parse().unwrap());
    };
    assert!(matches!(refused(shared), StateError::SamePrefix { place, .. } if place == "eth2"));
    let routed_twice = |state: &mut MseeState| {
        let routes = &mut state.vrfs.get_mut("contoso").unwrap().routes;
        let route = routes[&"10.1.0.0/16".parse().unwrap()].clone();
        routes.insert("10.1.0.1/16".parse().unwrap(), route);
    };
    let refusal = refused(routed_twice);
    assert!(matches!(refusal, StateError::SamePrefix { place, .. } if place == "contoso"));
}
