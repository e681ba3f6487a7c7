//! Each refusal with its code, and the same request accepted once cured.

use serde_json::{Value, json};

use crate::support::{Answer, CIRCUIT, Daemon, NETWORK};

fn refused(answer: &Answer, status: u16, code: &str, words: &[&str]) {
    assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
    for word in words {
        assert!(answer.message().contains(word), "'{word}' is not in: {}", answer.message());
    }
}

fn gateway(network: &str, sku: &str) -> Value {
    let subnet = format!("{NETWORK}/virtualNetworks/{network}/subnets/GatewaySubnet");
    json!({ "properties": {
        "gatewayType": "ExpressRoute",
        "sku": { "name": sku },
        "ipConfigurations": [{ "name": "default", "properties": { "subnet": { "id": subnet } } }],
    }})
}

#[tokio::test]
async fn connecting_needs_a_provisioned_circuit_and_the_right_key() {
    let daemon = Daemon::start_with_lab().await;
    let target = format!("{NETWORK}/connections/conn1");
    let answer = daemon.connect("conn1", "ERGW1", &json!({})).await;
    refused(&answer, 403, "AuthorizationKeyRequired", &["CIRCUIT_EQUINIX", "lab-circuits"]);
    assert_eq!(answer.body["error"]["target"], target.as_str());
    let wrong = json!({ "authorizationKey": "00000000-0000-4000-8000-000000000000" });
    let answer = daemon.connect("conn1", "ERGW1", &wrong).await;
    refused(&answer, 403, "AuthorizationKeyInvalid", &["CIRCUIT_EQUINIX", "listKeys"]);

    let right = json!({ "authorizationKey": daemon.authorize("a1").await });
    daemon.post(&format!("{CIRCUIT}/deprovision"), &json!({})).await;
    let answer = daemon.connect("conn1", "ERGW1", &right).await;
    refused(&answer, 409, "CircuitNotProvisioned", &["CIRCUIT_EQUINIX", "/provision"]);
    refused(&daemon.get(&target).await, 404, "ResourceNotFound", &[]);
    daemon.post(&format!("{CIRCUIT}/provision"), &json!({})).await;
    assert_eq!(daemon.connect("conn1", "ERGW1", &right).await.status, 201);

    let answer = daemon.connect("again", "ERGW1", &json!({})).await;
    refused(&answer, 409, "ConnectionExists", &["ERGW1", "conn1"]);
    let answer = daemon.connect("conn9", "NOGW", &json!({})).await;
    refused(&answer, 400, "InvalidResourceReference", &["NOGW"]);
}

#[tokio::test]
async fn fastpath_needs_a_large_gateway() {
    let daemon = Daemon::start_with_lab().await;
    let key = daemon.authorize("a2").await;
    let fastpath = json!({ "authorizationKey": key, "expressRouteGatewayBypass": true });
    let answer = daemon.connect("conn2", "ERGW2", &fastpath).await;
    refused(&answer, 400, "FastPathSkuNotEligible", &["conn2", "ERGW2", "ErGw1AZ", "ErGw3AZ"]);
    let path = format!("{NETWORK}/virtualNetworkGateways/ERGW2");
    assert_eq!(daemon.put(&path, &gateway("remote", "UltraPerformance")).await.status, 200);
    assert_eq!(daemon.connect("conn2", "ERGW2", &fastpath).await.status, 201);
    let answer = daemon.put(&path, &gateway("remote", "ErGw2AZ")).await;
    refused(&answer, 400, "FastPathSkuNotEligible", &["conn2", "ERGW2", "ErGw2AZ"]);
    assert_eq!(answer.body["error"]["target"], path.as_str());
    daemon.connect("conn2", "ERGW2", &json!({})).await;
    assert_eq!(daemon.put(&path, &gateway("remote", "ErGw2AZ")).await.status, 200);
}

#[tokio::test]
async fn vnets_that_overlap_cannot_share_a_circuit() {
    let daemon = Daemon::start_with_lab().await;
    let key = daemon.authorize("a1").await;
    daemon.connect("conn1", "ERGW1", &json!({ "authorizationKey": key })).await;
    let network = json!({ "properties": {
        "addressSpace": { "addressPrefixes": ["10.255.128.0/17"] },
        "subnets": [{ "name": "GatewaySubnet", "properties": { "addressPrefix": "10.255.128.0/27" } }],
    }});
    daemon.put(&format!("{NETWORK}/virtualNetworks/twin"), &network).await;
    let path = format!("{NETWORK}/virtualNetworkGateways/ERGW3");
    assert_eq!(daemon.put(&path, &gateway("twin", "Standard")).await.status, 201);
    let key = daemon.authorize("a3").await;
    let answer = daemon.connect("conn3", "ERGW3", &json!({ "authorizationKey": key })).await;
    refused(&answer, 409, "AddressSpaceOverlap", &["twin", "hub", "10.255.128.0/17"]);
    let answer = daemon
        .put(&format!("{NETWORK}/virtualNetworkGateways/ERGW4"), &gateway("twin", "Standard"))
        .await;
    refused(&answer, 409, "GatewayExists", &["twin", "ERGW3"]);
}

#[tokio::test]
async fn what_is_in_use_stays_until_its_user_is_gone() {
    let daemon = Daemon::start_with_lab().await;
    let key = daemon.authorize("a1").await;
    daemon.connect("conn1", "ERGW1", &json!({ "authorizationKey": key })).await;
    let conn1 = format!("{NETWORK}/connections/conn1");
    let gateway = format!("{NETWORK}/virtualNetworkGateways/ERGW1");
    for path in [CIRCUIT, &gateway] {
        let answer = daemon.delete(path).await;
        refused(&answer, 409, "InUseResourceCannotBeDeleted", &["connections/conn1"]);
    }
    let answer = daemon.delete(&format!("{NETWORK}/virtualNetworks/hub")).await;
    refused(&answer, 409, "InUseResourceCannotBeDeleted", &["virtualNetworks/hub"]);
    assert_eq!(daemon.delete(&conn1).await.status, 200);
    assert_eq!(daemon.delete(&conn1).await.status, 204);
    assert_eq!(daemon.delete(CIRCUIT).await.status, 200);
    let parts = daemon.get(&format!("{CIRCUIT}/authorizations")).await;
    assert_eq!(parts.body, json!({ "value": [] }));
}

#[tokio::test]
async fn requests_that_make_no_sense() {
    let daemon = Daemon::start_with_lab().await;
    let answer = daemon.get(&format!("{NETWORK}/connections/onesdk1914")).await;
    let azures = "The Resource 'Microsoft.Network/connections/onesdk1914' under resource group \
                  'FP' was not found.";
    assert_eq!((answer.status, answer.code(), answer.message()), (404, "ResourceNotFound", azures));
    let hub = format!("{NETWORK}/virtualNetworks/hub");
    let body = json!("not json");
    refused(&daemon.put(&hub, &body).await, 400, "InvalidRequestContent", &["line 1"]);
    let body = json!({ "properties": { "addressSpace": { "addressPrefixes": ["x"] } } });
    let answer = daemon.put(&hub, &body).await;
    refused(&answer, 400, "InvalidParameter", &["addressPrefixes[0]", "10.0.0.0/16"]);
    assert_eq!(answer.body["error"]["target"], "properties.addressSpace.addressPrefixes[0]");
    refused(&daemon.get("/nothing").await, 404, "InvalidResourceId", &[]);
    let action = format!("{NETWORK}/virtualNetworkGateways/ERGW1/explode");
    let answer = daemon.post(&action, &json!({})).await;
    refused(&answer, 404, "UnknownAction", &["explode", "failInstance", "restoreInstance"]);
    let action = format!("{NETWORK}/virtualNetworkGateways/ERGW1/failInstance");
    let answer = daemon.post(&action, &json!({ "instance": 2 })).await;
    refused(&answer, 400, "InvalidParameter", &["instance", "0 to 1"]);
    let answer = daemon.request("PATCH", &hub, None).await;
    refused(&answer, 405, "MethodNotAllowed", &["PATCH"]);
    let nowhere = CIRCUIT.replace("CIRCUIT_EQUINIX", "NOWHERE");
    let answer = daemon.put(&format!("{nowhere}/authorizations/a"), &json!({})).await;
    refused(&answer, 404, "ParentResourceNotFound", &["NOWHERE"]);
    let large = json!({ "tags": { "x": "x".repeat(5 * 1024 * 1024) } });
    refused(&daemon.put(&hub, &large).await, 413, "RequestTooLarge", &[]);
}
