use serde_json::json;

use super::*;

const CONNECTION: &str =
    "/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/connections/conn1";
const CIRCUIT: &str =
    "/subscriptions/C/resourceGroups/G/providers/Microsoft.Network/expressRouteCircuits/er";
const OTHER_CIRCUIT: &str =
    "/subscriptions/C/resourceGroups/G/providers/Microsoft.Network/expressRouteCircuits/other";
const GATEWAY: &str =
    "/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/virtualNetworkGateways/gw";
const KEY: &str = "11111111-2222-4333-8444-555555555555";

#[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
fn connection(circuit: &str, key: Value) -> Map<String, Value> {
    map(json!({ "properties": {
        "connectionType": "ExpressRoute",
        "virtualNetworkGateway1": { "id": GATEWAY, "location": "east", "properties": {} },
        "peer": { "id": circuit },
        "authorizationKey": key,
        "connectionStatus": "Connected",
        "somethingNew": { "kept": true },
    }}))
}

fn put(body: Map<String, Value>, before: Option<&Resource>) -> Resource {
    Resource::from_put(CONNECTION.parse().unwrap(), body, before).unwrap()
}

#[test]
fn read_only_properties_go_and_unknown_ones_stay() {
    let resource = put(connection(CIRCUIT, KEY.into()), None);
    let properties = resource.body["properties"].as_object().unwrap();
    assert!(!properties.contains_key("connectionStatus"));
    assert_eq!(properties["somethingNew"], json!({ "kept": true }));
    assert_eq!(properties["virtualNetworkGateway1"], json!({ "id": GATEWAY }));
}

#[test]
fn a_key_leaves_the_document_and_stays_when_not_repeated() {
    let first = put(connection(CIRCUIT, KEY.into()), None);
    assert_eq!(first.held.key.as_ref().unwrap().reveal(), KEY);
    assert!(!format!("{first:?}").contains(KEY));
    let second = put(connection(CIRCUIT, Value::Null), Some(&first));
    assert!(second.same_content(&first));
    let moved = put(connection(OTHER_CIRCUIT, Value::Null), Some(&first));
    assert_eq!(moved.held.key, None);
}

#[test]
fn keys_are_equal_whatever_their_case_and_only_when_whole() {
    let key = AuthorizationKey::new(KEY);
    assert_eq!(key, AuthorizationKey::new(&format!(" {} ", KEY.to_uppercase())));
    assert_ne!(key, AuthorizationKey::new(&KEY[1..]));
    assert_ne!(key, AuthorizationKey::new(""));
    assert_ne!(key, AuthorizationKey::new("11111111-2222-4333-8444-555555555556"));
}

#[test]
fn a_record_reads_back_and_another_version_is_refused() {
    let resource = put(connection(CIRCUIT, KEY.into()), None);
    let bytes = resource.to_record().unwrap();
    let back = Resource::from_record("/key", &bytes, Revision(7)).unwrap();
    assert!(back.same_content(&resource));
    assert_eq!((back.revision, &back.etag), (Revision(7), &resource.etag));
    let newer = String::from_utf8(bytes).unwrap().replace("\"version\":1", "\"version\":9");
    let error = Resource::from_record("/key", newer.as_bytes(), Revision(7)).unwrap_err();
    assert!(error.to_string().contains("/key has record version 9"), "{error}");
}

/// A private peering with this IPv6 side.
fn peering(primary: &str, secondary: &str) -> Value {
    json!({
        "primaryPeerAddressPrefix": "172.16.1.0/30",
        "secondaryPeerAddressPrefix": "172.16.2.0/30",
        "ipv6PeeringConfig": {
            "primaryPeerAddressPrefix": primary, "secondaryPeerAddressPrefix": secondary,
        },
    })
}

#[test]
fn what_does_not_fit_is_named_with_its_cure() {
    let network = "/subscriptions/S/resourceGroups/G/providers/Microsoft.Network";
    for (path, body, expected) in [
        (
            "virtualNetworks/v",
            json!({ "addressSpace": { "addressPrefixes": ["10.0.0.1/16"] } }),
            "properties.addressSpace.addressPrefixes[0] is 10.0.0.1/16, which has bits set outside \
             its mask: write 10.0.0.0/16",
        ),
        (
            "virtualNetworks/v",
            json!({ "addressSpace": { "addressPrefixes": ["fd00::/48"] } }),
            "properties.addressSpace.addressPrefixes has no IPv4 prefix: list the VNet's address \
             spaces, such as [\"10.0.0.0/16\"]; IPv6 can be beside IPv4, not in its place",
        ),
        (
            "virtualNetworks/v",
            json!({ "addressSpace": { "addressPrefixes": ["fd00::1/48"] } }),
            "properties.addressSpace.addressPrefixes[0] is fd00::1/48, which has bits set outside \
             its mask: write fd00::/48",
        ),
        (
            "expressRouteCircuits/c/peerings/AzurePrivatePeering",
            peering("fd00:172:16:1::/64", "fd00:172:16:2::/126"),
            "properties.ipv6PeeringConfig.primaryPeerAddressPrefix (fd00:172:16:1::/64) is not a \
             /126: give a /126, such as fd00:172:16:1::/126",
        ),
        (
            "expressRouteCircuits/c/peerings/AzurePrivatePeering",
            peering("fd00:172:16:1::/126", "fd00:172:16:1::/126"),
            "properties.ipv6PeeringConfig.secondaryPeerAddressPrefix is the primary link's prefix: \
             give each of the two links a /126 of its own",
        ),
        (
            "expressRouteCircuits/c/peerings/AzurePrivatePeering",
            peering("172.16.5.0/30", "fd00:172:16:1::/126"),
            "properties.ipv6PeeringConfig.primaryPeerAddressPrefix is not an IPv6 prefix such as \
             fd00:10::/48: write an IPv6 prefix such as fd00:10::/48",
        ),
        (
            "expressRouteCircuits/c",
            json!({ "peerings": [{ "name": "AzurePrivatePeering" }] }),
            "properties.peerings cannot be set through its parent: PUT each one at its own path, \
             .../peerings/NAME",
        ),
        (
            "virtualNetworkGateways/g",
            json!({ "sku": { "name": "Huge" } }),
            "properties.sku.name is not one of Standard, HighPerformance, UltraPerformance, \
             ErGw1AZ, ErGw2AZ, ErGw3AZ, ErGwScale: write one of Standard, HighPerformance, \
             UltraPerformance, ErGw1AZ, ErGw2AZ, ErGw3AZ, ErGwScale",
        ),
        (
            "connections/c",
            json!({ "connectionType": "ExpressRoute", "virtualNetworkGateway1": { "id": CIRCUIT } }),
            "properties.virtualNetworkGateway1 is another type: give the id of a resource of type \
             Microsoft.Network/virtualNetworkGateways as {\"id\": \"...\"}",
        ),
        (
            "expressRouteCircuits/c/peerings/AzurePrivatePeering",
            json!({
                "primaryPeerAddressPrefix": "172.16.1.0/30",
                "secondaryPeerAddressPrefix": "172.16.2.0/30",
                "erlabSourceValidation": "on",
            }),
            "properties.erlabSourceValidation is not true or false: write true or false",
        ),
        (
            "expressRouteCircuits/c/peerings/AzurePrivatePeering",
            json!({ "peerASN": 12076 }),
            "properties.peerASN is an AS number that Azure uses itself: use another, such as 65001",
        ),
    ] {
        let id = format!("{network}/{path}").parse().unwrap();
        let body = map(json!({ "properties": body }));
        let error = Resource::from_put(id, body, None).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn an_error_about_a_value_does_not_repeat_it() {
    let mut body = connection(CIRCUIT, Value::Null);
    body["properties"]["expressRouteGatewayBypass"] = KEY.into();
    let error = Resource::from_put(CONNECTION.parse().unwrap(), body, None).unwrap_err();
    assert!(!error.to_string().contains(KEY), "{error}");
}

#[test]
fn a_routers_ports_are_told_apart() {
    let circuit = |name: &str| CIRCUIT.replace("/er", &format!("/{name}"));
    let port = |interface: &str, name: &str, cpu: &str| {
        json!({
            "interface": interface,
            "circuit": { "id": circuit(name) },
            "peerMacAddress": "02:00:00:00:00:01",
            "cpuInterface": cpu,
        })
    };
    let parse = |circuits: &[Value], fabric: &str| {
        let fabric = json!([{ "interface": fabric, "virtualNetworks": [] }]);
        let body = json!({ "properties": {
            "path": "primary", "circuitPorts": circuits, "fabricPorts": fabric,
        }});
        let id = "/subscriptions/S/resourceGroups/G/providers/Erlab.Edge/routers/r";
        Resource::from_put(id.parse().unwrap(), map(body), None).map(|resource| resource.typed)
    };
    let shared = [port("eth1", "b", "xcpu1-2"), port("eth1", "a", "xcpu1-1")];
    let Typed::Router(router) = parse(&shared, "eth2").unwrap() else { panic!("not a router") };
    let circuits: Vec<&str> =
        router.circuit_ports.iter().map(|cable| cable.circuit.name()).collect();
    assert_eq!(circuits, ["a", "b"]);
    for (circuits, fabric, expected) in [
        (
            &shared[..],
            "eth1",
            "properties.fabricPorts has interface eth1, which another port is on",
        ),
        (
            &[port("eth1", "a", "x"), port("eth1", "A", "y")],
            "eth2",
            "properties.circuitPorts has circuit A on eth1 twice",
        ),
        (
            &[port("eth1", "a", "x"), port("eth1", "b", "x")],
            "eth2",
            "properties.circuitPorts has cpuInterface x twice",
        ),
    ] {
        let error = parse(circuits, fabric).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
