//! The router, twice: as the kernel's configuration and as a desired state.

use std::net::{IpAddr, Ipv4Addr};

use desired::{Adjacency, CircuitPort, Ipv6Link, MacAddress, MseeState, Route, Tags, Vrf};
use oracle::{Oracle, Port, PortKind};

use crate::namespace::{ip, sysctl};

/// The router's MAC addresses.
pub const MAC_LEFT: [u8; 6] = [2, 0, 0, 0, 0, 0xa0];
pub const MAC_RIGHT: [u8; 6] = [2, 0, 0, 0, 0, 0xa1];
/// The customer edges', which no interface has.
pub const CE_LEFT: [u8; 6] = [2, 0, 0, 0, 1, 1];
pub const CE_RIGHT: [u8; 6] = [2, 0, 0, 0, 2, 1];

/// MTUs of `r0` and `r1`.
pub const MTU_LEFT: u32 = 1_500;
pub const MTU_RIGHT: u32 = 1_400;

/// Indices in the oracle's state.
pub const LEFT: u32 = 1;
pub const RIGHT: u32 = 2;

/// Where prefixes go: some lie in others, and some packets leave by the port they came in by. Those
/// of the corpus are among them.
const ROUTES: [(&str, &str); 22] = [
    ("172.16.1.1/32", "r0"),
    ("172.16.2.1/32", "r1"),
    ("10.10.0.0/16", "r0"),
    ("10.12.0.0/16", "r0"),
    ("10.12.64.0/18", "r1"),
    ("10.12.64.9/32", "r0"),
    ("10.254.0.0/16", "r1"),
    ("10.254.64.0/18", "r0"),
    ("10.254.10.4/32", "r1"),
    ("10.255.10.4/32", "r1"),
    ("10.1.0.0/16", "r1"),
    ("2001:db8:172::1/128", "r0"),
    ("2001:db8:272::1/128", "r1"),
    ("2001:db8:10::/48", "r0"),
    ("2001:db8:12::/48", "r0"),
    ("2001:db8:12:40::/58", "r1"),
    ("2001:db8:12:40::9/128", "r0"),
    ("2001:db8:fe::/48", "r1"),
    ("2001:db8:fe:40::/58", "r0"),
    ("2001:db8:fe:a::4/128", "r1"),
    ("2001:db8:ff:a::4/128", "r1"),
    ("2001:db8:1::/48", "r1"),
];

/// Makes the interfaces and tells the kernel.
pub fn set_up() {
    wire("left", "r0", MAC_LEFT, MTU_LEFT);
    wire("right", "r1", MAC_RIGHT, MTU_RIGHT);
    for (name, value) in [
        ("ipv4/ip_forward", "1"),
        ("ipv6/conf/all/forwarding", "1"),
        // RFC 1812 4.3.2.8 has limits; here each error is waited for.
        ("ipv4/icmp_ratelimit", "0"),
        ("ipv4/icmp_ratemask", "0"),
        ("ipv4/icmp_msgs_per_sec", "1000000"),
        ("ipv4/icmp_msgs_burst", "1000000"),
        ("ipv6/icmp/ratelimit", "0"),
        ("ipv4/conf/all/rp_filter", "0"),
        ("ipv4/conf/all/send_redirects", "0"),
        ("ipv4/conf/all/accept_redirects", "0"),
        // RFC 1122 3.3.6, RFC 1812 5.3.4: what came to a group and is for one address.
        ("ipv4/conf/all/drop_unicast_in_l2_multicast", "1"),
        ("ipv6/conf/all/drop_unicast_in_l2_multicast", "1"),
    ] {
        sysctl(name, value);
    }
    for (port, number, mac) in [("r0", 1, CE_LEFT), ("r1", 2, CE_RIGHT)] {
        for name in ["rp_filter", "send_redirects"] {
            sysctl(&format!("ipv4/conf/{port}/{name}"), "0");
        }
        sysctl(&format!("ipv6/conf/{port}/drop_unicast_in_l2_multicast"), "1");
        // Without the link's prefix the kernel knows no broadcast and no anycast address of it.
        ip(&format!("addr add 172.16.{number}.2/32 dev {port}"));
        ip(&format!("addr add 2001:db8:{number}72::2/128 dev {port} nodad"));
        let mac = MacAddress(mac);
        for peer in [format!("172.16.{number}.1"), format!("2001:db8:{number}72::1")] {
            ip(&format!("neigh replace {peer} lladdr {mac} dev {port} nud permanent"));
        }
    }
    for (prefix, port) in ROUTES {
        let number = if port == "r0" { 1 } else { 2 };
        let peer = if prefix.contains(':') {
            format!("2001:db8:{number}72::1")
        } else {
            format!("172.16.{number}.1")
        };
        if prefix.starts_with(&format!("{peer}/")) {
            ip(&format!("route add {prefix} dev {port}"));
        } else {
            ip(&format!("route add {prefix} via {peer} dev {port} onlink"));
        }
    }
}

fn wire(end: &str, port: &str, mac: [u8; 6], mtu: u32) {
    let mac = MacAddress(mac);
    ip(&format!("link add {end} mtu 9000 type veth peer name {port} mtu {mtu} address {mac}"));
    // The end is a wire, not a host.
    sysctl(&format!("ipv6/conf/{end}/disable_ipv6"), "1");
    ip(&format!("link set {port} addrgenmode none"));
    ip(&format!("link set {end} up"));
    ip(&format!("link set {port} up"));
}

/// The same as a state.
pub fn state() -> MseeState {
    let route = |(prefix, port): (&str, &str)| {
        let adjacency = Adjacency::Ce { port: port.to_owned() };
        (prefix.parse().unwrap(), Route { adjacency, why: String::new() })
    };
    let vrf = Vrf { routes: ROUTES.into_iter().map(route).collect() };
    let circuit_ports = [("r0", 1, CE_LEFT), ("r1", 2, CE_RIGHT)].map(|(name, number, mac)| {
        let port = CircuitPort {
            bandwidth: None,
            validate_source: false,
            circuit: name.to_owned(),
            vrf: "kernel".to_owned(),
            interface: name.to_owned(),
            tags: Tags::Untagged,
            cpu: None,
            address: format!("172.16.{number}.2/30").parse().unwrap(),
            peer: Ipv4Addr::new(172, 16, number, 1),
            peer_mac: Some(MacAddress(mac)),
            ipv6: Some(Ipv6Link {
                address: format!("2001:db8:{number}72::2/126").parse().unwrap(),
                peer: format!("2001:db8:{number}72::1").parse().unwrap(),
            }),
        };
        (name.to_owned(), port)
    });
    MseeState {
        circuit_ports: circuit_ports.into(),
        vrfs: [("kernel".to_owned(), vrf)].into(),
        ..MseeState::default()
    }
}

pub fn ports() -> [Port; 2] {
    let port = |name: &str, ifindex, mac, mtu| Port {
        name: name.to_owned(),
        ifindex,
        mac: MacAddress(mac),
        mtu,
        kind: PortKind::Circuit,
    };
    [port("r0", LEFT, MAC_LEFT, MTU_LEFT), port("r1", RIGHT, MAC_RIGHT, MTU_RIGHT)]
}

pub fn oracle() -> Oracle {
    Oracle::new(&state(), &ports()).unwrap()
}

/// Whether a port has an address.
pub fn owns(port: &str, address: IpAddr) -> bool {
    let (ipv4, ipv6) = if port == "r0" { (1, 0x172) } else { (2, 0x272) };
    address == IpAddr::from([172, 16, ipv4, 2])
        || address == IpAddr::from([0x2001, 0xdb8, ipv6, 0, 0, 0, 0, 2])
}
