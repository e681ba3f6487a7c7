//! The routing tables.

use std::net::{IpAddr, Ipv4Addr};

use desired::{Adjacency, GatewayNextHop, MacAddress, Route, Tunnel, Vrf};

use super::{CONTOSO_VNI, FABRIKAM_VNI, SILENT_VM, SILENT_VM6, VM, VM6, prefix, station};

pub(super) fn contoso() -> Vrf {
    let mut routes = vec![
        ("172.16.1.0/30", ce("eth1")),
        ("2001:db8:172::/126", ce("eth1")),
        ("10.10.0.0/16", ce("eth1")),
        ("2001:db8:10::/48", ce("eth1")),
        ("10.11.0.0/16", ce("eth1.100")),
        ("2001:db8:11::/48", ce("eth1.100")),
        ("10.12.0.0/16", ce("eth1.20.100")),
        ("2001:db8:12::/48", ce("eth1.20.100")),
        ("10.13.0.0/16", ce("eth1.21.100")),
        ("2001:db8:13::/48", ce("eth1.21.100")),
        // Its customer edge has not been heard of.
        ("10.14.0.0/16", ce("eth4.100")),
        ("2001:db8:14::/48", ce("eth4.100")),
    ];
    let direct = [
        ("10.255.10.4/32", VM.into(), Some(station(2, 4))),
        ("2001:db8:ff:a::4/128", VM6.into(), Some(station(2, 4))),
        ("10.255.10.5/32", SILENT_VM.into(), None),
        ("2001:db8:ff:a::5/128", SILENT_VM6.into(), None),
        // Inside of prefixes that go to gateways.
        ("10.254.10.4/32", Ipv4Addr::new(10, 254, 10, 4).into(), Some(station(2, 5))),
        ("2001:db8:fe:a::4/128", VM6.into(), Some(station(2, 5))),
    ];
    routes.extend(direct.map(|(prefix, address, mac)| (prefix, vm(address, mac))));
    let (first, second) = (Some(station(3, 12)), Some(station(3, 13)));
    let gateways = [
        ("10.254.0.0/16", "2001:db8:fe::/48", gateway("eth2", &[Some(station(2, 12))])),
        ("10.254.64.0/18", "2001:db8:fe:40::/58", gateway("eth3", &[first, second])),
        ("10.1.0.0/16", "2001:db8:1::/48", gateway("eth3", &[first, second])),
        // One of two instances is known, and none of two.
        ("10.2.0.0/16", "2001:db8:2::/48", gateway("eth3", &[first, None])),
        ("10.3.0.0/16", "2001:db8:3::/48", gateway("eth3", &[None, None])),
    ];
    for (ipv4, ipv6, adjacency) in gateways {
        routes.extend([(ipv4, adjacency.clone()), (ipv6, adjacency)]);
    }
    let known = Some(station(7, 4));
    routes.extend([
        behind("10.240.10.4/32", known, "host1", CONTOSO_VNI),
        behind("2001:db8:f0:a::4/128", known, "host1", CONTOSO_VNI),
        behind("10.240.10.5/32", known, "host3", CONTOSO_VNI),
        behind("2001:db8:f0:a::5/128", known, "host3", CONTOSO_VNI),
        behind("10.240.10.6/32", None, "host2", CONTOSO_VNI),
        behind("2001:db8:f0:a::6/128", None, "host2", CONTOSO_VNI),
        ("10.240.0.0/16", gateway_behind(&["host1", "host2"])),
        ("2001:db8:f0::/48", gateway_behind(&["host2", "host1"])),
    ]);
    vrf(routes)
}

/// A default route of each family, and prefixes that are contoso's elsewhere.
pub(super) fn fabrikam() -> Vrf {
    vrf(vec![
        ("0.0.0.0/0", ce("eth5.200")),
        ("::/0", gateway("eth3", &[Some(station(3, 14))])),
        ("10.255.10.4/32", vm(VM.into(), Some(station(2, 6)))),
        ("10.10.0.0/16", ce("eth5.200")),
        ("2001:db8:10::/48", ce("eth5.200")),
        behind("10.240.10.4/32", Some(station(7, 6)), "host2", FABRIKAM_VNI),
        behind("2001:db8:f0:a::4/128", Some(station(7, 6)), "host2", FABRIKAM_VNI),
    ])
}

fn vrf(routes: Vec<(&str, Adjacency)>) -> Vrf {
    let route = |adjacency| Route { adjacency, why: String::new() };
    let routes = routes.into_iter().map(|(text, adjacency)| (prefix(text), route(adjacency)));
    Vrf { routes: routes.collect() }
}

fn ce(port: &str) -> Adjacency {
    Adjacency::Ce { port: port.to_owned() }
}

fn vm(address: IpAddr, mac: Option<MacAddress>) -> Adjacency {
    Adjacency::Direct {
        port: "eth2".to_owned(),
        address,
        mac,
        vm: "vm".to_owned(),
        connection: "connection".to_owned(),
        tunnel: None,
    }
}

/// The route to a VM that is in a tunnel's network.
fn behind(
    text: &'static str,
    mac: Option<MacAddress>,
    host: &str,
    vni: u32,
) -> (&'static str, Adjacency) {
    let adjacency = Adjacency::Direct {
        port: "eth7".to_owned(),
        address: prefix(text).ip(),
        mac,
        vm: "vm".to_owned(),
        connection: "connection".to_owned(),
        tunnel: Some(Tunnel { host: host.to_owned(), vni }),
    };
    (text, adjacency)
}

fn gateway_behind(hosts: &[&str]) -> Adjacency {
    let hops = (12..).zip(hosts).map(|(number, host)| GatewayNextHop {
        address: Ipv4Addr::new(10, 255, 0, number),
        mac: Some(station(7, number)),
        tunnel: Some(Tunnel { host: (*host).to_owned(), vni: CONTOSO_VNI }),
    });
    Adjacency::Gateway {
        port: "eth7".to_owned(),
        gateway: "gateway at eth7".to_owned(),
        connection: "connection".to_owned(),
        instances: hops.collect(),
    }
}

fn gateway(port: &str, instances: &[Option<MacAddress>]) -> Adjacency {
    let hops = (12..).zip(instances).map(|(number, mac)| GatewayNextHop {
        address: Ipv4Addr::new(10, 255, 0, number),
        mac: *mac,
        tunnel: None,
    });
    Adjacency::Gateway {
        port: port.to_owned(),
        gateway: format!("gateway at {port}"),
        connection: "connection".to_owned(),
        instances: hops.collect(),
    }
}
