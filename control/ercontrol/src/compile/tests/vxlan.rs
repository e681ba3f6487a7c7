//! The lab with its fabrics in VXLAN.

use desired::{Adjacency, Tunnel, UnderlayHost};

use super::*;

const NETWORKS: [(&str, u32); 3] = [("hub", 5001), ("spoke", 5002), ("remote", 5003)];
const HOSTS: [(&str, &str, &str); 5] = [
    ("hub-vm-host", "100.64.0.3", "networkInterfaces/hub-vm"),
    ("spoke-vm-host", "100.64.0.4", "networkInterfaces/spoke-vm"),
    ("ERGW1-host", "100.64.0.5", "virtualNetworkGateways/ERGW1"),
    ("remote-vm-host", "100.65.0.3", "networkInterfaces/remote-vm"),
    ("ERGW2-host", "100.65.0.4", "virtualNetworkGateways/ERGW2"),
];

pub(super) fn vxlan() -> Vec<Resource> {
    let mut resources = lab();
    for msee in ["msee-a", "msee-b"] {
        let path = format!("Erlab.Edge/routers/{msee}");
        let router = resources.iter().find(|resource| resource.id == id(&path)).unwrap();
        let mut body = Value::Object(router.body.clone());
        for port in body["properties"]["fabricPorts"].as_array_mut().unwrap() {
            let region = if port["interface"] == "eth2" { 64 } else { 65 };
            let last = if msee == "msee-a" { 1 } else { 2 };
            port["vxlan"] = json!({ "address": format!("100.{region}.0.{last}/16") });
            for network in port["virtualNetworks"].as_array_mut().unwrap() {
                let path = network["id"].as_str().unwrap().to_owned();
                let (_, vni) =
                    NETWORKS.iter().find(|(name, _)| path.ends_with(&format!("/{name}"))).unwrap();
                network["vni"] = (*vni).into();
            }
        }
        put(&mut resources, &path, &body);
    }
    for (name, address, guest) in HOSTS {
        host(&mut resources, name, address, &[guest]);
    }
    connect(&mut resources, "conn2", "ERGW2", CIRCUIT, json!({}));
    let more = json!({ "expressRouteGatewayBypass": true });
    connect(&mut resources, "conn1", "ERGW1", CIRCUIT, more);
    resources
}

/// A host with VMs and gateways on it.
fn host(resources: &mut Vec<Resource>, name: &str, address: &str, guests: &[&str]) {
    let of = |kind: &str| -> Vec<Value> {
        let guests = guests.iter().filter(|guest| guest.starts_with(kind));
        let reference =
            |guest: &&str| json!({ "id": id(&format!("Microsoft.Network/{guest}")).to_string() });
        guests.map(reference).collect()
    };
    let body = json!({ "properties": {
        "address": address,
        "macAddress": "02:00:00:00:64:01",
        "networkInterfaces": of("networkInterfaces"),
        "gateways": of("virtualNetworkGateways"),
    }});
    put(resources, &format!("Erlab.Edge/fabricHosts/{name}"), &body);
}

/// The tunnels of a route's next hops, each of which has one.
fn tunnels(compiled: &Compiled, prefix: &str) -> Vec<Tunnel> {
    let vrf = &compiled.routers["msee-a"].vrfs["CIRCUIT_EQUINIX"];
    match &vrf.routes[&prefix.parse().unwrap()].adjacency {
        Adjacency::Ce { .. } => Vec::new(),
        Adjacency::Direct { tunnel, .. } => vec![tunnel.clone().unwrap()],
        Adjacency::Gateway { instances, .. } => {
            instances.iter().map(|instance| instance.tunnel.clone().unwrap()).collect()
        }
    }
}

fn tunnel(host: &str, vni: u32) -> Tunnel {
    Tunnel { host: host.to_owned(), vni }
}

#[test]
fn each_next_hop_is_behind_its_host_with_its_vnets_identifier() {
    let compiled = compiled(&vxlan());
    let port = &compiled.routers["msee-b"].fabric_ports["eth2"];
    let underlay = port.vxlan.as_ref().unwrap();
    assert_eq!(underlay.address, "100.64.0.2/16".parse().unwrap());
    assert_eq!(
        underlay.hosts.keys().collect::<Vec<_>>(),
        ["ERGW1-host", "hub-vm-host", "spoke-vm-host"],
        "the other region's are none of this fabric's"
    );
    let mac = Some("02:00:00:00:64:01".parse().unwrap());
    let address = "100.64.0.3".parse().unwrap();
    assert_eq!(underlay.hosts["hub-vm-host"], UnderlayHost { address, mac });
    assert_eq!((port.vnets["hub"].vni, port.vnets["spoke"].vni), (Some(5001), Some(5002)));

    assert_eq!(tunnels(&compiled, "10.255.10.4/32"), [tunnel("hub-vm-host", 5001)]);
    // A gateway is in the hub, whatever it forwards to.
    for prefix in ["10.255.0.0/16", "10.254.0.0/16"] {
        let both = vec![tunnel("ERGW1-host", 5001); 2];
        assert_eq!(tunnels(&compiled, prefix), both, "{prefix}");
    }
    assert_eq!(tunnels(&compiled, "10.253.0.0/16"), vec![tunnel("ERGW2-host", 5003); 2]);
}

#[test]
fn what_is_on_no_known_host_is_not_reached() {
    let mut resources = vxlan();
    let without = |resources: &mut Vec<Resource>, name: &str| {
        resources.retain(|resource| resource.id != id(&format!("Erlab.Edge/fabricHosts/{name}")));
    };
    without(&mut resources, "hub-vm-host");
    let routes = |resources: &[Resource]| routes(&compiled(resources), "msee-a", "CIRCUIT_EQUINIX");
    let left = routes(&resources);
    assert!(!left.iter().any(|route| route.starts_with("10.255.10.4/32")), "{left:#?}");
    assert!(left.iter().any(|route| route.starts_with("10.255.0.0/16 -> gateway")), "{left:#?}");
    without(&mut resources, "ERGW1-host");
    let left = routes(&resources);
    assert!(!left.iter().any(|route| route.contains("ERGW1")), "{left:#?}");
}

#[test]
fn a_vm_that_moves_is_on_one_host_at_a_time() {
    let mut resources = vxlan();
    host(&mut resources, "another-host", "100.64.0.9", &["networkInterfaces/hub-vm"]);
    assert_eq!(tunnels(&compiled(&resources), "10.255.10.4/32"), [tunnel("another-host", 5001)]);
    host(&mut resources, "hub-vm-host", "100.64.0.3", &[]);
    let compiled = compiled(&resources);
    assert_eq!(tunnels(&compiled, "10.255.10.4/32"), [tunnel("another-host", 5001)]);
    let hosts = &compiled.routers["msee-a"].fabric_ports["eth2"].vxlan.as_ref().unwrap().hosts;
    assert!(!hosts.contains_key("hub-vm-host"), "it has no guest any more");
}

#[test]
fn nothing_but_the_tunnels_differs_from_a_plain_fabric() {
    let resources = vxlan();
    let mut plain = lab();
    let connections = resources.iter().filter(|resource| resource.id.to_string().contains("conn"));
    plain.extend(connections.cloned());
    let (plain, vxlan) = (compiled(&plain), compiled(&resources));
    assert_eq!(plain.gateways, vxlan.gateways);
    assert_eq!(plain.host, vxlan.host);
    for msee in ["msee-a", "msee-b"] {
        let lines = |compiled| routes(compiled, msee, "CIRCUIT_EQUINIX");
        assert_eq!(lines(&plain), lines(&vxlan));
    }
}
