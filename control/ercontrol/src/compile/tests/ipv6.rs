//! IPv6 beside IPv4: where it is spoken, and that nothing of IPv4 changes where it is not.

use super::*;

const EDGE: &str = "/subscriptions/lab/resourceGroups/EDGE/providers/Microsoft.Network";

/// Edits the document of one resource.
fn rewrite(resources: &mut Vec<Resource>, path: &str, edit: impl FnOnce(&mut Value)) {
    let id = id(path);
    let before = resources.iter().find(|resource| resource.id == id).unwrap();
    let mut body = Value::Object(before.body.clone());
    edit(&mut body);
    let changed =
        Resource::from_put(before.id.clone(), body.as_object().unwrap().clone(), Some(before));
    let changed = changed.unwrap();
    resources.retain(|resource| resource.id != id);
    resources.push(changed);
}

fn ipv6_routes(compiled: &Compiled, router: &str, vrf: &str) -> Vec<String> {
    let all = routes(compiled, router, vrf).into_iter();
    all.filter(|route| route.starts_with("fd00")).collect()
}

#[test]
fn a_link_and_a_vnet_have_an_address_of_each_family() {
    let compiled = compiled(&two_customers());
    for (router, link, last) in [("msee-a", 1, 4), ("msee-b", 2, 5)] {
        let router = &compiled.routers[router];
        let ipv6 = router.circuit_ports["eth1.20.100"].ipv6.unwrap();
        assert_eq!(ipv6.address.to_string(), format!("fd00:172:16:{link}::2/126"));
        assert_eq!(ipv6.peer.to_string(), format!("fd00:172:16:{link}::1"));
        let vnet = &router.fabric_ports["eth2"].vnets["contoso-hub"];
        assert_eq!(vnet.address.to_string(), format!("10.255.0.{last}"));
        assert_eq!(vnet.address_ipv6.unwrap().to_string(), format!("fd00:255::{last}"));
        let prefixes: Vec<String> = vnet.prefixes.iter().map(ToString::to_string).collect();
        assert_eq!(prefixes, ["10.255.0.0/16", "fd00:255::/48"]);
    }
}

#[test]
fn a_vm_learns_by_next_hops_of_the_family() {
    let compiled = compiled(&two_customers());
    let ipv4 = ["10.10.0.0/16", "172.16.1.0/30", "172.16.2.0/30"]
        .map(|prefix| format!("{prefix} via 10.255.0.4 10.255.0.5"));
    let ipv6 = ["fd00:10:10::/48", "fd00:172:16:1::/126", "fd00:172:16:2::/126"]
        .map(|prefix| format!("{prefix} via fd00:255::4 fd00:255::5"));
    let expected = [ipv4.as_slice(), &ipv6].concat();
    assert_eq!(nic_routes(&compiled, "contoso-vm"), expected);
    assert_eq!(nic_routes(&compiled, "fabrikam-vm"), expected);
}

#[test]
fn a_vm_without_an_ipv6_address_learns_no_ipv6() {
    let mut resources = two_customers();
    let nic = format!("{EDGE}/networkInterfaces/contoso-vm");
    rewrite(&mut resources, &nic, |nic| {
        nic["properties"]["ipConfigurations"].as_array_mut().unwrap().truncate(1);
    });
    let compiled = compiled(&resources);
    let learned = nic_routes(&compiled, "contoso-vm");
    assert!(learned.len() == 3 && !learned.iter().any(|route| route.starts_with("fd00")));
    assert_eq!(compiled.gateways["contoso-gw"].endpoints.len(), 1);
    assert_eq!(nic_routes(&compiled, "fabrikam-vm").len(), 6);
}

#[test]
fn a_gateway_subnet_without_ipv6_leaves_its_vnet_without() {
    let mut resources = two_customers();
    rewrite(&mut resources, &format!("{EDGE}/virtualNetworks/contoso-hub"), |network| {
        let subnets = network["properties"]["subnets"].as_array_mut().unwrap();
        subnets[0]["properties"] = json!({ "addressPrefix": "10.255.0.0/27" });
    });
    let compiled = compiled(&resources);
    let vnet = &compiled.routers["msee-a"].fabric_ports["eth2"].vnets["contoso-hub"];
    assert_eq!((vnet.prefixes.len(), vnet.address_ipv6), (1, None));
    assert!(nic_routes(&compiled, "contoso-vm").iter().all(|route| !route.starts_with("fd00")));
    // The customer's edge has its link and its own prefixes still.
    let left = ipv6_routes(&compiled, "msee-a", "contoso");
    assert!(left.len() == 3 && left.iter().all(|route| route.contains("-> ce ")), "{left:#?}");
    assert_eq!(ipv6_routes(&compiled, "msee-a", "fabrikam").len(), 4);
}

#[test]
fn a_circuit_without_ipv6_carries_none() {
    let mut resources = two_customers();
    let peering = format!("{EDGE}/expressRouteCircuits/contoso/peerings/AzurePrivatePeering");
    rewrite(&mut resources, &peering, |peering| {
        peering["properties"].as_object_mut().unwrap().remove("ipv6PeeringConfig");
    });
    let compiled = compiled(&resources);
    assert_eq!(compiled.routers["msee-a"].circuit_ports["eth1.20.100"].ipv6, None);
    assert_eq!(ipv6_routes(&compiled, "msee-a", "contoso"), [""; 0]);
    assert!(nic_routes(&compiled, "contoso-vm").iter().all(|route| !route.starts_with("fd00")));
    assert_eq!(ipv6_routes(&compiled, "msee-a", "fabrikam").len(), 4);
}

/// The VNet is connected to two circuits; the one it prefers has no IPv6.
#[test]
fn each_family_takes_the_best_circuit_that_has_it() {
    let mut resources = two_customers();
    resources.retain(|resource| !resource.id.name().starts_with("fabrikam-"));
    let gateway = format!("{EDGE}/virtualNetworkGateways/contoso-gw");
    put(
        &mut resources,
        &format!("{EDGE}/connections/contoso-second"),
        &json!({ "properties": {
            "connectionType": "ExpressRoute",
            "routingWeight": 100,
            "virtualNetworkGateway1": { "id": gateway },
            "peer": { "id": format!("{EDGE}/expressRouteCircuits/fabrikam") },
        }}),
    );
    let peering = format!("{EDGE}/expressRouteCircuits/fabrikam/peerings/AzurePrivatePeering");
    rewrite(&mut resources, &peering, |peering| {
        peering["properties"].as_object_mut().unwrap().remove("ipv6PeeringConfig");
    });
    let compiled = compiled(&resources);
    let lines = routes(&compiled, "msee-a", "fabrikam+contoso");
    let line = |prefix: &str| lines.iter().find(|line| line.starts_with(prefix)).unwrap();
    assert!(line("10.10.0.0/16").contains("ce eth1.20.200"), "{lines:#?}");
    assert!(line("10.255.0.0/16").contains("contoso-second"), "{lines:#?}");
    assert!(line("fd00:10:10::/48").contains("ce eth1.20.100"), "{lines:#?}");
    assert!(line("fd00:255::/48").contains("contoso-conn"), "{lines:#?}");
}

/// A spoke's IPv6 is behind the hub's gateway, like its IPv4.
#[test]
fn a_spokes_ipv6_goes_by_the_hubs_gateway() {
    let mut resources = two_customers();
    let spoke = format!("{EDGE}/virtualNetworks/spoke");
    let hub = format!("{EDGE}/virtualNetworks/contoso-hub");
    let spaces = json!(["10.254.0.0/16", "fd00:254::/48"]);
    let body = json!({ "properties": { "addressSpace": { "addressPrefixes": spaces } } });
    put(&mut resources, &spoke, &body);
    for (from, to, more) in
        [(&hub, &spoke, "allowGatewayTransit"), (&spoke, &hub, "useRemoteGateways")]
    {
        let body = json!({ "properties": { "remoteVirtualNetwork": { "id": to }, more: true } });
        put(&mut resources, &format!("{from}/virtualNetworkPeerings/p"), &body);
    }
    for router in ["msee-a", "msee-b"] {
        let path =
            format!("/subscriptions/lab/resourceGroups/EDGE/providers/Erlab.Edge/routers/{router}");
        rewrite(&mut resources, &path, |router| {
            let networks = &mut router["properties"]["fabricPorts"][0]["virtualNetworks"];
            networks.as_array_mut().unwrap().push(json!({ "id": spoke }));
        });
    }
    let compiled = compiled(&resources);
    let lines = ipv6_routes(&compiled, "msee-a", "contoso");
    let line = lines.iter().find(|line| line.starts_with("fd00:254::/48")).unwrap();
    assert!(line.contains("gateway contoso-gw eth2"), "{line}");
    assert!(line.ends_with("(spoke prefix: not in FastPath)"), "{line}");
    let vnet = &compiled.routers["msee-b"].fabric_ports["eth2"].vnets["spoke"];
    assert_eq!(vnet.address_ipv6.unwrap().to_string(), "fd00:255::5");
}
