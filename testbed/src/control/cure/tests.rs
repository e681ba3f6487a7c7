use super::*;

const CONN1: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/connections/conn1";

#[test]
fn a_cure_is_made_of_the_names_that_are_known() {
    let known = Subject { circuit: Some("CIRCUIT_EQUINIX"), ..Subject::default() };
    let known = known.or(Subject::of_target(CONN1));
    let cure = |code| cure(code, known).unwrap();
    assert_eq!(
        cure("AuthorizationKeyRequired"),
        "`erlab authorization create conn1-auth --circuit CIRCUIT_EQUINIX` makes a key; pass it with \
         --authorization-key"
    );
    assert_eq!(
        cure("CircuitNotProvisioned"),
        "`erlab circuit provision CIRCUIT_EQUINIX` does the provider's part"
    );
}

#[test]
fn names_that_are_not_known_are_capitals() {
    let cure = cure("AuthorizationKeyInUse", Subject::default()).unwrap();
    assert!(cure.contains("create NAME --circuit CIRCUIT"), "{cure}");
    assert!(cure.contains("connection delete NAME"), "{cure}");
}

#[test]
fn a_target_names_what_its_id_goes_through() {
    assert_eq!(Subject::of_target(CONN1).connection, Some("conn1"));
    let authorization = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/\
                         expressRouteCircuits/C/authorizations/a1";
    let subject = Subject::of_target(authorization);
    assert_eq!(subject, Subject { circuit: Some("C"), ..Subject::default() });
    assert_eq!(Subject::of_target("properties.sku"), Subject::default());
}

#[test]
fn other_codes_have_no_cure_of_ours() {
    assert_eq!(cure("InternalServerError", Subject::default()), None);
}
