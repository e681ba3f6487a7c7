use super::*;

fn conn1() -> Value {
    json!({
        "name": "conn1",
        "properties": {
            "virtualNetworkGateway1": { "id": "/subscriptions/s/virtualNetworkGateways/ERGW1" },
            "peer": { "id": "/subscriptions/c/expressRouteCircuits/CIRCUIT_EQUINIX" },
            "authorizationKey": "secret",
            "connectionStatus": "Connected",
            "provisioningState": "Succeeded",
            "expressRouteGatewayBypass": true,
            "routingWeight": 0,
        }
    })
}

#[test]
fn the_switch_has_the_apis_name() {
    let text = details(&conn1());
    assert!(text.contains("\nexpressRouteGatewayBypass: true\n"), "{text}");
    assert!(text.contains("circuit: CIRCUIT_EQUINIX\n"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn the_overview_has_one_row_a_connection() {
    let text = overview(&json!({ "value": [conn1()] }));
    assert_eq!(
        text,
        "CONNECTION  GATEWAY  CIRCUIT          STATUS     EXPRESSROUTEGATEWAYBYPASS\n\
         conn1       ERGW1    CIRCUIT_EQUINIX  Connected  true\n"
    );
}
