//! The lab with IPv6, and states that leave MAC addresses out.

use std::net::{Ipv4Addr, Ipv6Addr};

use desired::{Adjacency, Ipv6Link, MacAddress, MseeState, Route};

use crate::lab::{self, Lab};

pub(crate) const VM: Ipv4Addr = Ipv4Addr::new(10, 255, 10, 4);
pub(crate) const VM6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x255, 0, 0x10, 0, 0, 0, 4);
/// In the VNet, and nobody's.
pub(crate) const NOBODY: Ipv4Addr = Ipv4Addr::new(10, 255, 10, 9);
pub(crate) const NOBODY6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x255, 0, 0x10, 0, 0, 0, 9);
pub(crate) const CE: Ipv4Addr = Ipv4Addr::new(172, 16, 1, 1);
pub(crate) const CE6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x172, 0, 0, 0, 0, 0, 1);

pub(crate) const CE_MAC: MacAddress = MacAddress([2, 0, 0, 0, 1, 1]);
pub(crate) const VM_MAC: MacAddress = MacAddress([2, 0, 0, 0, 2, 2]);

/// Next hop: a VM.
pub(crate) fn direct(address: impl Into<std::net::IpAddr>, mac: Option<MacAddress>) -> Adjacency {
    Adjacency::Direct {
        port: "eth2".to_owned(),
        address: address.into(),
        mac,
        vm: "vm".to_owned(),
        connection: "conn1".to_owned(),
        tunnel: None,
    }
}

/// Adds a route.
pub(crate) fn route(state: &mut MseeState, prefix: &str, adjacency: Adjacency) {
    let vrf = state.vrfs.values_mut().next().unwrap();
    let route = Route { adjacency, why: String::new() };
    vrf.routes.insert(prefix.parse().unwrap(), route);
}

/// The lab's state in both IP versions, with these MAC addresses of customer edge and VM.
pub(crate) fn state(customer: Option<MacAddress>, vm: Option<MacAddress>) -> MseeState {
    let mut state = lab::state();
    let link = state.circuit_ports.get_mut("eth1").unwrap();
    link.peer_mac = customer;
    link.ipv6 = Some(Ipv6Link { address: "fd00:172::2/126".parse().unwrap(), peer: CE6 });
    let hub = state.fabric_ports.get_mut("eth2").unwrap().vnets.get_mut("hub").unwrap();
    hub.prefixes.push("fd00:255::/48".parse().unwrap());
    hub.address_ipv6 = Some("fd00:255::4".parse().unwrap());
    route(&mut state, "fd00:172::/126", Adjacency::Ce { port: "eth1".to_owned() });
    for (address, vm) in [(VM, vm), (NOBODY, None)] {
        route(&mut state, &format!("{address}/32"), direct(address, vm));
    }
    for (address, vm) in [(VM6, vm), (NOBODY6, None)] {
        route(&mut state, &format!("{address}/128"), direct(address, vm));
    }
    state
}

/// The lab with IPv6, where the router's kernel has yet to find the customer edge.
pub(crate) fn lab(test: &str) -> Lab {
    with_ipv6(Lab::new(test))
}

/// Gives a lab IPv6, and has the router's kernel forget the customer edge.
pub(crate) fn with_ipv6(lab: Lab) -> Lab {
    for (node, interface, address) in [
        ("ce", "eth1", "fd00:172::1/126"),
        ("msee", "cpu1", "fd00:172::2/126"),
        ("vm", "eth1", "fd00:255:0:10::4/48"),
    ] {
        // Its own addresses are there at once.
        lab.sysctl(node, &format!("net/ipv6/conf/{interface}/accept_dad"), "0");
        lab.sysctl(node, &format!("net/ipv6/conf/{interface}/disable_ipv6"), "0");
        lab.run(&format!("ip -n @{node} address add {address} dev {interface} nodad"));
    }
    lab.run("ip -n @ce route add default via fd00:172::2");
    lab.run("ip -n @vm route add default via fd00:255::4");
    lab.run("ip -n @msee neigh del 172.16.1.1 dev cpu1");
    lab
}
