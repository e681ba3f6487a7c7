use super::*;

#[allow(clippy::unnecessary_wraps, reason = "it stands for an ioctl that can fail")]
fn find(name: &str) -> io::Result<Option<Interface>> {
    let number = name.trim_start_matches(|character: char| !character.is_ascii_digit());
    let number: u8 = number.parse().unwrap();
    let ifindex = u32::from(number) + if name.starts_with('x') { 100 } else { 0 };
    let found = Interface { ifindex, mac: MacAddress([2, 0, 0, 0, 0, number]), mtu: 1_500 };
    Ok(Some(found).filter(|_| number != 9))
}

fn state(circuits: &[&str], fabrics: &[&str]) -> MseeState {
    let circuit = desired::CircuitPort {
        circuit: "circuit".to_owned(),
        vrf: "vrf".to_owned(),
        address: "172.16.1.2/30".parse().unwrap(),
        peer: "172.16.1.1".parse().unwrap(),
        peer_mac: MacAddress([2; 6]),
    };
    MseeState {
        circuit_ports: circuits.iter().map(|name| ((*name).to_owned(), circuit.clone())).collect(),
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
    assert_eq!((cpu_of("eth12").as_deref(), cpu_of("uplink")), (Some("xcpu12"), None));
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
fn a_missing_interface_is_named() {
    let error = bind(&state(&[], &["eth9"]), &[], find).unwrap_err();
    assert!(error.to_string().contains("`eth9`"), "{error}");
}

#[test]
fn ports_beyond_the_slots_are_refused() {
    let names: Vec<String> = (0..64).map(|number| format!("eth{}", 10 + number)).collect();
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
