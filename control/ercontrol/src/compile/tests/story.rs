//! The lab's story, phase by phase, with every route.

use std::net::Ipv4Addr;

use desired::InstanceState;

use super::*;

const VRF: &str = "CIRCUIT_EQUINIX";
const ON_PREM: [&str; 3] = [
    "10.10.0.0/16 -> ce eth1 (static route of CIRCUIT_EQUINIX)",
    "172.16.1.0/30 -> ce eth1 (primary link)",
    "172.16.2.0/30 -> ce eth1 (static route of CIRCUIT_EQUINIX)",
];
const REMOTE: &str =
    "10.253.0.0/16 -> gateway ERGW2 eth3 conn2 10.253.0.12,10.253.0.13 (FastPath is off on conn2)";

fn story(fastpath: Option<bool>) -> Vec<Resource> {
    let mut resources = lab();
    connect(&mut resources, "conn2", "ERGW2", CIRCUIT, json!({}));
    if let Some(bypass) = fastpath {
        let more = json!({ "expressRouteGatewayBypass": bypass });
        connect(&mut resources, "conn1", "ERGW1", CIRCUIT, more);
    }
    resources
}

fn expected(on_prem_and_remote: &[&str], middle: &[&str]) -> Vec<String> {
    let mut lines: Vec<String> =
        on_prem_and_remote.iter().chain(middle).map(|line| (*line).to_owned()).collect();
    let key = |line: &String| {
        let prefix: ipnetwork::Ipv4Network = line.split(' ').next().unwrap().parse().unwrap();
        prefix
    };
    lines.sort_by_key(key);
    lines
}

fn fail(resources: &mut [Resource], instances: &[usize]) {
    edit(resources, "Microsoft.Network/virtualNetworkGateways/ERGW1", |gateway| {
        gateway.held.failed_instances = instances.iter().copied().collect();
    });
}

#[test]
fn before_any_connection_only_the_customer_edge_is_there() {
    let compiled = compiled(&lab());
    assert_eq!(routes(&compiled, "msee-a", VRF), ON_PREM);
    assert!(compiled.routers["msee-a"].fabric_ports.values().all(|port| port.vnets.is_empty()));
    assert!(compiled.host.nics.is_empty());
    assert_eq!(compiled.gateways["ERGW1"].endpoints.len(), 2);
}

#[test]
fn conn2_alone_connects_the_remote_vnet() {
    let compiled = compiled(&story(None));
    assert_eq!(routes(&compiled, "msee-a", VRF), expected(&ON_PREM, &[REMOTE]));
    let port = &compiled.routers["msee-a"].circuit_ports["eth1"];
    assert_eq!((port.circuit.as_str(), port.vrf.as_str()), (VRF, VRF));
    assert_eq!(port.address.to_string(), "172.16.1.2/30");
    assert_eq!(port.peer, Ipv4Addr::new(172, 16, 1, 1));
    assert_eq!(port.bandwidth, Some(1_000_000_000), "1,000 Mbps of the circuit");
    assert!(!port.validate_source, "off until the peering asks for it");
    assert_eq!(port.peer_mac.map(|mac| mac.to_string()).as_deref(), Some("02:00:00:00:0c:01"));
    let port = &compiled.routers["msee-b"].circuit_ports["eth1"];
    assert_eq!(port.address.to_string(), "172.16.2.2/30");
    for (router, address) in [("msee-a", "10.253.0.4"), ("msee-b", "10.253.0.5")] {
        let ports = &compiled.routers[router].fabric_ports;
        assert!(ports["eth2"].vnets.is_empty());
        let vnet = &ports["eth3"].vnets["remote"];
        assert_eq!((vnet.address.to_string().as_str(), vnet.vrf.as_str()), (address, VRF));
        assert_eq!(vnet.prefixes, ["10.253.0.0/16".parse().unwrap()]);
    }
    let both = "via 10.253.0.4 10.253.0.5";
    let on_prem = ["10.10.0.0/16", "172.16.1.0/30", "172.16.2.0/30"];
    assert_eq!(nic_routes(&compiled, "remote-vm"), on_prem.map(|p| format!("{p} {both}")));
    assert!(nic_routes(&compiled, "hub-vm").is_empty());
}

#[test]
fn fastpath_reaches_the_hub_vm_alone() {
    let compiled = compiled(&story(Some(true)));
    let hub = [
        REMOTE,
        "10.254.0.0/16 -> gateway ERGW1 eth2 conn1 10.255.0.12,10.255.0.13 \
         (spoke prefix: not in FastPath)",
        "10.255.0.0/16 -> gateway ERGW1 eth2 conn1 10.255.0.12,10.255.0.13 \
         (hub address without a VM: not in FastPath)",
        "10.255.10.4/32 -> direct hub-vm eth2 conn1 (FastPath: hub VM of conn1)",
    ];
    assert_eq!(routes(&compiled, "msee-a", VRF), expected(&ON_PREM, &hub));
    let vnets = &compiled.routers["msee-b"].fabric_ports["eth2"].vnets;
    assert_eq!(vnets.keys().collect::<Vec<_>>(), ["hub", "spoke"]);
    assert!(vnets.values().all(|vnet| vnet.address == Ipv4Addr::new(10, 255, 0, 5)));
    let learned = ["10.10.0.0/16", "10.253.0.0/16", "172.16.1.0/30", "172.16.2.0/30"];
    let of_hub = learned.map(|p| format!("{p} via 10.255.0.4 10.255.0.5"));
    assert_eq!(nic_routes(&compiled, "hub-vm"), of_hub);
    assert_eq!(nic_routes(&compiled, "spoke-vm"), of_hub);
    let learned =
        ["10.10.0.0/16", "10.254.0.0/16", "10.255.0.0/16", "172.16.1.0/30", "172.16.2.0/30"];
    let of_remote = learned.map(|p| format!("{p} via 10.253.0.4 10.253.0.5"));
    assert_eq!(nic_routes(&compiled, "remote-vm"), of_remote);
}

fn without_fastpath(instances: &str) -> Vec<String> {
    let why = "(FastPath is off on conn1)";
    let hub = ["10.254.0.0/16", "10.255.0.0/16"]
        .map(|prefix| format!("{prefix} -> gateway ERGW1 eth2 conn1 {instances} {why}"));
    expected(&ON_PREM, &[REMOTE, &hub[0], &hub[1]])
}

#[test]
fn without_fastpath_the_gateway_has_all_of_the_hub() {
    let compiled = compiled(&story(Some(false)));
    assert_eq!(routes(&compiled, "msee-a", VRF), without_fastpath("10.255.0.12,10.255.0.13"));
}

#[test]
fn a_flip_changes_no_gateway_and_no_vm() {
    let (off, on) = (compiled(&story(Some(false))), compiled(&story(Some(true))));
    assert_eq!(off.gateways, on.gateways);
    assert_eq!(off.host, on.host);
    assert_ne!(off.routers, on.routers);
}

#[test]
fn one_failed_instance_leaves_the_other_and_does_not_touch_fastpath() {
    let mut resources = story(Some(true));
    fail(&mut resources, &[0]);
    let compiled_on = compiled(&resources);
    let lines = routes(&compiled_on, "msee-a", VRF);
    assert!(lines.iter().any(|line| line.starts_with("10.255.10.4/32 -> direct hub-vm")));
    let states: Vec<_> =
        compiled_on.gateways["ERGW1"].instances.iter().map(|instance| instance.state).collect();
    assert_eq!(states, [InstanceState::Failed, InstanceState::Up]);
    let mut resources = story(Some(false));
    fail(&mut resources, &[0]);
    assert_eq!(routes(&compiled(&resources), "msee-a", VRF), without_fastpath("10.255.0.13"));
}

#[test]
fn both_failed_instances_withdraw_the_hub_and_its_spoke_fastpath_or_not() {
    for fastpath in [false, true] {
        let mut resources = story(Some(fastpath));
        fail(&mut resources, &[0, 1]);
        let compiled = compiled(&resources);
        assert_eq!(routes(&compiled, "msee-a", VRF), expected(&ON_PREM, &[REMOTE]));
        assert!(compiled.routers["msee-a"].fabric_ports["eth2"].vnets.is_empty());
        assert!(nic_routes(&compiled, "hub-vm").is_empty());
        assert!(nic_routes(&compiled, "spoke-vm").is_empty());
        assert!(!nic_routes(&compiled, "remote-vm").iter().any(|r| r.starts_with("10.25")));
        assert_eq!(compiled.gateways["ERGW1"].endpoints.len(), 2);
    }
}

#[test]
fn deprovisioned_nothing_of_the_circuit_is_left() {
    let mut resources = story(Some(true));
    provision(&mut resources, CIRCUIT, false);
    let before = compiled(&story(Some(true)));
    let compiled_after = compiled(&resources);
    for router in compiled_after.routers.values() {
        assert!(router.circuit_ports.is_empty() && router.vrfs.is_empty());
        assert!(router.fabric_ports.values().all(|port| port.vnets.is_empty()));
    }
    assert!(compiled_after.host.nics.is_empty());
    assert_eq!(compiled_after.gateways, before.gateways);
    let mut unpeered = story(Some(true));
    unpeered.retain(|resource| resource.id.name() != "AzurePrivatePeering");
    assert_eq!(compiled(&unpeered), compiled_after);
}

#[test]
fn an_address_without_a_known_mac_is_not_direct() {
    let mut resources = story(Some(true));
    put(
        &mut resources,
        "Microsoft.Network/networkInterfaces/hub-vm",
        &json!({ "properties": { "ipConfigurations": [{ "properties": {
            "privateIPAddress": "10.255.10.4",
            "subnet": { "id": format!("{GROUP}/Microsoft.Network/virtualNetworks/hub/subnets/default") },
        }}]}}),
    );
    let compiled = compiled(&resources);
    assert!(!routes(&compiled, "msee-a", VRF).iter().any(|line| line.contains("direct")));
}
