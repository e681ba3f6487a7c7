//! Each refusal, on the lab; that the same change is accepted once cured is in the integration
//! tests.

mod links;

use serde_json::{Value, json};

use super::*;
use crate::{
    code::Code,
    lab::{CIRCUIT, GROUP, connect, id, lab, provision, put, two_customers},
    resource::AuthorizationKey,
};

const GATEWAY1: &str = "Microsoft.Network/virtualNetworkGateways/ERGW1";

/// The lab with an authorization named `a1` and conn1, which uses it.
fn connected(bypass: bool) -> Vec<Resource> {
    let mut resources = lab();
    put(&mut resources, &format!("{CIRCUIT}/authorizations/a1"), &json!({}));
    let more = json!({ "expressRouteGatewayBypass": bypass, "authorizationKey": key(&resources) });
    connect(&mut resources, "conn1", "ERGW1", CIRCUIT, more);
    resources
}

fn key(resources: &[Resource]) -> String {
    let held = |resource: &Resource| resource.held.key.as_ref().map(|key| key.reveal().to_owned());
    resources.iter().find_map(held).unwrap()
}

/// What the rules say to the last resource of `after` as a change of all before it.
fn put_verdict(before: &[Resource], after: &[Resource]) -> Result<(), Violation> {
    let before: Resources = before.iter().cloned().collect();
    let change = Change::Put(Arc::new(after.last().unwrap().clone()));
    let after = change.applied_to(&before);
    check(&change, &before, &after)
}

fn delete_verdict(before: &[Resource], path: &str) -> Result<(), Violation> {
    let before: Resources = before.iter().cloned().collect();
    let change = Change::Delete(id(path));
    check(&change, &before, &change.applied_to(&before))
}

fn refused(verdict: Result<(), Violation>, code: Code, words: &[&str]) {
    let violation = verdict.unwrap_err();
    assert_eq!(violation.code(), code, "{violation}");
    for word in words {
        assert!(violation.to_string().contains(word), "'{word}' is not in: {violation}");
    }
}

fn connecting(
    before: &[Resource],
    name: &str,
    gateway: &str,
    more: Value,
) -> Result<(), Violation> {
    let mut after = before.to_vec();
    connect(&mut after, name, gateway, CIRCUIT, more);
    put_verdict(before, &after)
}

#[test]
fn a_circuit_of_another_subscription_needs_the_right_free_key() {
    let resources = connected(false);
    let key = key(&resources);
    refused(
        connecting(&resources, "conn2", "ERGW2", json!({})),
        Code::AuthorizationKeyRequired,
        &["CIRCUIT_EQUINIX", "lab-circuits", "conn2", "lab-gateways"],
    );
    let wrong = AuthorizationKey::new("not the key").reveal().to_owned();
    let wrong_key = connecting(&resources, "conn2", "ERGW2", json!({ "authorizationKey": wrong }));
    refused(wrong_key, Code::AuthorizationKeyInvalid, &["CIRCUIT_EQUINIX", "conn2"]);
    let used = connecting(&resources, "conn2", "ERGW2", json!({ "authorizationKey": key }));
    assert!(!used.as_ref().unwrap_err().to_string().contains(&key));
    refused(used, Code::AuthorizationKeyInUse, &["conn1", "conn2"]);
    assert_eq!(
        connecting(&resources, "conn1", "ERGW1", json!({ "authorizationKey": key })),
        Ok(())
    );
}

#[test]
fn fastpath_needs_a_large_gateway_now_and_later() {
    let resources = connected(true);
    let mut small = resources.clone();
    let body = |sku: &str| {
        let subnet = format!("{GROUP}/Microsoft.Network/virtualNetworks/hub/subnets/GatewaySubnet");
        json!({ "properties": {
            "sku": { "name": sku },
            "ipConfigurations": [{ "properties": { "subnet": { "id": subnet } } }],
        }})
    };
    put(&mut small, GATEWAY1, &body("ErGw2AZ"));
    refused(
        put_verdict(&resources, &small),
        Code::FastPathSkuNotEligible,
        &["conn1", "ERGW1", "ErGw2AZ", "UltraPerformance or ErGw3AZ"],
    );
    let mut large = resources.clone();
    put(&mut large, GATEWAY1, &body("ultraperformance"));
    assert_eq!(put_verdict(&resources, &large), Ok(()));
}

#[test]
fn only_a_new_connection_needs_the_circuit_provisioned() {
    let mut resources = connected(false);
    let key = json!({ "authorizationKey": key(&resources), "routingWeight": 5 });
    provision(&mut resources, CIRCUIT, false);
    assert_eq!(connecting(&resources, "conn1", "ERGW1", key.clone()), Ok(()));
    resources.retain(|resource| resource.id.name() != "conn1");
    refused(
        connecting(&resources, "conn1", "ERGW1", key),
        Code::CircuitNotProvisioned,
        &["CIRCUIT_EQUINIX", "conn1", "/provision"],
    );
}

#[test]
fn what_is_in_use_stays() {
    let resources = connected(false);
    for (path, words) in [
        (CIRCUIT.to_owned(), ["expressRouteCircuits/CIRCUIT_EQUINIX", "connections/conn1"]),
        (format!("{CIRCUIT}/authorizations/a1"), ["authorizations/a1", "connections/conn1"]),
        (GATEWAY1.to_owned(), ["virtualNetworkGateways/ERGW1", "connections/conn1"]),
        (
            "Microsoft.Network/virtualNetworks/hub".to_owned(),
            ["virtualNetworks/hub", "networkInterfaces/hub-vm"],
        ),
    ] {
        let verdict = delete_verdict(&resources, &path);
        refused(verdict, Code::InUseResourceCannotBeDeleted, &words);
    }
    assert_eq!(delete_verdict(&resources, "Microsoft.Network/connections/conn1"), Ok(()));
    assert_eq!(delete_verdict(&resources, "Erlab.Edge/routers/msee-a"), Ok(()));
    refused(
        delete_verdict(&resources, "/subscriptions/lab-gateways/resourceGroups/FP"),
        Code::InUseResourceCannotBeDeleted,
        &["resourceGroups/FP"],
    );
}

#[test]
fn a_subnet_in_use_stays() {
    let resources = lab();
    let mut after = resources.clone();
    put(
        &mut after,
        "Microsoft.Network/virtualNetworks/remote",
        &json!({ "properties": { "addressSpace": { "addressPrefixes": ["10.253.0.0/16"] } } }),
    );
    refused(
        put_verdict(&resources, &after),
        Code::InUseResourceCannotBeDeleted,
        &["subnet", "remote-vm"],
    );
}

#[test]
fn references_and_parents_must_exist() {
    let resources = lab();
    let nowhere = CIRCUIT.replace("CIRCUIT_EQUINIX", "NOWHERE");
    let mut after = resources.clone();
    connect(&mut after, "conn9", "ERGW1", &nowhere, json!({}));
    refused(put_verdict(&resources, &after), Code::InvalidResourceReference, &["conn9", "NOWHERE"]);
    let mut after = resources.clone();
    put(&mut after, &format!("{nowhere}/authorizations/a1"), &json!({}));
    refused(put_verdict(&resources, &after), Code::ParentResourceNotFound, &["NOWHERE"]);
    let mut after = resources.clone();
    put(
        &mut after,
        &format!("{CIRCUIT}/peerings/Microsoft"),
        &json!({ "properties": {
            "primaryPeerAddressPrefix": "172.16.9.0/30", "secondaryPeerAddressPrefix": "172.16.8.0/30",
        }}),
    );
    refused(put_verdict(&resources, &after), Code::UnknownPeering, &["AzurePrivatePeering"]);
}

/// A VNet `name` with a subnet and a GatewaySubnet.
fn network(resources: &mut Vec<Resource>, name: &str, prefix: &str, gateway_subnet: &str) {
    let body = json!({ "properties": {
        "addressSpace": { "addressPrefixes": [prefix] },
        "subnets": [{ "name": "GatewaySubnet", "properties": { "addressPrefix": gateway_subnet } }],
    }});
    put(resources, &format!("Microsoft.Network/virtualNetworks/{name}"), &body);
}

fn gateway(resources: &mut Vec<Resource>, name: &str, network: &str) {
    let subnet =
        format!("{GROUP}/Microsoft.Network/virtualNetworks/{network}/subnets/GatewaySubnet");
    let body = json!({ "properties": {
        "sku": { "name": "Standard" },
        "ipConfigurations": [{ "properties": { "subnet": { "id": subnet } } }],
    }});
    put(resources, &format!("Microsoft.Network/virtualNetworkGateways/{name}"), &body);
}

#[test]
fn vnets_of_one_circuit_or_peering_do_not_overlap() {
    let mut resources = connected(false);
    network(&mut resources, "twin", "10.254.0.0/17", "10.254.0.0/27");
    gateway(&mut resources, "ERGW3", "twin");
    put(&mut resources, &format!("{CIRCUIT}/authorizations/a2"), &json!({}));
    let key = resources.last().unwrap().held.key.clone().unwrap();
    refused(
        connecting(&resources, "conn3", "ERGW3", json!({ "authorizationKey": key.reveal() })),
        Code::AddressSpaceOverlap,
        &["twin", "spoke", "10.254.0.0/17", "10.254.0.0/16", "circuit 'CIRCUIT_EQUINIX'"],
    );
    let mut after = resources.clone();
    put(
        &mut after,
        "Microsoft.Network/virtualNetworks/twin/virtualNetworkPeerings/spoke",
        &json!({ "properties": { "remoteVirtualNetwork": {
            "id": id("Microsoft.Network/virtualNetworks/spoke").to_string(),
        }}}),
    );
    refused(put_verdict(&resources, &after), Code::AddressSpaceOverlap, &["their peering"]);
}

#[test]
fn a_vnet_has_one_gateway_near_or_far() {
    let resources = lab();
    let mut after = resources.clone();
    gateway(&mut after, "ERGW3", "hub");
    refused(put_verdict(&resources, &after), Code::GatewayExists, &["hub", "ERGW1"]);
    let mut after = resources.clone();
    put(
        &mut after,
        "Microsoft.Network/virtualNetworks/remote/virtualNetworkPeerings/hub",
        &json!({ "properties": { "useRemoteGateways": true, "remoteVirtualNetwork": {
            "id": id("Microsoft.Network/virtualNetworks/hub").to_string(),
        }}}),
    );
    refused(put_verdict(&resources, &after), Code::RemoteGatewayConflict, &["remote", "ERGW2"]);
}

#[test]
fn a_gateway_is_connected_to_a_circuit_once() {
    let resources = connected(false);
    refused(
        connecting(&resources, "conn9", "ERGW1", json!({})),
        Code::ConnectionExists,
        &["ERGW1", "CIRCUIT_EQUINIX", "conn1"],
    );
}

#[test]
fn names_are_unique_across_groups() {
    let resources = lab();
    let mut after = resources.clone();
    put(
        &mut after,
        "/subscriptions/other/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/HUB",
        &json!({ "properties": { "addressSpace": { "addressPrefixes": ["10.1.0.0/16"] } } }),
    );
    refused(put_verdict(&resources, &after), Code::NameNotUnique, &["virtualNetworks/hub"]);
}

#[test]
fn interfaces_have_an_address_of_their_own_in_their_subnet() {
    let resources = lab();
    for (subnet, address, code, word) in [
        ("default", "10.255.11.4", Code::InvalidParameter, "outside subnet 'default'"),
        ("default", "10.255.10.4", Code::AddressInUse, "hub-vm"),
        ("GatewaySubnet", "10.255.0.20", Code::InvalidParameter, "GatewaySubnet"),
    ] {
        let mut after = resources.clone();
        let subnet = format!("{GROUP}/Microsoft.Network/virtualNetworks/hub/subnets/{subnet}");
        put(
            &mut after,
            "Microsoft.Network/networkInterfaces/second-vm",
            &json!({ "properties": { "ipConfigurations": [{ "properties": {
                "privateIPAddress": address, "subnet": { "id": subnet },
            }}]}}),
        );
        refused(put_verdict(&resources, &after), code, &[word]);
    }
}

#[test]
fn ipv6_addresses_are_as_distinct_as_ipv4_ones() {
    let resources = two_customers();
    let edge = "/subscriptions/lab/resourceGroups/EDGE/providers/Microsoft.Network";
    let subnet = format!("{edge}/virtualNetworks/contoso-hub/subnets/default");
    for (ipv6, code, words) in [
        ("fd00:255:0:10::4", Code::AddressInUse, ["fd00:255:0:10::4", "'contoso-vm'"]),
        ("fd00:255:0:11::4", Code::InvalidParameter, ["outside subnet 'default'", "choose an"]),
    ] {
        let mut after = resources.clone();
        let address = |version: &str, address: &str| {
            json!({ "properties": {
                "privateIPAddressVersion": version,
                "privateIPAddress": address,
                "subnet": { "id": subnet },
            }})
        };
        let addresses = json!([address("IPv4", "10.255.10.9"), address("IPv6", ipv6)]);
        let body = json!({ "properties": { "ipConfigurations": addresses } });
        put(&mut after, &format!("{edge}/networkInterfaces/second"), &body);
        refused(put_verdict(&resources, &after), code, &words);
    }
    let mut after = resources.clone();
    let spaces = json!(["10.1.0.0/16", "fd00:255:0:ff00::/56"]);
    let body = json!({ "properties": { "addressSpace": { "addressPrefixes": spaces } } });
    put(&mut after, &format!("{edge}/virtualNetworks/other"), &body);
    let before = after.clone();
    let remote = json!({ "id": format!("{edge}/virtualNetworks/contoso-hub") });
    let peering = format!("{edge}/virtualNetworks/other/virtualNetworkPeerings/p");
    put(&mut after, &peering, &json!({ "properties": { "remoteVirtualNetwork": remote } }));
    let words = ["fd00:255:0:ff00::/56", "fd00:255::/48", "their peering"];
    refused(put_verdict(&before, &after), Code::AddressSpaceOverlap, &words);
}
