use super::*;

const GROUP: &str = "/subscriptions/S/resourceGroups/G";

#[test]
fn a_path_is_a_resource_a_collection_or_an_action() {
    let network = format!("{GROUP}/providers/Microsoft.Network");
    let circuit = format!("{network}/expressRouteCircuits/C");
    let id: ResourceId = circuit.parse().unwrap();
    let collection =
        |kind, prefix: &str| Target::Collection { kind, prefix: prefix.to_ascii_lowercase() };
    for (path, expected) in [
        ("/erlab/status".to_owned(), Target::Status),
        (circuit.clone(), Target::Resource(id.clone())),
        (circuit.to_lowercase(), Target::Resource(id.clone())),
        (format!("{circuit}/provision"), Target::Action { id, action: "provision".to_owned() }),
        (
            format!("{network}/connections/"),
            collection(ResourceType::Connection, &format!("{GROUP}/")),
        ),
        (
            "/subscriptions/S/providers/microsoft.network/connections".to_owned(),
            collection(ResourceType::Connection, "/subscriptions/S/"),
        ),
        (
            format!("{circuit}/authorizations"),
            collection(ResourceType::CircuitAuthorization, &format!("{circuit}/")),
        ),
        (
            "/subscriptions/S/resourcegroups".to_owned(),
            collection(ResourceType::ResourceGroup, "/subscriptions/S/resourceGroups/"),
        ),
    ] {
        assert_eq!(parse(&path), Ok(expected), "{path}");
    }
}

#[test]
fn anything_else_is_refused() {
    for path in ["/", "", "/subscriptions/S", "/erlab", "/subscriptions/S/providers/Nobody/things"]
    {
        assert_eq!(parse(path).unwrap_err().code, Code::InvalidResourceId, "{path}");
    }
}
