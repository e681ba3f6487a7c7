//! The shape of answers: ARM's, whatever the client's spelling.

use serde_json::json;

use crate::support::{CIRCUIT, Daemon, GROUP, NETWORK};

#[tokio::test]
async fn documents_come_back_with_what_arm_adds() {
    let daemon = Daemon::start_with_lab().await;
    let _dataplanes = daemon.dataplanes_but(&[]).await;
    let path = format!("{NETWORK}/virtualNetworks/Extra");
    let body = json!({
        "location": "east",
        "tags": { "owner": "me" },
        "etag": "mine",
        "properties": {
            "addressSpace": { "addressPrefixes": ["10.9.0.0/16"] },
            "subnets": [{ "name": "Web", "properties": { "addressPrefix": "10.9.1.0/24" } }],
            "provisioningState": "Failed",
            "enableDdosProtection": false,
        },
    });
    let made = daemon.put(&format!("{path}?api-version=1999-01-01"), &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shown = daemon.get(&path.to_lowercase()).await;
    assert_eq!(made.body, shown.body);
    assert_eq!(shown.body["id"], path.as_str());
    assert_eq!(shown.body["name"], "Extra");
    assert_eq!(shown.body["type"], "Microsoft.Network/virtualNetworks");
    assert_eq!(shown.body["tags"]["owner"], "me");
    assert_eq!(shown.property("provisioningState"), "Succeeded");
    assert_eq!(shown.property("enableDdosProtection"), false);
    assert_eq!(shown.property("subnets")[0]["id"], format!("{path}/subnets/Web"));
    assert_eq!(shown.body["etag"], shown.header("etag"));
    assert!(shown.header("etag").starts_with("W/\""));

    // Sending back what was got, to the same path in another case, changes nothing at all.
    let revision = daemon.get("/erlab/status").await.body["revision"].clone();
    let again = daemon.put(&path.to_uppercase(), &shown.body).await;
    assert_eq!((again.status, &again.body), (200, &shown.body));
    assert_eq!(daemon.get("/erlab/status").await.body["revision"], revision);
}

#[tokio::test]
async fn lists_are_of_a_group_a_subscription_or_a_parent() {
    let daemon = Daemon::start_with_lab().await;
    let names = |path: String| {
        let daemon = &daemon;
        async move {
            let body = daemon.get(&path).await.body;
            let values = body["value"].as_array().unwrap().clone();
            values.iter().map(|v| v["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    let networks = ["hub", "remote", "spoke"];
    assert_eq!(names(format!("{NETWORK}/virtualNetworks")).await, networks);
    let subscription = "/subscriptions/LAB-GATEWAYS/providers/microsoft.network";
    assert_eq!(names(format!("{subscription}/VirtualNetworks")).await, networks);
    let other = "/subscriptions/lab/providers/Microsoft.Network";
    assert!(names(format!("{other}/virtualNetworks")).await.is_empty());
    assert_eq!(
        names(format!("{NETWORK}/virtualNetworks/hub/virtualNetworkPeerings")).await,
        ["spoke"]
    );
    assert_eq!(names(format!("{CIRCUIT}/peerings")).await, ["AzurePrivatePeering"]);
    assert_eq!(names(format!("{GROUP}/Erlab.Edge/routers")).await, ["msee-a", "msee-b"]);
}

#[tokio::test]
async fn peerings_connect_when_both_sides_exist() {
    let daemon = Daemon::start_with_lab().await;
    let hub_side = format!("{NETWORK}/virtualNetworks/hub/virtualNetworkPeerings/spoke");
    let spoke_side = format!("{NETWORK}/virtualNetworks/spoke/virtualNetworkPeerings/hub");
    assert_eq!(daemon.get(&hub_side).await.property("peeringState"), "Connected");
    daemon.delete(&spoke_side).await;
    assert_eq!(daemon.get(&hub_side).await.property("peeringState"), "Initiated");
}

#[tokio::test]
async fn preconditions_guard_against_another_writer() {
    let daemon = Daemon::start_with_lab().await;
    let path = format!("{NETWORK}/virtualNetworks/hub");
    let shown = daemon.get(&path).await;
    let mut body = shown.body.clone();
    body["tags"] = json!({ "a": "1" });
    let etag = shown.header("etag").to_owned();
    let only_new = [("if-none-match", "*")];
    let answer = daemon.request_with("PUT", &path, &only_new, Some(&body)).await;
    assert_eq!((answer.status, answer.code()), (412, "PreconditionFailed"));
    let if_match = [("if-match", etag.as_str())];
    assert_eq!(daemon.request_with("PUT", &path, &if_match, Some(&body)).await.status, 200);
    body["tags"] = json!({ "a": "2" });
    let stale = daemon.request_with("PUT", &path, &if_match, Some(&body)).await;
    assert_eq!((stale.status, stale.code()), (412, "PreconditionFailed"));
    assert_eq!(daemon.get(&path).await.body["tags"], json!({ "a": "1" }));
}

#[tokio::test]
async fn concurrent_writers_all_succeed_and_readers_see_their_own_writes() {
    let daemon = Daemon::start().await;
    let writers = (0..24_u8).map(|index| {
        let daemon = &daemon;
        async move {
            let path = format!("{NETWORK}/virtualNetworks/v{index}");
            let prefix = format!("10.{index}.0.0/16");
            let body = json!({ "properties": { "addressSpace": { "addressPrefixes": [prefix] } } });
            let made = daemon.put(&format!("{path}?wait=false"), &body).await;
            assert_eq!(made.status, 201, "{made:?}");
            assert_eq!(daemon.get(&path).await.status, 200);
        }
    });
    futures::future::join_all(writers).await;
    assert_eq!(daemon.get("/erlab/status").await.body["revision"], 24);
}

#[tokio::test]
async fn a_resource_group_may_be_made_and_goes_only_when_empty() {
    let daemon = Daemon::start_with_lab().await;
    let group = "/subscriptions/lab-gateways/resourcegroups/FP";
    let made = daemon.put(group, &json!({ "location": "east" })).await;
    assert_eq!((made.status, &made.body["name"]), (201, &json!("FP")));
    assert_eq!(daemon.delete(group).await.code(), "InUseResourceCannotBeDeleted");
    let empty = "/subscriptions/lab-gateways/resourceGroups/empty";
    daemon.put(empty, &json!({})).await;
    assert_eq!(daemon.delete(empty).await.status, 200);
}

#[tokio::test]
async fn the_providers_tag_is_shown_on_the_circuit_and_cannot_be_put() {
    let daemon = Daemon::start_with_lab().await;
    let peering = format!("{CIRCUIT}/peerings/AzurePrivatePeering");
    let mut body = daemon.get(&peering).await.body;
    let circuit = daemon.get(CIRCUIT).await;
    assert_eq!(circuit.body["properties"].get("stag"), None);

    let provision = format!("{CIRCUIT}/provision");
    let refused = daemon.post(&provision, &json!({ "stag": 20 })).await;
    assert_eq!((refused.status, refused.code()), (400, "VlanIdRequired"), "{refused:?}");
    body["properties"]["vlanId"] = 100.into();
    assert_eq!(daemon.put(&peering, &body).await.status, 200);
    let order = json!({ "stag": 20, "serviceEthertype": "0x88a8" });
    let provisioned = daemon.post(&provision, &order).await;
    assert_eq!(provisioned.property("stag"), 20, "{provisioned:?}");
    assert_eq!(provisioned.property("serviceEthertype"), "0x88a8");
    let refused = daemon.post(&provision, &json!({ "serviceEthertype": "0x8100" })).await;
    assert_eq!((refused.status, refused.code()), (400, "InvalidParameter"), "{refused:?}");

    // A circuit that goes out of service and comes back has the tag it had.
    daemon.post(&format!("{CIRCUIT}/deprovision"), &json!({})).await;
    daemon.post(&provision, &json!({})).await;
    let mut circuit = daemon.get(CIRCUIT).await.body;
    circuit["properties"]["stag"] = 9.into();
    let put = daemon.put(CIRCUIT, &circuit).await;
    assert_eq!((put.status, put.property("stag")), (200, &json!(20)), "{put:?}");
    let cleared = daemon.post(&provision, &json!({ "stag": 0 })).await;
    assert_eq!(cleared.body["properties"].get("stag"), None);
}
