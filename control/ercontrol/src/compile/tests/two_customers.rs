//! Two circuits on one port of each MSEE, told apart by their tags, with equal addresses behind.

use desired::{ServiceEthertype, Tags};

use super::*;

const EDGE: &str = "/subscriptions/lab/resourceGroups/EDGE/providers/Microsoft.Network";

fn circuit(name: &str) -> String {
    format!("{EDGE}/expressRouteCircuits/{name}")
}

#[test]
fn each_customer_has_a_port_and_a_vrf_of_its_own() {
    let compiled = compiled(&two_customers());
    let router = &compiled.routers["msee-a"];
    let ports: Vec<_> = router.circuit_ports.iter().collect();
    let [(contoso, first), (fabrikam, second)] = ports.as_slice() else { panic!("{ports:?}") };
    assert_eq!((contoso.as_str(), fabrikam.as_str()), ("eth1.20.100", "eth1.20.200"));
    let tags = |customer, ethertype| Tags::Qinq { service: 20, customer, ethertype };
    assert_eq!(first.tags, tags(100, ServiceEthertype::Dot1ad));
    assert_eq!(second.tags, tags(200, ServiceEthertype::Dot1q));
    assert_eq!((first.cpu.as_deref(), second.cpu.as_deref()), (Some("xcpu1-1"), Some("xcpu1-2")));
    assert_eq!((first.vrf.as_str(), second.vrf.as_str()), ("contoso", "fabrikam"));
    assert_eq!((first.interface.as_str(), second.interface.as_str()), ("eth1", "eth1"));
    assert_eq!(first.address, second.address);
    assert_ne!(first.peer_mac, second.peer_mac);
}

#[test]
fn equal_addresses_never_cross() {
    let compiled = compiled(&two_customers());
    assert_eq!(
        routes(&compiled, "msee-b", "contoso"),
        [
            "10.10.0.0/16 -> ce eth1.20.100 (static route of contoso)",
            "10.255.0.0/16 -> gateway contoso-gw eth2 contoso-conn 10.255.0.12,10.255.0.13 \
             (hub address without a VM: not in FastPath)",
            "10.255.10.4/32 -> direct contoso-vm eth2 contoso-conn (FastPath: hub VM of \
             contoso-conn)",
            "172.16.1.0/30 -> ce eth1.20.100 (static route of contoso)",
            "172.16.2.0/30 -> ce eth1.20.100 (secondary link)",
            "fd00:10:10::/48 -> ce eth1.20.100 (static route of contoso)",
            "fd00:172:16:1::/126 -> ce eth1.20.100 (static route of contoso)",
            "fd00:172:16:2::/126 -> ce eth1.20.100 (secondary link)",
            "fd00:255::/48 -> gateway contoso-gw eth2 contoso-conn 10.255.0.12,10.255.0.13 \
             (IPv6: not in FastPath (profile 2020))",
        ]
    );
    assert_eq!(
        routes(&compiled, "msee-b", "fabrikam"),
        [
            "10.10.0.0/16 -> ce eth1.20.200 (static route of fabrikam)",
            "10.255.0.0/16 -> gateway fabrikam-gw eth3 fabrikam-conn 10.255.0.12,10.255.0.13 \
             (FastPath is off on fabrikam-conn)",
            "172.16.1.0/30 -> ce eth1.20.200 (static route of fabrikam)",
            "172.16.2.0/30 -> ce eth1.20.200 (secondary link)",
            "fd00:10:10::/48 -> ce eth1.20.200 (static route of fabrikam)",
            "fd00:172:16:1::/126 -> ce eth1.20.200 (static route of fabrikam)",
            "fd00:172:16:2::/126 -> ce eth1.20.200 (secondary link)",
            "fd00:255::/48 -> gateway fabrikam-gw eth3 fabrikam-conn 10.255.0.12,10.255.0.13 \
             (FastPath is off on fabrikam-conn)",
        ]
    );
    let fabrics = &compiled.routers["msee-b"].fabric_ports;
    assert_eq!(fabrics["eth2"].vnets["contoso-hub"].vrf, "contoso");
    assert_eq!(fabrics["eth3"].vnets["fabrikam-hub"].vrf, "fabrikam");
    let vms = |gateway: &str| -> Vec<String> {
        let endpoints = compiled.gateways[gateway].endpoints.iter();
        endpoints.map(|(address, vm)| format!("{address} {}", vm.vm)).collect()
    };
    assert_eq!(vms("contoso-gw"), ["10.255.10.4 contoso-vm", "fd00:255:0:10::4 contoso-vm"]);
    assert_eq!(vms("fabrikam-gw"), ["10.255.10.4 fabrikam-vm", "fd00:255:0:10::4 fabrikam-vm"]);
}

#[test]
fn source_validation_is_one_peerings_alone() {
    let mut resources = two_customers();
    let path = format!("{}/peerings/AzurePrivatePeering", circuit("fabrikam"));
    let peering = resources.iter().find(|resource| resource.id == id(&path)).unwrap();
    let mut body = Value::Object(peering.body.clone());
    body["properties"]["erlabSourceValidation"] = true.into();
    put(&mut resources, &path, &body);
    let compiled = compiled(&resources);
    for msee in ["msee-a", "msee-b"] {
        let ports = &compiled.routers[msee].circuit_ports;
        let validated = |name: &str| ports[name].validate_source;
        assert!(validated("eth1.20.200") && !validated("eth1.20.100"), "{msee}");
    }
}

#[test]
fn one_tag_two_tags_or_none() {
    for (stag, vlan, port) in
        [(0, 0, "eth1"), (0, 300, "eth1.300"), (30, 300, "eth1.30.300"), (20, 0, "")]
    {
        let mut resources = two_customers();
        order(&mut resources, &circuit("fabrikam"), &json!({ "stag": stag }));
        let path = format!("{}/peerings/AzurePrivatePeering", circuit("fabrikam"));
        let peering = id(&path);
        let before = resources.iter().find(|resource| resource.id == peering).unwrap();
        let mut body = Value::Object(before.body.clone());
        body["properties"]["vlanId"] = vlan.into();
        put(&mut resources, &path, &body);
        let compiled = compiled(&resources);
        let router = &compiled.routers["msee-a"];
        let found = router.circuit_ports.iter().find(|(_, port)| port.circuit == "fabrikam");
        // An S-tag with nothing inside is refused by the rules; it compiles to no link.
        assert_eq!(found.map_or("", |(name, _)| name), port);
        assert!(router.circuit_ports.contains_key("eth1.20.100"), "the other circuit stays");
    }
}

#[test]
fn of_two_links_of_one_name_the_later_is_not_used() {
    let mut resources = two_customers();
    let path = format!("{}/peerings/AzurePrivatePeering", circuit("fabrikam"));
    put(
        &mut resources,
        &path,
        &json!({ "properties": {
            "vlanId": 100,
            "primaryPeerAddressPrefix": "172.16.1.0/30",
            "secondaryPeerAddressPrefix": "172.16.2.0/30",
        }}),
    );
    let compiled = compiled(&resources);
    let router = &compiled.routers["msee-a"];
    assert_eq!(router.circuit_ports.len(), 1);
    assert_eq!(router.circuit_ports["eth1.20.100"].circuit, "contoso");
    assert_eq!(router.vrfs.keys().collect::<Vec<_>>(), ["contoso"]);
}
