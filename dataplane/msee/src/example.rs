//! One MSEE for tests: a customer's link, a FastPath VNet and its spoke on one fabric, and a second
//! fabric that is reached only through its gateway.

use std::net::{Ipv4Addr, Ipv6Addr};

use desired::{
    Adjacency, CircuitPort, FabricPort, FabricVnet, GatewayNextHop, Ipv6Link, MacAddress,
    MseeState, Route, Tags, Vrf,
};

use crate::fastpath::{BoundPort, Compiled, Neighbours, PortKind};

pub(crate) const CIRCUIT: u32 = 1;
pub(crate) const FABRIC: u32 = 3;
pub(crate) const FAR_FABRIC: u32 = 4;

pub(crate) const CE_IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x172, 0, 0, 0, 0, 0, 1);
pub(crate) const OURS_AT_CE_IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x172, 0, 0, 0, 0, 0, 2);
/// The hub VM; IPv6 is not in FastPath.
pub(crate) const HUB_VM_IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x255, 0, 0x10, 0, 0, 0, 4);
pub(crate) const OURS_AT_HUB_IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x255, 0, 0, 0, 0, 0, 4);
pub(crate) const CE: Ipv4Addr = Ipv4Addr::new(172, 16, 1, 1);
pub(crate) const OURS_AT_CE: Ipv4Addr = Ipv4Addr::new(172, 16, 1, 2);
/// FastPath, of the hub.
pub(crate) const HUB_VM: Ipv4Addr = Ipv4Addr::new(10, 255, 10, 4);
/// Behind the hub's gateway, of the spoke.
pub(crate) const SPOKE_VM: Ipv4Addr = Ipv4Addr::new(10, 254, 10, 4);
/// Behind a gateway with two instances, on the other fabric.
pub(crate) const FAR_VM: Ipv4Addr = Ipv4Addr::new(10, 1, 10, 4);
pub(crate) const OURS_AT_HUB: Ipv4Addr = Ipv4Addr::new(10, 255, 0, 4);
pub(crate) const OURS_AT_FAR: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 4);
pub(crate) const NOWHERE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);

/// The MTU of the fabric ports; the circuit's is 1,500.
pub(crate) const FABRIC_MTU: u32 = 1_400;

pub(crate) const CE_MAC: MacAddress = MacAddress([2, 0, 0, 0, 1, 1]);
pub(crate) const CIRCUIT_MAC: MacAddress = MacAddress([2, 0, 0, 0, 1, 2]);
pub(crate) const FABRIC_MAC: MacAddress = MacAddress([2, 0, 0, 0, 3, 1]);
pub(crate) const HUB_VM_MAC: MacAddress = MacAddress([2, 0, 0, 0, 3, 4]);
pub(crate) const GATEWAY_MAC: MacAddress = MacAddress([2, 0, 0, 0, 3, 12]);
pub(crate) const FAR_MAC: MacAddress = MacAddress([2, 0, 0, 0, 4, 1]);
pub(crate) const FAR_GATEWAY_MACS: [MacAddress; 2] =
    [MacAddress([2, 0, 0, 0, 4, 12]), MacAddress([2, 0, 0, 0, 4, 13])];

fn gateway(port: &str, name: &str, instances: &[(Ipv4Addr, MacAddress)]) -> Adjacency {
    let instances = instances.iter().map(|(address, mac)| GatewayNextHop {
        address: *address,
        mac: Some(*mac),
        tunnel: None,
    });
    Adjacency::Gateway {
        port: port.to_owned(),
        gateway: name.to_owned(),
        connection: "conn1".to_owned(),
        instances: instances.collect(),
    }
}

pub(crate) fn state() -> MseeState {
    let vrf = "CIRCUIT_EQUINIX".to_owned();
    let direct = Adjacency::Direct {
        port: "eth2".to_owned(),
        address: HUB_VM.into(),
        mac: Some(HUB_VM_MAC),
        vm: "hub-vm".to_owned(),
        connection: "conn1".to_owned(),
        tunnel: None,
    };
    let near = gateway("eth2", "ERGW1", &[(Ipv4Addr::new(10, 255, 0, 12), GATEWAY_MAC)]);
    let [first, second] = FAR_GATEWAY_MACS;
    let far_instances =
        [(Ipv4Addr::new(10, 1, 0, 12), first), (Ipv4Addr::new(10, 1, 0, 13), second)];
    let far = gateway("eth3", "ERGW2", &far_instances);
    let route = |prefix: &str, adjacency: Adjacency, why: &str| {
        (prefix.parse().unwrap(), Route { adjacency, why: why.to_owned() })
    };
    let routes = [
        route("fd00:172::/126", Adjacency::Ce { port: "eth1".to_owned() }, "link"),
        route("fd00:255::/48", near.clone(), "IPv6: not in FastPath"),
        route("172.16.1.0/30", Adjacency::Ce { port: "eth1".to_owned() }, "announced by ce1"),
        route("10.255.10.4/32", direct, "hub VM: in FastPath"),
        route("10.254.0.0/16", near, "spoke prefix: not in FastPath"),
        route("10.1.0.0/16", far, "no FastPath on this connection"),
    ];
    let vnet = |prefixes: &[&str], address, address_ipv6| FabricVnet {
        prefixes: prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect(),
        vrf: vrf.clone(),
        address,
        address_ipv6,
        vni: None,
    };
    let circuit_port = CircuitPort {
        circuit: vrf.clone(),
        vrf: vrf.clone(),
        address: "172.16.1.2/30".parse().unwrap(),
        peer: CE,
        peer_mac: Some(CE_MAC),
        interface: "eth1".to_owned(),
        tags: Tags::Untagged,
        cpu: Some("xcpu1".to_owned()),
        bandwidth: None,
        validate_source: false,
        ipv6: Some(Ipv6Link { address: "fd00:172::2/126".parse().unwrap(), peer: CE_IPV6 }),
    };
    let near_vnets = [
        (
            "hub".to_owned(),
            vnet(&["10.255.0.0/16", "fd00:255::/48"], OURS_AT_HUB, Some(OURS_AT_HUB_IPV6)),
        ),
        ("spoke".to_owned(), vnet(&["10.254.0.0/16"], OURS_AT_HUB, None)),
    ];
    let far_vnets = [("far".to_owned(), vnet(&["10.1.0.0/16"], OURS_AT_FAR, None))];
    MseeState {
        circuit_ports: [("eth1".to_owned(), circuit_port)].into(),
        fabric_ports: [
            ("eth2".to_owned(), FabricPort { vnets: near_vnets.into(), vxlan: None }),
            ("eth3".to_owned(), FabricPort { vnets: far_vnets.into(), vxlan: None }),
        ]
        .into(),
        vrfs: [(vrf.clone(), Vrf { routes: routes.into() })].into(),
    }
}

fn port(slot: u32, interface: &str, mac: MacAddress, mtu: u32, kind: PortKind) -> BoundPort {
    BoundPort {
        slot,
        name: interface.to_owned(),
        interface: interface.to_owned(),
        ifindex: 100 + slot,
        tags: Tags::Untagged,
        mac,
        mtu,
        kind,
    }
}

/// The state without a single MAC address.
pub(crate) fn silent_state() -> MseeState {
    silenced(state())
}

/// A state without its MAC addresses.
pub(crate) fn silenced(mut state: MseeState) -> MseeState {
    for port in state.circuit_ports.values_mut() {
        port.peer_mac = None;
    }
    for route in state.vrfs.values_mut().flat_map(|vrf| vrf.routes.values_mut()) {
        match &mut route.adjacency {
            Adjacency::Direct { mac, .. } => *mac = None,
            Adjacency::Gateway { instances, .. } => {
                for instance in instances {
                    instance.mac = None;
                }
            }
            Adjacency::Ce { .. } => {}
        }
    }
    state
}

pub(crate) fn compiled() -> Compiled {
    compiled_from(&state())
}

pub(crate) fn compiled_from(state: &MseeState) -> Compiled {
    compiled_with(state, &Neighbours::default())
}

/// With what was learned of neighbours.
pub(crate) fn compiled_with(state: &MseeState, learned: &Neighbours) -> Compiled {
    let ports = [
        port(CIRCUIT, "eth1", CIRCUIT_MAC, 1_500, PortKind::Circuit),
        port(2, "xcpu1", CIRCUIT_MAC, 1_500, PortKind::Cpu),
        port(FABRIC, "eth2", FABRIC_MAC, FABRIC_MTU, PortKind::Fabric),
        port(FAR_FABRIC, "eth3", FAR_MAC, FABRIC_MTU, PortKind::Fabric),
    ];
    Compiled::new(state, &ports, learned, 7).unwrap()
}
