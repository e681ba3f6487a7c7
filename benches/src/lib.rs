//! Inputs of the benches: states of a chosen size, the same on every run.

use std::net::Ipv4Addr;

use desired::{
    Adjacency, CircuitPort, FabricPort, FabricVnet, MacAddress, MseeState, Route, Tags, Vrf,
};
use ipnetwork::Ipv4Network;
use msee::fastpath::{BoundPort, PortKind};

/// One circuit, one VNet, and `vms` FastPath host entries in it.
pub fn state_with_fastpath_hosts(vms: u32) -> MseeState {
    let circuit = "CIRCUIT".to_owned();
    let mut vrf = Vrf::default();
    let ce = Adjacency::Ce { port: "eth1".to_owned() };
    vrf.routes.insert(prefix([10, 10, 0, 0], 16).into(), route(ce));
    for vm in 0..vms {
        let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 128, 0, 4)) + vm);
        let [a, b, c, d] = address.octets();
        let adjacency = Adjacency::Direct {
            port: "eth2".to_owned(),
            address: address.into(),
            mac: Some(MacAddress([2, 0, a, b, c, d])),
            vm: format!("vm-{vm}"),
            connection: "conn".to_owned(),
            tunnel: None,
        };
        vrf.routes.insert(prefix(address.octets(), 32).into(), route(adjacency));
    }
    let port = CircuitPort {
        circuit: circuit.clone(),
        vrf: circuit.clone(),
        address: prefix_of_link(),
        peer: Ipv4Addr::new(172, 16, 1, 1),
        peer_mac: Some(MacAddress([2, 0, 0, 0, 0, 1])),
        interface: "eth1".to_owned(),
        tags: Tags::Untagged,
        cpu: None,
        ipv6: None,
        bandwidth: None,
        validate_source: false,
    };
    let vnet = FabricVnet {
        prefixes: vec![prefix([10, 128, 0, 0], 9).into()],
        vrf: circuit.clone(),
        address: Ipv4Addr::new(10, 255, 255, 4),
        address_ipv6: None,
        vni: None,
    };
    MseeState {
        circuit_ports: [("eth1".to_owned(), port)].into(),
        fabric_ports: [(
            "eth2".to_owned(),
            FabricPort { vnets: [("hub".to_owned(), vnet)].into(), vxlan: None },
        )]
        .into(),
        vrfs: [(circuit, vrf)].into(),
    }
}

/// The ports that state is bound to.
pub fn bound_ports() -> Vec<BoundPort> {
    [("eth1", PortKind::Circuit), ("eth2", PortKind::Fabric)]
        .into_iter()
        .zip(1..)
        .map(|((interface, kind), slot)| BoundPort {
            slot,
            name: interface.to_owned(),
            interface: interface.to_owned(),
            tags: Tags::Untagged,
            ifindex: slot + 1,
            mac: MacAddress([2, 0, 0, 0, 1, 0]),
            mtu: 1_500,
            kind,
        })
        .collect()
}

fn route(adjacency: Adjacency) -> Route {
    Route { adjacency, why: "bench".to_owned() }
}

fn prefix(octets: [u8; 4], length: u8) -> Ipv4Network {
    // Every length here is a constant of at most 32.
    Ipv4Network::new_checked(octets.into(), length).unwrap_or_else(|| Ipv4Addr::from(octets).into())
}

fn prefix_of_link() -> Ipv4Network {
    prefix([172, 16, 1, 2], 30)
}
