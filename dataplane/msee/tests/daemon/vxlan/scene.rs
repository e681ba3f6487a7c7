//! A host of a fabric in VXLAN, by the kernel's own vxlan devices: each is the network interface of a VM
//! in a namespace of its own, and all of their frames leave by the host's `eth1`.
//!
//! ```text
//!  ce   eth1 172.16.1.1/30 -- eth1 msee eth2 -- eth1 vm 192.168.7.11/24, the host
//!  ce2  eth1 172.16.1.1/30 -- eth3      192.168.7.1   VNI 5001: vma, VNI 5002: vmb, both 10.255.10.4
//! ```

use std::net::{Ipv4Addr, Ipv6Addr};

use desired::{
    Adjacency, CircuitPort, MacAddress, MseeState, Route, Tunnel, Underlay, UnderlayHost,
};

use crate::lab::{self, Lab};

pub(super) const CONTOSO: u32 = 5_001;
pub(super) const FABRIKAM: u32 = 5_002;
pub(super) const ENDPOINT: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 1);
pub(super) const HOST: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 11);
pub(super) const VM6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x255, 0, 0x10, 0, 0, 0, 4);
pub(super) const OURS6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x255, 0, 0, 0, 0, 0, 4);
pub(super) const CE6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x172, 0, 0, 0, 0, 0, 1);

/// MAC address of the router's `eth2`, outside of tunnels and in them.
pub(super) const MSEE_MAC: [u8; 6] = [2, 0, 0, 0, 2, 1];
pub(super) const HOST_MAC: MacAddress = MacAddress([2, 0, 0, 0, 2, 2]);
pub(super) const VMA_MAC: MacAddress = MacAddress([2, 0, 0, 0, 3, 0xa]);
pub(super) const VMB_MAC: MacAddress = MacAddress([2, 0, 0, 0, 3, 0xb]);

/// How far `vmb` lets its packets go, to be told from `vma`.
pub(super) const VMB_TTL: u8 = 100;

/// What the state leaves out.
#[derive(Clone, Copy, Default)]
pub(super) struct Known {
    pub(super) host: Option<MacAddress>,
    pub(super) vm: Option<MacAddress>,
}

pub(super) const ALL: Known = Known { host: Some(HOST_MAC), vm: Some(VMA_MAC) };

/// The lab, with room on the underlay for 1,500 bytes in a tunnel.
pub(super) fn lab(test: &str) -> Lab {
    lab_with_underlay(test, 1_550)
}

/// The same with another underlay.
pub(super) fn lab_with_underlay(test: &str, mtu: u32) -> Lab {
    let lab = Lab::new(test);
    lab.run("ip -n @vm address flush dev eth1");
    for (node, interface) in [("msee", "eth2"), ("vm", "eth1")] {
        lab.run(&format!("ip -n @{node} link set {interface} mtu {mtu}"));
    }
    lab.run(&format!("ip -n @vm address add {HOST}/24 dev eth1"));
    for (vm, vni, mac) in [("vma", CONTOSO, VMA_MAC), ("vmb", FABRIKAM, VMB_MAC)] {
        lab.node(vm);
        // What has no other place in the forwarding table goes to the router: all that a VM broadcasts.
        lab.run(&format!(
            "ip -n @vm link add vx{vni} address {mac} type vxlan id {vni} local {HOST} \
             remote {ENDPOINT} dstport 4789 nolearning"
        ));
        lab.run(&format!("ip -n @vm link set vx{vni} netns @{vm} name eth0"));
        lab.run(&format!("ip -n @{vm} link set eth0 mtu {} up", mtu - 50));
        lab.run(&format!("ip -n @{vm} address add 10.255.10.4/16 dev eth0"));
        lab.run(&format!("ip -n @{vm} route add default via 10.255.0.4"));
    }
    lab.sysctl("vmb", "net/ipv4/ip_default_ttl", &VMB_TTL.to_string());

    lab.node("ce2");
    lab.veth("ce2", "eth1", "02:00:00:00:04:01", "eth3", "02:00:00:00:04:02");
    lab.run("ip -n @ce2 address add 172.16.1.1/30 dev eth1");
    lab.run("ip -n @ce2 neigh add 172.16.1.2 lladdr 02:00:00:00:04:02 dev eth1");
    lab.run("ip -n @ce2 route add default via 172.16.1.2");

    for (node, interface, address) in [
        ("ce", "eth1", "fd00:172::1/126"),
        ("msee", "cpu1", "fd00:172::2/126"),
        ("vma", "eth0", "fd00:255:0:10::4/48"),
    ] {
        lab.sysctl(node, &format!("net/ipv6/conf/{interface}/accept_dad"), "0");
        lab.sysctl(node, &format!("net/ipv6/conf/{interface}/disable_ipv6"), "0");
        lab.run(&format!("ip -n @{node} address add {address} dev {interface} nodad"));
    }
    lab.run("ip -n @ce route add default via fd00:172::2");
    lab.run(&format!("ip -n @vma route add default via {OURS6}"));
    lab
}

fn direct(address: impl Into<std::net::IpAddr>, mac: Option<MacAddress>, vni: u32) -> Adjacency {
    Adjacency::Direct {
        port: "eth2".to_owned(),
        address: address.into(),
        mac,
        vm: "vm".to_owned(),
        connection: "conn1".to_owned(),
        tunnel: Some(Tunnel { host: "host".to_owned(), vni }),
    }
}

/// Two customers with equal addresses, each with a VNet in a network of its own.
pub(super) fn state(known: Known) -> MseeState {
    let route = |prefix: &str, adjacency| {
        (prefix.parse().unwrap(), Route { adjacency, why: String::new() })
    };
    let ce = |port: &str| Adjacency::Ce { port: port.to_owned() };
    let mut state = lab::state();
    let contoso = state.vrfs.values_mut().next().unwrap();
    contoso.routes = [
        route("172.16.1.0/30", ce("eth1")),
        route("fd00:172::/126", ce("eth1")),
        route("10.255.10.4/32", direct(Ipv4Addr::from(lab::VM), known.vm, CONTOSO)),
        route("fd00:255:0:10::4/128", direct(VM6, known.vm, CONTOSO)),
    ]
    .into();
    let mut fabrikam = contoso.clone();
    fabrikam.routes = [
        route("172.16.1.0/30", ce("eth3")),
        route("10.255.10.4/32", direct(Ipv4Addr::from(lab::VM), Some(VMB_MAC), FABRIKAM)),
    ]
    .into();
    state.vrfs.insert("fabrikam".to_owned(), fabrikam);

    let link = state.circuit_ports.get_mut("eth1").unwrap();
    link.ipv6 = Some(desired::Ipv6Link { address: "fd00:172::2/126".parse().unwrap(), peer: CE6 });
    let other = CircuitPort {
        circuit: "fabrikam".to_owned(),
        vrf: "fabrikam".to_owned(),
        interface: "eth3".to_owned(),
        cpu: None,
        peer_mac: Some("02:00:00:00:04:01".parse().unwrap()),
        ipv6: None,
        ..link.clone()
    };
    state.circuit_ports.insert("eth3".to_owned(), other);

    let fabric = state.fabric_ports.get_mut("eth2").unwrap();
    let hub = fabric.vnets.get_mut("hub").unwrap();
    hub.prefixes.push("fd00:255::/48".parse().unwrap());
    hub.address_ipv6 = Some(OURS6);
    hub.vni = Some(CONTOSO);
    let other =
        desired::FabricVnet { vrf: "fabrikam".to_owned(), vni: Some(FABRIKAM), ..hub.clone() };
    fabric.vnets.insert("fabrikam".to_owned(), other);
    let host = UnderlayHost { address: HOST, mac: known.host };
    fabric.vxlan = Some(Underlay {
        address: format!("{ENDPOINT}/24").parse().unwrap(),
        hosts: [("host".to_owned(), host)].into(),
    });
    state
}
