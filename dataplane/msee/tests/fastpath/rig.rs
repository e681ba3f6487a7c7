//! An MSEE with one circuit, one fabric and a hub and a spoke VNet, as in the lab.
//!
//! ```text
//! ce 172.16.1.1 -- eth1 (.2, cpu1/xcpu1)  MSEE  eth2 -- fabric: hub VM 10.255.10.4, gateways
//!                  eth3 (no cpu veth)
//! ```

use std::{net::Ipv4Addr, os::fd::AsFd as _, path::Path};

use abi::verdict::{self, Verdict};
use aya::{TestRun as _, TestRunOptions, programs::Xdp};
use aya_obj::programs::XdpAttachType;
use desired::{
    Adjacency, CircuitPort, FabricPort, FabricVnet, GatewayNextHop, Ipv6Link, MacAddress,
    MseeState, Route, Tags, Vrf,
};
use msee::fastpath::{BoundPort, FastPath, Loader, Neighbours};

use crate::namespace::{Namespace, ip, veth};

/// Last bytes of the MAC addresses.
pub const ETH1: u8 = 0x01;
pub const ETH2: u8 = 0x02;
pub const ETH3: u8 = 0x03;
pub const CE: u8 = 0x11;
pub const HUB_VM: u8 = 0x44;
pub const GATEWAY: u8 = 0xc0;

/// A MAC address by its last byte.
pub fn mac(last: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0, last]
}

/// The interfaces of the MSEE, in the calling thread's namespace.
pub fn interfaces() {
    veth("eth1", ETH1, "eth1p", CE);
    veth("eth2", ETH2, "eth2p", HUB_VM);
    veth("eth3", ETH3, "eth3p", 0x33);
    veth("cpu1", ETH1, "xcpu1", 0x91);
    ip("addr add 172.16.1.2/30 dev cpu1");
    ip("neigh replace 172.16.1.1 lladdr 02:00:00:00:00:11 dev cpu1 nud permanent");
}

/// Next hop: a VM.
pub fn direct(last: u8) -> Adjacency {
    Adjacency::Direct {
        port: "eth2".to_owned(),
        address: Ipv4Addr::new(10, 255, 10, last).into(),
        mac: Some(MacAddress(mac(last))),
        vm: format!("vm-{last:02x}"),
        connection: "conn1".to_owned(),
        tunnel: None,
    }
}

/// Next hop: a gateway with instances at these MAC addresses.
pub fn gateway(instances: &[u8]) -> Adjacency {
    let instance = |last: &u8| GatewayNextHop {
        address: Ipv4Addr::new(10, 255, 0, *last),
        mac: Some(MacAddress(mac(*last))),
        tunnel: None,
    };
    Adjacency::Gateway {
        port: "eth2".to_owned(),
        gateway: "ERGW1".to_owned(),
        connection: "conn1".to_owned(),
        instances: instances.iter().map(instance).collect(),
    }
}

/// A VRF's routes.
pub fn vrf(routes: &[(&str, Adjacency)]) -> Vrf {
    let route = |adjacency: &Adjacency| Route { adjacency: adjacency.clone(), why: String::new() };
    Vrf {
        routes: routes
            .iter()
            .map(|(prefix, adjacency)| (prefix.parse().unwrap(), route(adjacency)))
            .collect(),
    }
}

/// The lab's state: the hub VM by FastPath, the rest of hub and spoke by the gateway.
pub fn state() -> MseeState {
    let ce = || Adjacency::Ce { port: "eth1".to_owned() };
    let routes = [
        ("fd00:172::/126", ce()),
        ("fd00:255:0:10::4/128", direct(HUB_VM)),
        ("fd00:255::/48", gateway(&[GATEWAY])),
        ("fd00:254::/48", gateway(&[GATEWAY, GATEWAY + 1])),
        ("172.16.1.0/30", ce()),
        ("172.16.0.0/16", ce()),
        ("10.255.10.4/32", direct(HUB_VM)),
        ("10.255.0.0/16", gateway(&[GATEWAY])),
        ("10.254.0.0/16", gateway(&[GATEWAY, GATEWAY + 1])),
    ];
    let ipv6 = |address: &str| Ipv6Link {
        address: address.parse().unwrap(),
        peer: "fd00:172::1".parse().unwrap(),
    };
    let circuit = |interface: &str, address: &str, ipv6, cpu: Option<&str>, peer_mac| CircuitPort {
        circuit: "CIRCUIT_EQUINIX".to_owned(),
        vrf: "circuit".to_owned(),
        address: address.parse().unwrap(),
        peer: "172.16.1.1".parse().unwrap(),
        peer_mac: Some(MacAddress(mac(peer_mac))),
        interface: interface.to_owned(),
        tags: Tags::Untagged,
        cpu: cpu.map(ToOwned::to_owned),
        ipv6: Some(ipv6),
        bandwidth: None,
        validate_source: false,
    };
    let vnet = |prefixes: [&str; 2]| FabricVnet {
        prefixes: prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect(),
        vrf: "circuit".to_owned(),
        address: Ipv4Addr::new(10, 255, 0, 4),
        address_ipv6: Some("fd00:255::4".parse().unwrap()),
        vni: None,
    };
    let vnets = [
        ("hub", vnet(["10.255.0.0/16", "fd00:255::/48"])),
        ("spoke", vnet(["10.254.0.0/16", "fd00:254::/48"])),
    ];
    MseeState {
        circuit_ports: [
            (
                "eth1".to_owned(),
                circuit("eth1", "172.16.1.2/30", ipv6("fd00:172::2/126"), Some("xcpu1"), CE),
            ),
            (
                "eth3".to_owned(),
                circuit("eth3", "172.16.3.2/30", ipv6("fd00:173::2/126"), None, 0x33),
            ),
        ]
        .into(),
        fabric_ports: [(
            "eth2".to_owned(),
            FabricPort {
                vnets: vnets.map(|(name, vnet)| (name.to_owned(), vnet)).into(),
                vxlan: None,
            },
        )]
        .into(),
        vrfs: [("circuit".to_owned(), vrf(&routes))].into(),
    }
}

/// The MSEE of a test thread.
pub struct Rig {
    // Before the namespace, whose bpffs it is pinned on.
    pub fast_path: FastPath,
    pub namespace: Namespace,
}

impl Rig {
    /// In a namespace of its own, with the lab's state in force.
    pub fn start() -> Self {
        Self::start_by(&Loader::default())
    }

    /// The same, loaded by `loader`.
    pub fn start_by(loader: &Loader) -> Self {
        let namespace = Namespace::enter();
        interfaces();
        let mut fast_path = loader.load(&namespace.pins()).unwrap();
        fast_path.apply(&state(), &Neighbours::default()).unwrap();
        Self { fast_path, namespace }
    }

    /// As [`Rig::start`], with sockets that punts of `eth1` and `eth2` reach.
    pub fn start_with_sockets() -> (Self, Vec<afxdp::Socket>) {
        let mut rig = Self::start();
        let sockets = ["eth1", "eth2"].map(|interface| {
            let socket = afxdp::Socket::bind(interface, 0, &afxdp::Config::default()).unwrap();
            let slot = rig.port(interface).slot;
            rig.fast_path.bind_punt(slot, socket.as_fd()).unwrap();
            socket
        });
        (rig, sockets.into())
    }

    /// A port by name.
    pub fn port(&self, interface: &str) -> &BoundPort {
        self.fast_path.ports().iter().find(|port| port.name == interface).unwrap()
    }

    /// Counters, by verdict.
    pub fn counters(&self) -> [u64; verdict::COUNT] {
        self.fast_path.counters().unwrap()
    }

    /// How often a verdict was counted.
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.counters()[usize::from(verdict.number())]
    }

    /// Test-runs the program that ports run, which counts.
    pub fn run(&self, port: &str, frame: &[u8]) -> (u32, Vec<u8>) {
        run(&program(&self.namespace.pins()), Some(self.port(port).ifindex), frame)
    }
}

/// The pinned program of the ports.
pub fn program(pins: &Path) -> Xdp {
    Xdp::from_pin(pins.join("msee_port"), XdpAttachType::Interface).unwrap()
}

/// Test-runs a program: its action and the frame after it.
pub fn run(program: &Xdp, ifindex: Option<u32>, frame: &[u8]) -> (u32, Vec<u8>) {
    let mut bytes = vec![0; frame.len() + 128];
    let length = u32::try_from(frame.len()).unwrap();
    // struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex.
    let words = [0, length, 0, ifindex.unwrap_or(0), 0, 0];
    let context: Vec<u8> = words.iter().flat_map(|word: &u32| word.to_ne_bytes()).collect();
    let result = program
        .test_run(TestRunOptions {
            data_in: Some(frame),
            data_out: Some(&mut bytes),
            ctx_in: ifindex.is_some().then_some(&context),
            ..TestRunOptions::new()
        })
        .unwrap();
    bytes.truncate(result.data_size_out as usize);
    (result.return_value, bytes)
}
