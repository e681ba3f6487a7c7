//! The lab's story over HTTP, seen from dataplanes.

use desired::State;
use serde_json::json;
use southbound::DataplaneKind;

use crate::support::{CIRCUIT, Daemon, NETWORK};

const HUB_VM: &str = "10.255.10.4/32";
const HUB: &str = "10.255.0.0/16";
const SPOKE: &str = "10.254.0.0/16";
const REMOTE: &str = "10.253.0.0/16";

#[tokio::test]
async fn the_lab_from_conn2_to_deprovisioning() {
    let daemon = Daemon::start_with_lab().await;
    let msee = daemon.dataplane(DataplaneKind::Msee, "msee-a").await;
    let mut ergw = daemon.dataplane(DataplaneKind::Ergw, "ERGW1").await;
    let mut host = daemon.dataplane(DataplaneKind::Host, "agent").await;
    let _others = daemon.dataplanes_but(&["msee-a", "ERGW1"]).await;
    let ways = |msee: &crate::support::Dataplane| {
        [REMOTE, HUB, HUB_VM, SPOKE].map(|prefix| msee.way(prefix))
    };
    assert_eq!(ways(&msee), ["none"; 4]);
    assert_eq!(msee.way("10.10.0.0/16"), "ce");

    let key2 = daemon.authorize("for-conn2").await;
    let answer = daemon.connect("conn2", "ERGW2", &json!({ "authorizationKey": key2 })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.property("connectionStatus"), "Connected");
    assert_eq!(answer.property("provisioningState"), "Succeeded");
    assert_eq!(ways(&msee), ["gateway", "none", "none", "none"], "the answer came too early");

    let key1 = daemon.authorize("for-conn1").await;
    let fastpath = json!({ "authorizationKey": key1, "expressRouteGatewayBypass": true });
    let answer = daemon.connect("conn1", "ERGW1", &fastpath).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.property("expressRouteGatewayBypass"), true);
    assert_eq!(ways(&msee), ["gateway", "gateway", "direct", "gateway"]);
    let (_, state) =
        host.wait_for(|_, state| matches!(state, State::Host(host) if host.nics.len() == 3)).await;
    let State::Host(state) = state else { unreachable!() };
    let next_hops = &state.nics["remote-vm"].routes[&HUB.parse().unwrap()];
    assert_eq!(
        next_hops.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["10.253.0.4", "10.253.0.5"]
    );

    // conn1 is deleted and made again without FastPath, then FastPath is switched on live.
    let conn1 = format!("{NETWORK}/connections/conn1");
    assert_eq!(daemon.delete(&conn1).await.status, 200);
    assert_eq!(ways(&msee), ["gateway", "none", "none", "none"]);
    let states_of_gateway = ergw.count();
    daemon.connect("conn1", "ERGW1", &json!({ "authorizationKey": key1 })).await;
    assert_eq!(ways(&msee), ["gateway", "gateway", "none", "gateway"]);
    let answer =
        daemon.connect("conn1", "ERGW1", &json!({ "expressRouteGatewayBypass": true })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(ways(&msee), ["gateway", "gateway", "direct", "gateway"]);
    assert_eq!(ergw.count(), states_of_gateway, "a gateway has nothing to do with a flip");

    let gateway = format!("{NETWORK}/virtualNetworkGateways/ERGW1");
    let answer = daemon.post(&format!("{gateway}/failInstance"), &json!({ "instance": 0 })).await;
    assert_eq!(answer.property("instances")[0]["state"], "failed");
    assert_eq!(answer.property("instances")[1]["address"], "10.255.0.13");
    assert_eq!(msee.way(HUB_VM), "direct");
    ergw.wait_for(|_, state| matches!(state, State::Ergw(gateway) if gateway.endpoints.len() == 2))
        .await;
    daemon.post(&format!("{gateway}/failInstance"), &json!({})).await;
    assert_eq!(ways(&msee), ["gateway", "none", "none", "none"]);
    assert_eq!(daemon.get(&conn1).await.property("connectionStatus"), "NotConnected");
    daemon.post(&format!("{gateway}/RestoreInstance"), &json!({})).await;
    assert_eq!(ways(&msee), ["gateway", "gateway", "direct", "gateway"]);

    let answer = daemon.post(&format!("{CIRCUIT}/deprovision"), &json!({})).await;
    assert_eq!(answer.property("serviceProviderProvisioningState"), "NotProvisioned");
    assert!(msee.msee().vrfs.is_empty());
    daemon.post(&format!("{CIRCUIT}/provision"), &json!({})).await;
    assert_eq!(ways(&msee), ["gateway", "gateway", "direct", "gateway"]);
}

#[tokio::test]
async fn effective_routes_are_azures_rows() {
    let daemon = Daemon::start_with_lab().await;
    let key = daemon.authorize("a1").await;
    daemon.connect("conn1", "ERGW1", &json!({ "authorizationKey": key })).await;
    let path = format!("{NETWORK}/networkInterfaces/spoke-vm/effectiveRouteTable");
    let answer = daemon.post(&path, &json!({})).await;
    let rows: Vec<String> = answer.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
            [
                &row["source"],
                &row["addressPrefix"][0],
                &row["nextHopType"],
                &row["nextHopIpAddress"][0],
            ]
            .map(text)
            .join(" ")
        })
        .collect();
    let learned = |prefix: &str, last: u8| {
        format!("VirtualNetworkGateway {prefix} VirtualNetworkGateway 10.255.0.{last}")
    };
    let mut expected =
        vec![format!("Default {SPOKE} VnetLocal -"), format!("Default {HUB} VNetPeering -")];
    for prefix in ["10.10.0.0/16", "172.16.1.0/30", "172.16.2.0/30"] {
        expected.extend([learned(prefix, 4), learned(prefix, 5)]);
    }
    assert_eq!(rows, expected);
}
