use std::net::Ipv4Addr;

use abi::image::{ADJACENCY_CE, ADJACENCY_DIRECT, ADJACENCY_GATEWAY, ADJACENCY_UNRESOLVED};
use desired::{
    Adjacency, CircuitPort, FabricVnet, GatewayNextHop, Ipv6Link, MacAddress, Route,
    ServiceEthertype, Tags, Vrf,
};

use super::*;

mod neighbours;
mod vxlan;

fn mac(last: u8) -> MacAddress {
    MacAddress([2, 0, 0, 0, 0, last])
}

fn bound(slot: u32, interface: &str, kind: PortKind) -> BoundPort {
    let ifindex = slot + 10;
    let (interface, mac) = (interface.to_owned(), mac(slot as u8));
    let (name, tags) = (interface.clone(), Tags::Untagged);
    BoundPort { slot, name, interface, ifindex, tags, mac, mtu: 1_500, kind }
}

fn ports() -> Vec<BoundPort> {
    vec![
        bound(1, "eth1", PortKind::Circuit),
        bound(2, "eth2", PortKind::Fabric),
        bound(3, "xcpu1", PortKind::Cpu),
    ]
}

fn gateway() -> Adjacency {
    let instance = |last| GatewayNextHop {
        address: Ipv4Addr::new(10, 255, 0, last),
        mac: Some(mac(last)),
        tunnel: None,
    };
    Adjacency::Gateway {
        port: "eth2".to_owned(),
        gateway: "ERGW1".to_owned(),
        connection: "conn1".to_owned(),
        instances: vec![instance(12), instance(13)],
    }
}

fn direct() -> Adjacency {
    Adjacency::Direct {
        port: "eth2".to_owned(),
        address: Ipv4Addr::new(10, 255, 10, 4).into(),
        mac: Some(mac(0x44)),
        vm: "hub-vm".to_owned(),
        connection: "conn1".to_owned(),
        tunnel: None,
    }
}

fn state() -> MseeState {
    let route = |adjacency: Adjacency, why: &str| Route { adjacency, why: why.to_owned() };
    let routes = [
        ("10.254.0.0/16", route(gateway(), "spoke prefix: not in FastPath")),
        ("10.255.0.0/16", route(gateway(), "hub prefix")),
        ("10.255.10.4/32", route(direct(), "hub VM: FastPath")),
        ("172.16.1.0/30", route(Adjacency::Ce { port: "eth1".to_owned() }, "connected")),
    ];
    let routes = routes.map(|(prefix, route)| (prefix.parse().unwrap(), route)).into();
    let vnet = |prefix: &str| FabricVnet {
        prefixes: vec![prefix.parse().unwrap()],
        vrf: "circuit".to_owned(),
        address: Ipv4Addr::new(10, 255, 0, 4),
        address_ipv6: Some("fd00:255::4".parse().unwrap()),
        vni: None,
    };
    let circuit = CircuitPort {
        circuit: "CIRCUIT_EQUINIX".to_owned(),
        vrf: "circuit".to_owned(),
        address: "172.16.1.2/30".parse().unwrap(),
        peer: Ipv4Addr::new(172, 16, 1, 1),
        peer_mac: Some(mac(0x11)),
        interface: "eth1".to_owned(),
        tags: Tags::Untagged,
        cpu: Some("xcpu1".to_owned()),
        bandwidth: None,
        validate_source: false,
        ipv6: Some(Ipv6Link {
            address: "fd00:172::2/126".parse().unwrap(),
            peer: "fd00:172::1".parse().unwrap(),
        }),
    };
    let vnets = [("hub", vnet("10.255.0.0/16")), ("spoke", vnet("10.254.0.0/16"))];
    MseeState {
        circuit_ports: [("eth1".to_owned(), circuit)].into(),
        fabric_ports: [(
            "eth2".to_owned(),
            FabricPort {
                vnets: vnets.map(|(name, vnet)| (name.to_owned(), vnet)).into(),
                vxlan: None,
            },
        )]
        .into(),
        vrfs: [("circuit".to_owned(), Vrf { routes })].into(),
    }
}

fn compile() -> Compiled {
    Compiled::new(&state(), &ports(), &Neighbours::default(), 1).unwrap()
}

#[test]
fn each_next_hop_is_an_adjacency_once_and_reads_like_a_sentence() {
    let compiled = compile();
    let roots = compiled.vrf_roots("circuit").unwrap();
    let at = |text: &str| compiled.lookup(roots, text.parse().unwrap());
    let spoke = at("10.254.10.4").unwrap();
    assert_eq!(at("10.255.99.99"), Some(spoke), "both prefixes share the gateway's group");
    assert_eq!(compiled.adjacency_name(spoke), "gateway ERGW1 (conn1)");
    let hub_vm = at("10.255.10.4").unwrap();
    assert_eq!(compiled.adjacency_name(hub_vm), "VM hub-vm (FastPath, conn1)");
    let customer = at("172.16.1.1").unwrap();
    let name = compiled.adjacency_name(customer);
    assert_eq!(name, "customer edge 172.16.1.1 (CIRCUIT_EQUINIX)");
    assert_eq!(at("8.8.8.8"), None);
    // None, two instances, the VM and the customer edge.
    assert_eq!(compiled.adjacencies.len(), 5);
    let kinds = [spoke, hub_vm, customer].map(|leaf| {
        let index = compiled.member(leaf, 0).unwrap();
        compiled.adjacency(index).unwrap().kind
    });
    assert_eq!(kinds, [ADJACENCY_GATEWAY, ADJACENCY_DIRECT, ADJACENCY_CE]);
}

#[test]
fn a_gateways_instances_are_one_group() {
    let compiled = compile();
    let roots = compiled.vrf_roots("circuit").unwrap();
    let leaf = compiled.lookup(roots, Ipv4Addr::new(10, 254, 0, 1).into()).unwrap();
    assert_eq!(leaf, image::GROUP);
    let members: std::collections::BTreeSet<u32> =
        (0..limits::GROUP_PLACES as u32).filter_map(|hash| compiled.member(leaf, hash)).collect();
    let first = *members.first().unwrap();
    assert_eq!(members, [first, first + 1].into());
    let [one, two] = [first, first + 1].map(|index| *compiled.adjacency(index).unwrap());
    assert_eq!(one.header[..12], [2, 0, 0, 0, 0, 12, 2, 0, 0, 0, 0, 2]);
    assert_eq!(two.header[..12], [2, 0, 0, 0, 0, 13, 2, 0, 0, 0, 0, 2]);
    assert_eq!((one.port, one.mtu), (2, 1_500));
    let instances = [first, first + 1].map(|index| compiled.adjacency_instance(index).unwrap());
    assert_eq!(instances.map(|instance| instance.octets()[3]), [12, 13]);
}

#[test]
fn ports_know_their_peers_roots_and_addresses() {
    let compiled = compile();
    let circuit = compiled.port(1).unwrap();
    assert_eq!(
        (circuit.kind, circuit.peer, circuit.address_ipv4),
        (PORT_CIRCUIT, 3, [172, 16, 1, 2])
    );
    assert_eq!(Some(Compiled::port_roots(circuit)), compiled.vrf_roots("circuit"));
    let cpu = compiled.port(3).unwrap();
    assert_eq!((cpu.kind, cpu.peer), (PORT_CPU, 1));
    assert_eq!(compiled.port(2).unwrap().kind, PORT_FABRIC);
    assert_eq!(compiled.port(4), None);
}

#[test]
fn every_port_is_found_within_its_probes() {
    // As many ports as there are slots, with interface indices of any spacing.
    for spacing in [1, 2, 64, 256, 0x0001_0001] {
        let ports: Vec<_> = (1..limits::PORTS)
            .map(|slot| BoundPort {
                ifindex: 7 + slot * spacing,
                ..bound(slot, &format!("fabric{slot}"), PortKind::Fabric)
            })
            .collect();
        let compiled =
            Compiled::new(&MseeState::default(), &ports, &Neighbours::default(), 1).unwrap();
        let slots: Vec<u32> = compiled.port_slots.iter().map(|place| place.slot).collect();
        assert_eq!(slots.iter().filter(|slot| **slot != 0).count(), ports.len(), "{spacing}");
        for port in &ports {
            let key = port.key();
            let probes = (0..limits::PORT_PROBES).map(|probe| {
                let bucket = (key.bucket() + probe) % limits::PORT_BUCKETS;
                compiled.port_slots[bucket as usize]
            });
            let found = probes.take_while(|place| place.slot != 0).find(|place| place.key == key);
            assert_eq!(found.map(|place| place.slot), Some(port.slot), "spacing {spacing}");
        }
    }
}

#[test]
fn the_source_names_the_vnet() {
    let compiled = compile();
    let vnet = |source: &str| {
        let index = compiled.source_vnet(2, source.parse().unwrap())?;
        Some(compiled.vnet(index).unwrap().name.as_str())
    };
    assert_eq!(vnet("10.255.10.4"), Some("hub"));
    assert_eq!(vnet("10.254.10.4"), Some("spoke"));
    assert_eq!(vnet("10.253.10.4"), None);
    assert_eq!(
        compiled.source_vnet(1, Ipv4Addr::new(10, 255, 10, 4).into()),
        None,
        "no fabric port"
    );
    assert_eq!(compiled.vnet(0), None);
}

#[test]
fn a_route_is_explained_by_its_prefix_and_reason() {
    let compiled = compile();
    let found = compiled.route_of("circuit", Ipv4Addr::new(10, 255, 10, 4).into()).unwrap();
    assert_eq!(
        (found.prefix.to_string().as_str(), found.route.why.as_str()),
        ("10.255.10.4/32", "hub VM: FastPath")
    );
    assert_eq!(compiled.route_of("circuit", Ipv4Addr::new(1, 1, 1, 1).into()), None);
}

#[test]
fn an_image_does_not_depend_on_the_order_of_ports() {
    let mut reversed = ports();
    reversed.reverse();
    let one = compile();
    let two = Compiled::new(&state(), &reversed, &Neighbours::default(), 1).unwrap();
    assert_eq!((one.ports, one.vnets, one.adjacencies), (two.ports, two.vnets, two.adjacencies));
    assert_eq!(one.prefixes.nodes(), two.prefixes.nodes());
}

#[test]
fn what_does_not_resolve_is_refused_by_name() {
    let mut unknown_vrf = state();
    unknown_vrf.circuit_ports.get_mut("eth1").unwrap().vrf = "elsewhere".to_owned();
    let mut unknown_port = state();
    unknown_port.fabric_ports.clear();
    let mut no_instance = state();
    let mut shared = state();
    for route in no_instance.vrfs.get_mut("circuit").unwrap().routes.values_mut() {
        if let Adjacency::Gateway { instances, .. } = &mut route.adjacency {
            instances.clear();
        }
    }
    let vnets = &mut shared.fabric_ports.get_mut("eth2").unwrap().vnets;
    vnets.get_mut("spoke").unwrap().prefixes.push("10.255.0.0/16".parse().unwrap());
    let cases = [
        (unknown_vrf, "eth1 uses the VRF `elsewhere`"),
        (unknown_port, "leaves by `eth2`, which is no fabric port"),
        (no_instance, "gateway `ERGW1`, which has no instance"),
        (shared, "VNets `hub` and `spoke` on `eth2` both have the prefix 10.255.0.0/16"),
    ];
    for (state, expected) in cases {
        let ports: Vec<_> = ports()
            .into_iter()
            .filter(|port| port.kind != PortKind::Fabric || !state.fabric_ports.is_empty())
            .collect();
        let error =
            Compiled::new(&state, &ports, &Neighbours::default(), 1).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn tables_beyond_their_limits_are_refused() {
    let mut many = state();
    let routes = &mut many.vrfs.get_mut("circuit").unwrap().routes;
    for number in 0..limits::ADJACENCIES {
        let [.., c, d] = number.to_be_bytes();
        let address = Ipv4Addr::new(10, 250, c, d);
        let adjacency = Adjacency::Direct {
            port: "eth2".to_owned(),
            address: address.into(),
            mac: Some(mac(1)),
            vm: format!("vm{number}"),
            connection: "conn1".to_owned(),
            tunnel: None,
        };
        routes.insert(
            IpNetwork::from(std::net::IpAddr::V4(address)),
            Route { adjacency, why: String::new() },
        );
    }
    assert_eq!(
        Compiled::new(&many, &ports(), &Neighbours::default(), 1).unwrap_err(),
        CompileError::TooManyAdjacencies
    );
}

#[test]
fn tags_are_part_of_the_link_header_and_taken_off_the_mtu() {
    let ethertype = ServiceEthertype::Dot1ad;
    let tags = Tags::Qinq { service: 20, customer: 100, ethertype };
    let mut state = state();
    state.circuit_ports.get_mut("eth1").unwrap().tags = tags;
    let mut ports = ports();
    ports[0].tags = tags;
    let compiled = Compiled::new(&state, &ports, &Neighbours::default(), 1).unwrap();
    let expected = [0x88, 0xa8, 0, 20, 0x81, 0, 0, 100];
    let (circuit, cpu) = (compiled.port(1).unwrap(), compiled.port(3).unwrap());
    assert_eq!((circuit.tags, circuit.tag_length), (expected, 8));
    assert_eq!((cpu.tags, cpu.tag_length), (expected, 8), "what the kernel sends is tagged");
    let roots = compiled.vrf_roots("circuit").unwrap();
    let index = compiled.lookup(roots, "172.16.1.1".parse().unwrap()).unwrap();
    let adjacency = compiled.adjacency(index).unwrap();
    assert_eq!((adjacency.tag_length, adjacency.mtu), (8, 1_492));
    assert_eq!(adjacency.header[12..], expected);
    assert_eq!(compiled.slot(ports[0].key()), Some(1));
}

#[test]
fn a_next_hop_without_a_mac_address_is_unresolved() {
    let mut state = state();
    state.circuit_ports.get_mut("eth1").unwrap().peer_mac = None;
    let compiled = Compiled::new(&state, &ports(), &Neighbours::default(), 1).unwrap();
    let roots = compiled.vrf_roots("circuit").unwrap();
    let index = compiled.lookup(roots, "172.16.1.1".parse().unwrap()).unwrap();
    assert_eq!(compiled.adjacency(index).unwrap().kind, ADJACENCY_UNRESOLVED);
}

#[test]
fn a_bandwidth_is_a_price_for_each_byte() {
    // 1 Gbit/s: 8 ns a byte, 20 ms of burst.
    assert_eq!(police(1_000_000_000), (8 << 16, 20_000_000));
    // 10 Gbit/s: 0.8 ns.
    assert_eq!(police(10_000_000_000).0, 52_428);
    // 1 Mbit/s: sixteen frames, 194 ms.
    assert_eq!(police(1_000_000), (8_000 << 16, 193_792_000));
    assert_eq!(police(0).0, u32::MAX);
    assert_eq!(police(u64::MAX).0, 1);
}
