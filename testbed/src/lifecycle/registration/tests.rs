use super::*;
use crate::topology;

const FASTPATH: &str = include_str!("../../../../labs/fastpath.er.yml");

fn requests() -> Vec<Request> {
    let topology = topology::parse(FASTPATH, "fastpath.er.yml").unwrap();
    let plan = topology::plan(&topology).unwrap();
    resources(&topology, &plan)
}

/// The same lab with its fabrics in VXLAN.
fn vxlan_requests() -> Vec<Request> {
    let text = FASTPATH.replace("expressroute:\n", "expressroute:\n  fabric: vxlan\n");
    let topology = topology::parse(&text, "fastpath.er.yml").unwrap();
    let plan = topology::plan(&topology).unwrap();
    resources(&topology, &plan)
}

fn body<'a>(requests: &'a [Request], suffix: &str) -> &'a Value {
    let request = requests.iter().find(|request| request.path.ends_with(suffix));
    request.and_then(|request| request.body.as_ref()).unwrap()
}

#[test]
fn what_a_resource_refers_to_is_registered_before_it() {
    let requests = requests();
    let resources: Vec<_> = requests.iter().map(|request| below_provider(&request.path)).collect();
    assert_eq!(
        resources,
        [
            "virtualNetworks/hub",
            "virtualNetworks/spoke",
            "virtualNetworks/remote",
            "networkInterfaces/hub-vm",
            "networkInterfaces/spoke-vm",
            "networkInterfaces/remote-vm",
            "virtualNetworkGateways/ERGW1",
            "gatewayHosts/ERGW1",
            "virtualNetworkGateways/ERGW2",
            "gatewayHosts/ERGW2",
            "virtualNetworks/hub/virtualNetworkPeerings/hub-to-spoke",
            "virtualNetworks/spoke/virtualNetworkPeerings/spoke-to-hub",
            "expressRouteCircuits/CIRCUIT_EQUINIX",
            "expressRouteCircuits/CIRCUIT_EQUINIX/peerings/AzurePrivatePeering",
            "expressRouteCircuits/CIRCUIT_EQUINIX/provision",
            "routers/msee-a",
            "routers/msee-b",
        ]
    );
}

#[test]
fn a_vxlan_fabric_is_its_hosts_and_a_tunnel_endpoint_of_each_router() {
    let requests = vxlan_requests();
    let hosts: Vec<_> = requests
        .iter()
        .map(|request| below_provider(&request.path))
        .filter(|path| path.starts_with("fabricHosts/"))
        .collect();
    let names = ["hub-vm", "spoke-vm", "ERGW1", "remote-vm", "ERGW2"];
    assert_eq!(hosts, names.map(|name| format!("fabricHosts/{name}-host")));
    let host = &body(&requests, "fabricHosts/ERGW1-host")["properties"];
    assert_eq!(host["address"], "100.64.0.5");
    assert!(host["macAddress"].is_string() && host.get("networkInterfaces").is_none(), "{host}");
    let gateway = host["gateways"][0]["id"].as_str().unwrap();
    assert!(gateway.ends_with("/virtualNetworkGateways/ERGW1"), "{gateway}");
    let port = &body(&requests, "routers/msee-b")["properties"]["fabricPorts"][0];
    assert_eq!(port["vxlan"]["address"], "100.64.0.2/16");
    let vnis: Vec<_> =
        port["virtualNetworks"].as_array().unwrap().iter().map(|it| &it["vni"]).collect();
    assert_eq!(vnis, [5001, 5002]);
    // A plain fabric has none of it.
    let plain = self::requests();
    assert!(!plain.iter().any(|request| request.path.contains("fabricHosts")));
    let port = &body(&plain, "routers/msee-b")["properties"]["fabricPorts"][0];
    assert!(port["vxlan"].is_null() && port["virtualNetworks"][0]["vni"].is_null(), "{port}");
}

#[test]
fn circuits_are_in_their_owners_scope() {
    let requests = requests();
    let circuit = requests.iter().find(|request| request.path.ends_with("/provision")).unwrap();
    assert_eq!(circuit.method, Method::Post);
    assert!(circuit.path.starts_with("/subscriptions/lab-circuits/resourceGroups/RG_US_W2_ER/"));
    let router = body(&requests, "routers/msee-a");
    let id = router.pointer("/properties/circuitPorts/0/circuit/id").unwrap().as_str().unwrap();
    assert_eq!(format!("{id}/provision"), circuit.path);
}

#[test]
fn bandwidth_and_source_validation_are_told() {
    let circuit = |text: &str| {
        let topology = topology::parse(text, "fastpath.er.yml").unwrap();
        let requests = resources(&topology, &topology::plan(&topology).unwrap());
        let provider = body(&requests, "/CIRCUIT_EQUINIX")["properties"].clone();
        let peering = body(&requests, "/AzurePrivatePeering")["properties"].clone();
        let bandwidth = provider["serviceProviderProperties"]["bandwidthInMbps"].clone();
        (bandwidth, peering["erlabSourceValidation"].clone())
    };
    assert_eq!(circuit(FASTPATH), (1_000.into(), Value::Null));
    let with = |value: &str| format!("bandwidth: 50Mbps, source_validation: {value}");
    let on = FASTPATH.replace("bandwidth: 1Gbps", &with("on"));
    assert_eq!(circuit(&on), (50.into(), true.into()));
    let off = FASTPATH.replace("bandwidth: 1Gbps", &with("off"));
    assert_eq!(circuit(&off), (50.into(), Value::Null));
}

#[test]
fn gateway_transit_is_allowed_by_the_hub_and_used_by_the_spoke() {
    let requests = requests();
    let hub = &body(&requests, "hub-to-spoke")["properties"];
    let spoke = &body(&requests, "spoke-to-hub")["properties"];
    assert_eq!(hub["allowGatewayTransit"], true);
    assert_eq!(spoke["useRemoteGateways"], true);
    assert_eq!(hub.get("useRemoteGateways"), None);
    assert_eq!(spoke.get("allowGatewayTransit"), None);
}

#[test]
fn a_gateway_host_has_one_mac_address_for_each_instance() {
    let requests = requests();
    let instances = &body(&requests, "gatewayHosts/ERGW1")["properties"]["instances"];
    let macs: Vec<_> = instances.as_array().unwrap().iter().map(|i| &i["macAddress"]).collect();
    assert_eq!(macs.len(), 2);
    assert_ne!(macs[0], macs[1]);
}

#[test]
fn a_router_knows_its_path_its_cables_and_what_the_customer_announces() {
    let requests = requests();
    let router = &body(&requests, "routers/msee-b")["properties"];
    assert_eq!(router["path"], "secondary");
    let port = &router["circuitPorts"][0];
    assert_eq!(port["interface"], "eth1");
    assert_eq!(port["staticRoutes"].as_array().unwrap().len(), 3);
    assert!(port["peerMacAddress"].is_string());
    assert_eq!(router["fabricPorts"].as_array().unwrap().len(), 2);
}
