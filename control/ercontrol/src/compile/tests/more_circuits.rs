//! Two circuits: merged tables, weights, and who may reach whom.

use super::*;

const SECOND: &str = "/subscriptions/lab-circuits/resourceGroups/RG_US_W2_ER/providers\
                      /Microsoft.Network/expressRouteCircuits/AMS";

/// The lab with a second circuit on port eth4 of both MSEEs; remote is connected to both circuits,
/// the hub to the first only.
fn two_circuits(first_weight: u32, second_weight: u32) -> Vec<Resource> {
    let mut resources = lab();
    put(&mut resources, SECOND, &json!({}));
    provision(&mut resources, SECOND, true);
    put(
        &mut resources,
        &format!("{SECOND}/peerings/AzurePrivatePeering"),
        &json!({ "properties": {
            "peerASN": 65002,
            "primaryPeerAddressPrefix": "172.16.3.0/30",
            "secondaryPeerAddressPrefix": "172.16.4.0/30",
        }}),
    );
    for (router, mac) in [("msee-a", "02:00:00:00:0d:01"), ("msee-b", "02:00:00:00:0d:02")] {
        let path = format!("Erlab.Edge/routers/{router}");
        let id = id(&path);
        let before = resources.iter().find(|resource| resource.id == id).unwrap();
        let mut body = Value::Object(before.body.clone());
        body["properties"]["circuitPorts"].as_array_mut().unwrap().push(json!({
            "interface": "eth4",
            "circuit": { "id": SECOND },
            "peerMacAddress": mac,
            "staticRoutes": ["10.10.0.0/16", "10.20.0.0/16"],
        }));
        put(&mut resources, &path, &body);
    }
    let weight = |weight: u32| json!({ "routingWeight": weight });
    connect(&mut resources, "to-first", "ERGW2", CIRCUIT, weight(first_weight));
    connect(&mut resources, "to-second", "ERGW2", SECOND, weight(second_weight));
    connect(&mut resources, "conn1", "ERGW1", CIRCUIT, json!({}));
    resources
}

fn line<'a>(lines: &'a [String], prefix: &str) -> &'a str {
    lines.iter().find(|line| line.starts_with(prefix)).map_or("absent", String::as_str)
}

#[test]
fn the_heavier_connection_wins_a_prefix_that_both_give() {
    for (first, second, vrf, port) in [
        (10, 0, "CIRCUIT_EQUINIX+AMS", "ce eth1"),
        (0, 10, "AMS+CIRCUIT_EQUINIX", "ce eth4"),
        (5, 5, "AMS+CIRCUIT_EQUINIX", "ce eth4"),
    ] {
        let compiled = compiled(&two_circuits(first, second));
        let router = &compiled.routers["msee-a"];
        assert_eq!(router.fabric_ports["eth3"].vnets["remote"].vrf, vrf);
        let lines = routes(&compiled, "msee-a", vrf);
        assert!(line(&lines, "10.10.0.0/16").contains(port), "{lines:#?}");
        assert!(line(&lines, "10.20.0.0/16").contains("ce eth4"), "{lines:#?}");
        assert!(line(&lines, "10.255.0.0/16").contains("gateway ERGW1"), "{lines:#?}");
    }
}

/// A VNet with the hub's prefix, behind the second circuit: its circuits never meet the hub's, but
/// remote is connected to both.
fn with_twin_of_the_hub(first_weight: u32, second_weight: u32) -> Vec<Resource> {
    let mut resources = two_circuits(first_weight, second_weight);
    let network = id("Microsoft.Network/virtualNetworks/twin").to_string();
    let subnet = |name: &str| json!({ "id": format!("{network}/subnets/{name}") });
    let gateway = "Microsoft.Network/virtualNetworkGateways/ERGW3";
    put(
        &mut resources,
        &network,
        &json!({ "properties": {
            "addressSpace": { "addressPrefixes": ["10.255.0.0/16"] },
            "subnets": [
                { "name": "GatewaySubnet", "properties": { "addressPrefix": "10.255.1.0/27" } },
                { "name": "default", "properties": { "addressPrefix": "10.255.20.0/24" } },
            ],
        }}),
    );
    let configuration = json!([{ "properties": { "subnet": subnet("GatewaySubnet") } }]);
    put(
        &mut resources,
        gateway,
        &json!({ "properties": {
            "gatewayType": "ExpressRoute",
            "sku": { "name": "ErGw3AZ" },
            "ipConfigurations": configuration,
        }}),
    );
    put(
        &mut resources,
        "Erlab.Edge/gatewayHosts/ERGW3",
        &json!({ "properties": {
            "gateway": { "id": id(gateway).to_string() },
            "instances": [{ "macAddress": "02:00:00:00:33:0c" }],
        }}),
    );
    put(
        &mut resources,
        "Microsoft.Network/networkInterfaces/twin-vm",
        &json!({ "properties": {
            "macAddress": "02:00:00:00:33:04",
            "ipConfigurations": [{ "properties": {
                "privateIPAddress": "10.255.20.4", "subnet": subnet("default"),
            }}],
        }}),
    );
    let path = "Erlab.Edge/routers/msee-a";
    let router = id(path);
    let before = resources.iter().find(|resource| resource.id == router).unwrap();
    let mut body = Value::Object(before.body.clone());
    body["properties"]["fabricPorts"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "interface": "eth5", "virtualNetworks": [{ "id": network }] }));
    put(&mut resources, path, &body);
    let fastpath = json!({ "expressRouteGatewayBypass": true });
    connect(&mut resources, "conn1", "ERGW1", CIRCUIT, fastpath.clone());
    connect(&mut resources, "conn3", "ERGW3", SECOND, fastpath);
    resources
}

#[test]
fn the_heavier_circuit_wins_an_overlap_of_vnets_with_all_its_host_routes() {
    for (first, second, vrf, gateway, hub_vm, twin_vm) in [
        (0, 100, "AMS+CIRCUIT_EQUINIX", "gateway ERGW3 eth5 conn3", "absent", "direct twin-vm"),
        (100, 0, "CIRCUIT_EQUINIX+AMS", "gateway ERGW1 eth2 conn1", "direct hub-vm", "absent"),
    ] {
        let compiled = compiled(&with_twin_of_the_hub(first, second));
        let lines = routes(&compiled, "msee-a", vrf);
        assert!(line(&lines, "10.255.0.0/16").contains(gateway), "{lines:#?}");
        assert!(line(&lines, "10.255.10.4/32").contains(hub_vm), "{lines:#?}");
        assert!(line(&lines, "10.255.20.4/32").contains(twin_vm), "{lines:#?}");
        // What nobody else claims stays reachable.
        assert!(line(&lines, "10.254.0.0/16").contains("gateway ERGW1"), "{lines:#?}");
    }
}

#[test]
fn a_host_route_does_not_reach_into_a_longer_prefix_of_another_vnet() {
    let mut resources = with_twin_of_the_hub(100, 0);
    // The first circuit is preferred, but the second one's VNet is the longer match.
    let path = "Microsoft.Network/virtualNetworks/twin";
    let network = id(path);
    let before = resources.iter().find(|resource| resource.id == network).unwrap();
    let mut body = Value::Object(before.body.clone());
    body["properties"]["addressSpace"]["addressPrefixes"] =
        json!(["10.255.1.0/24", "10.255.10.0/24", "10.255.20.0/24"]);
    put(&mut resources, path, &body);
    let compiled = compiled(&resources);
    let lines = routes(&compiled, "msee-a", "CIRCUIT_EQUINIX+AMS");
    assert!(line(&lines, "10.255.0.0/16").contains("gateway ERGW1"), "{lines:#?}");
    assert!(line(&lines, "10.255.10.0/24").contains("gateway ERGW3"), "{lines:#?}");
    assert_eq!(line(&lines, "10.255.10.4/32"), "absent");
    assert!(line(&lines, "10.255.20.4/32").contains("direct twin-vm"), "{lines:#?}");
}

#[test]
fn a_circuit_reaches_its_own_vnets_and_never_the_other_circuits_customer() {
    let compiled = compiled(&two_circuits(0, 0));
    let second = routes(&compiled, "msee-a", "AMS");
    assert!(line(&second, "10.253.0.0/16").contains("to-second"), "{second:#?}");
    assert_eq!(line(&second, "10.255.0.0/16"), "absent");
    assert_eq!(line(&second, "172.16.1.0/30"), "absent");
    assert!(line(&second, "172.16.3.0/30").contains("primary link"));
    let first = routes(&compiled, "msee-a", "CIRCUIT_EQUINIX");
    assert_eq!(line(&first, "10.20.0.0/16"), "absent");
    assert!(line(&first, "10.253.0.0/16").contains("to-first"));
    let hub = nic_routes(&compiled, "hub-vm");
    assert_eq!(line(&hub, "10.20.0.0/16"), "absent");
    assert_ne!(line(&nic_routes(&compiled, "remote-vm"), "10.20.0.0/16"), "absent");
}

#[test]
fn a_circuit_that_ends_leaves_the_other() {
    let mut resources = two_circuits(0, 0);
    provision(&mut resources, SECOND, false);
    let compiled = compiled(&resources);
    let router = &compiled.routers["msee-a"];
    assert_eq!(router.vrfs.keys().collect::<Vec<_>>(), ["CIRCUIT_EQUINIX"]);
    assert_eq!(router.fabric_ports["eth3"].vnets["remote"].vrf, "CIRCUIT_EQUINIX");
}

#[test]
fn a_route_by_one_msee_is_learned_from_that_one_alone() {
    let mut resources = lab();
    connect(&mut resources, "conn2", "ERGW2", CIRCUIT, json!({}));
    let path = "Erlab.Edge/routers/msee-b";
    let id = id(path);
    let before = resources.iter().find(|resource| resource.id == id).unwrap();
    let mut body = Value::Object(before.body.clone());
    body["properties"]["circuitPorts"][0]["staticRoutes"] = json!([]);
    put(&mut resources, path, &body);
    let compiled = compiled(&resources);
    let lines = nic_routes(&compiled, "remote-vm");
    assert_eq!(line(&lines, "10.10.0.0/16"), "10.10.0.0/16 via 10.253.0.4");
}
