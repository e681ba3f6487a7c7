//! The life of an authorization key, and where it must never be seen.

use serde_json::{Value, json};

use crate::support::{CIRCUIT, Daemon, NETWORK};

#[tokio::test]
async fn a_key_is_for_one_connection_and_free_again_afterwards() {
    let daemon = Daemon::start_with_lab().await;
    let key = daemon.authorize("a1").await;
    assert_eq!(uuid::Uuid::parse_str(&key).unwrap().get_version_num(), 4);
    let authorization = format!("{CIRCUIT}/authorizations/a1");
    let connection = format!("{NETWORK}/connections/conn1");

    assert_eq!(daemon.get(&authorization).await.property("authorizationUseStatus"), "Available");
    daemon.connect("conn1", "ERGW1", &json!({ "authorizationKey": key })).await;
    let used = daemon.get(&authorization).await;
    assert_eq!(used.property("authorizationUseStatus"), "InUse");
    assert_eq!(used.property("connectionResourceUri"), connection.as_str());

    let second = daemon.connect("conn2", "ERGW2", &json!({ "authorizationKey": key })).await;
    assert_eq!((second.status, second.code()), (409, "AuthorizationKeyInUse"));
    let revoked = daemon.delete(&authorization).await;
    assert_eq!(revoked.code(), "InUseResourceCannotBeDeleted");

    assert_eq!(daemon.delete(&connection).await.status, 200);
    assert_eq!(daemon.get(&authorization).await.property("authorizationUseStatus"), "Available");
    let second = daemon.connect("conn2", "ERGW2", &json!({ "authorizationKey": key })).await;
    assert_eq!(second.status, 201, "{second:?}");
}

#[tokio::test]
async fn a_connection_hides_its_key_and_keeps_it_when_it_is_not_repeated() {
    let daemon = Daemon::start_with_lab().await;
    let key = daemon.authorize("a1").await;
    let made = daemon.connect("conn1", "ERGW1", &json!({ "authorizationKey": key })).await;
    assert_eq!(made.status, 201);
    let connection = format!("{NETWORK}/connections/conn1");
    let shown = daemon.get(&connection).await;
    let listed = daemon.get(&format!("{NETWORK}/connections")).await;
    for answer in [&made, &shown, &listed] {
        assert!(!answer.body.to_string().contains(&key), "{answer:?}");
    }

    // What `az network vpn-connection update` does: send back what GET gave, one value changed.
    let mut body: Value = shown.body.clone();
    body["properties"]["expressRouteGatewayBypass"] = true.into();
    let updated = daemon.put(&connection, &body).await;
    assert_eq!(updated.status, 200, "{updated:?}");
    assert_eq!(updated.property("expressRouteGatewayBypass"), true);
    let authorization = daemon.get(&format!("{CIRCUIT}/authorizations/a1")).await;
    assert_eq!(authorization.property("authorizationUseStatus"), "InUse");

    let again = daemon.put(&format!("{CIRCUIT}/authorizations/a1"), &json!({})).await;
    assert_eq!((again.status, again.property("authorizationKey")), (200, &json!(key)));
    let listed = daemon.post(&format!("{CIRCUIT}/authorizations/a1/listKeys"), &json!({})).await;
    assert_eq!(listed.body, json!({ "authorizationKey": key }));
}

#[tokio::test]
async fn no_key_is_ever_logged() {
    let mut daemon = Daemon::start_with_lab().await;
    let key = daemon.authorize("a1").await;
    let wrong = uuid::Uuid::new_v4().to_string();
    let circuit = daemon.get(CIRCUIT).await;
    let service_key = circuit.property("serviceKey").as_str().unwrap().to_owned();
    for (name, key) in [("conn1", json!(wrong)), ("conn1", json!(key)), ("conn2", json!(key))] {
        let gateway = if name == "conn1" { "ERGW1" } else { "ERGW2" };
        daemon.connect(name, gateway, &json!({ "authorizationKey": key })).await;
    }
    let nonsense = json!({ "authorizationKey": [key], "routingWeight": key });
    daemon.connect("conn1", "ERGW1", &nonsense).await;
    daemon.post(&format!("{CIRCUIT}/authorizations/a1/listKeys"), &json!({})).await;
    daemon.get(&format!("{CIRCUIT}/authorizations/a1?key={key}")).await;
    let text = json!(format!("{{ \"properties\": \"{key}\", "));
    daemon.put(&format!("{NETWORK}/connections/conn1"), &text).await;
    daemon.kill_and_restart().await;
    let log = daemon.log();
    assert!(log.contains("/authorizations/a1/listKeys"), "the log is not the right one: {log}");
    for secret in [key, wrong, service_key] {
        assert!(!log.to_lowercase().contains(&secret), "a key is in the log");
    }
}
