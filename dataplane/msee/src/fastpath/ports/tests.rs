use desired::ServiceEthertype;

use super::*;

#[allow(clippy::unnecessary_wraps, reason = "it stands for an ioctl that can fail")]
fn find(name: &str) -> io::Result<Option<Interface>> {
    let number = name.trim_start_matches(|character: char| !character.is_ascii_digit());
    let number: u16 = number.parse().unwrap();
    let ifindex = u32::from(number) + if name.starts_with('x') { 100 } else { 0 };
    let found = Interface { ifindex, mac: MacAddress([2, 0, 0, 0, 0, number as u8]), mtu: 1_500 };
    Ok(Some(found).filter(|_| number != 9))
}

fn circuit(interface: &str, tags: Tags, cpu: &str) -> desired::CircuitPort {
    desired::CircuitPort {
        circuit: "circuit".to_owned(),
        vrf: "vrf".to_owned(),
        address: "172.16.1.2/30".parse().unwrap(),
        peer: "172.16.1.1".parse().unwrap(),
        peer_mac: Some(MacAddress([2; 6])),
        interface: interface.to_owned(),
        tags,
        cpu: Some(cpu.to_owned()),
        ipv6: None,
        bandwidth: None,
        validate_source: false,
    }
}

fn state(circuits: &[&str], fabrics: &[&str]) -> MseeState {
    let untagged = |name: &&str| {
        let cpu = name.replace("eth", "xcpu");
        ((*name).to_owned(), circuit(name, Tags::Untagged, &cpu))
    };
    MseeState {
        circuit_ports: circuits.iter().map(untagged).collect(),
        fabric_ports: fabrics
            .iter()
            .map(|name| ((*name).to_owned(), desired::FabricPort::default()))
            .collect(),
        ..MseeState::default()
    }
}

fn slots(ports: &[BoundPort]) -> Vec<(&str, u32)> {
    ports.iter().map(|port| (port.interface.as_str(), port.slot)).collect()
}

#[test]
fn a_circuit_port_brings_its_cpu_port() {
    let ports = bind(&state(&["eth1"], &["eth2"]), &[], find).unwrap();
    assert_eq!(slots(&ports), [("eth1", 1), ("eth2", 2), ("xcpu1", 3)]);
    assert_eq!(ports[2].kind, PortKind::Cpu);
    assert_eq!(ports[2].ifindex, 101);
}

#[test]
fn slots_stay_and_a_freed_one_rests_for_one_image() {
    let first = bind(&state(&["eth2"], &["eth3"]), &[], find).unwrap();
    assert_eq!(slots(&first), [("eth2", 1), ("eth3", 2), ("xcpu2", 3)]);
    let second = bind(&state(&[], &["eth3", "eth4"]), &first, find).unwrap();
    assert_eq!(slots(&second), [("eth3", 2), ("eth4", 4)]);
    let third = bind(&state(&[], &["eth3", "eth4", "eth5"]), &second, find).unwrap();
    assert_eq!(slots(&third), [("eth5", 1), ("eth3", 2), ("eth4", 4)]);
}

#[test]
fn a_port_is_the_same_by_what_arrives_or_when_its_interface_was_made_anew() {
    let first = bind(&state(&[], &["eth2", "eth3"]), &[], find).unwrap();
    assert_eq!(slots(&first), [("eth2", 1), ("eth3", 2)]);
    // A former process's image has no names.
    let nameless = first.iter().map(|port| BoundPort { name: String::new(), ..port.clone() });
    let nameless: Vec<_> = nameless.collect();
    let second = bind(&state(&[], &["eth3", "eth2"]), &nameless, find).unwrap();
    assert_eq!(slots(&second), [("eth2", 1), ("eth3", 2)]);
    // eth2 deleted and made anew.
    let anew = |name: &str| {
        let found = find(name)?;
        Ok(found.map(|it| if name == "eth2" { Interface { ifindex: 77, ..it } } else { it }))
    };
    let second = bind(&state(&[], &["eth2", "eth3", "eth4"]), &first, anew).unwrap();
    assert_eq!(slots(&second), [("eth2", 1), ("eth3", 2), ("eth4", 3)]);
}

#[test]
fn a_name_that_moves_to_another_interface_leaves_its_slot_behind() {
    let on = |interface: &str| {
        let mut state = MseeState::default();
        let port = circuit(interface, Tags::Untagged, "xcpu1");
        state.circuit_ports.insert("link".to_owned(), port);
        state
    };
    let first = bind(&on("eth1"), &[], find).unwrap();
    assert_eq!(slots(&first)[0], ("eth1", 1));
    let second = bind(&on("eth2"), &first, find).unwrap();
    assert!(second.iter().all(|port| port.slot != 1), "{second:?}");
}

#[test]
fn a_missing_interface_is_named() {
    let error = bind(&state(&[], &["eth9"]), &[], find).unwrap_err();
    assert!(error.to_string().contains("`eth9`"), "{error}");
}

#[test]
fn ports_beyond_the_slots_are_refused() {
    let names: Vec<String> =
        (0..limits::PORTS).map(|number| format!("eth{}", 10 + number)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let error = bind(&state(&[], &names), &[], find).unwrap_err();
    assert!(matches!(error, BindPortsError::TooMany), "{error}");
}

#[test]
fn the_loopback_interface_is_found_by_ioctl() {
    let loopback = interface::find("lo").unwrap().unwrap();
    assert_eq!((loopback.ifindex, loopback.mac), (1, MacAddress([0; 6])));
    assert_eq!(interface::find("no-such").unwrap(), None);
}

#[test]
fn links_share_an_interface_by_their_tags() {
    let qinq = |customer| Tags::Qinq { service: 20, customer, ethertype: ServiceEthertype::Dot1q };
    let mut state = state(&[], &["eth2"]);
    for (name, tags, cpu) in [
        ("eth1.100", Tags::Dot1q { vlan: 100 }, "xcpu3"),
        ("eth1.20.100", qinq(100), "xcpu4"),
        ("eth1.20.101", qinq(101), "xcpu5"),
        ("eth1", Tags::Untagged, "xcpu6"),
    ] {
        state.circuit_ports.insert(name.to_owned(), circuit("eth1", tags, cpu));
    }
    let ports = bind(&state, &[], find).unwrap();
    assert_eq!(ports.len(), 9);
    let port = |name: &str| ports.iter().find(|port| port.name == name).unwrap();
    assert_eq!(port("eth1.20.100").key(), PortKey { ifindex: 1, outer: 20, inner: 100 });
    assert_eq!(port("eth1.100").key(), PortKey { ifindex: 1, outer: UNTAGGED, inner: 100 });
    assert_eq!(port("eth1").key(), PortKey { ifindex: 1, outer: UNTAGGED, inner: UNTAGGED });
    assert_eq!(
        ["eth1", "eth1.100", "eth1.20.101"].map(|it| port(it).ip_mtu()),
        [1_500, 1_496, 1_492]
    );

    state.circuit_ports.insert("again".to_owned(), circuit("eth1", qinq(101), "xcpu7"));
    let error = bind(&state, &[], find).unwrap_err().to_string();
    assert!(error.contains("`again` and `eth1.20.101`"), "{error}");
}

#[test]
fn a_vlan_id_that_is_none_is_refused() {
    for vlan in [0, 4_095, u16::MAX] {
        let mut state = MseeState::default();
        let port = circuit("eth1", Tags::Dot1q { vlan }, "xcpu1");
        state.circuit_ports.insert("eth1.0".to_owned(), port);
        let error = bind(&state, &[], find).unwrap_err().to_string();
        assert!(error.contains(&format!("VLAN id {vlan}")), "{error}");
    }
}

/// An underlay and its networks, each once however many VNets it has.
#[test]
fn each_network_of_an_underlay_is_a_port() {
    let vnet = |vni| desired::FabricVnet {
        prefixes: Vec::new(),
        vrf: "vrf".to_owned(),
        address: [10, 255, 0, 4].into(),
        address_ipv6: None,
        vni: Some(vni),
    };
    let with = |vnis: [u32; 3]| {
        let mut state = state(&[], &["eth2"]);
        let fabric = state.fabric_ports.get_mut("eth2").unwrap();
        fabric.vnets =
            ["a", "b", "c"].map(ToOwned::to_owned).into_iter().zip(vnis.map(vnet)).collect();
        let address = "192.0.2.1/24".parse().unwrap();
        fabric.vxlan = Some(desired::Underlay { address, hosts: [].into() });
        state
    };
    let ports = bind(&with([5_001, 5_001, 0xff_ffff]), &[], find).unwrap();
    let named: Vec<_> = ports.iter().map(|port| (port.name.as_str(), port.kind)).collect();
    assert_eq!(
        named,
        [
            ("eth2", PortKind::Underlay),
            ("eth2.vni16777215", PortKind::Vxlan { vni: 0xff_ffff }),
            ("eth2.vni5001", PortKind::Vxlan { vni: 5_001 }),
        ]
    );
    for port in &ports[1..] {
        assert_eq!((port.ifindex, port.interface.as_str()), (ports[0].ifindex, "eth2"));
        assert_eq!((port.ip_mtu(), port.key().ifindex), (1_450, ports[0].ifindex));
    }
    assert_eq!(ports[1].key().vni(), Some(0xff_ffff));
    assert_eq!((ports[0].ip_mtu(), ports[0].key().vni()), (1_500, None));
    // A network that goes leaves the others where they are.
    let fewer = bind(&with([5_001; 3]), &ports, find).unwrap();
    assert_eq!(slots(&fewer), [("eth2", 1), ("eth2", 3)]);
    for vni in [0, 1 << 24] {
        let error = bind(&with([vni; 3]), &[], find).unwrap_err().to_string();
        assert!(error.starts_with(&format!("VNet `a` on `eth2` has the VNI {vni}")), "{error}");
    }
}
