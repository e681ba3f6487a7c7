use super::*;

const CONNECTION: &str =
    "/subscriptions/lab-gateways/resourceGroups/FP/providers/Microsoft.Network/connections/conn1";

#[test]
fn ids_are_equal_whatever_their_case_and_keep_the_users_names() {
    let a: ResourceId = CONNECTION.parse().unwrap();
    let b: ResourceId = CONNECTION
        .replace("resourceGroups", "resourcegroups")
        .replace("Microsoft.Network/connections", "microsoft.network/CONNECTIONS")
        .parse()
        .unwrap();
    assert_eq!(a, b);
    assert_eq!(b.to_string(), CONNECTION);
    let shouted: ResourceId = CONNECTION.to_uppercase().parse().unwrap();
    assert_eq!(a, shouted);
    assert_eq!(shouted.name(), "CONN1");
}

#[test]
fn a_child_knows_its_parent() {
    let id: ResourceId = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network\
                          /expressRouteCircuits/C/peerings/AzurePrivatePeering"
        .parse()
        .unwrap();
    assert_eq!(id.kind(), ResourceType::CircuitPeering);
    assert_eq!(id.parent().unwrap().name(), "C");
    assert_eq!(
        id.type_and_name(),
        "Microsoft.Network/expressRouteCircuits/C/peerings/AzurePrivatePeering"
    );
}

#[test]
fn what_is_not_an_id_is_refused() {
    for (text, expected) in [
        ("conn1", "is not a resource id"),
        ("/subscriptions/s/resourceGroups/g/providers", "is not a resource id"),
        ("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/x", "is not a resource id"),
        ("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/x", "no resource type"),
        (
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/connections/a%20b",
            "cannot be the name",
        ),
        (
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/connections/",
            "cannot be the name",
        ),
    ] {
        let error = text.parse::<ResourceId>().unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
