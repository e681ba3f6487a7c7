use serde_json::json;

use super::*;

#[test]
fn values_print_as_the_api_has_them() {
    let resource = json!({"properties": {"bypass": true, "weight": 10, "state": "Succeeded"}});
    assert_eq!(text_at(&resource, "/properties/bypass"), "true");
    assert_eq!(text_at(&resource, "/properties/weight"), "10");
    assert_eq!(text_at(&resource, "/properties/state"), "Succeeded");
    assert_eq!(text_at(&resource, "/properties/missing"), "");
}

#[test]
fn a_reference_prints_as_the_name() {
    let resource = json!({"peer": {"id": "/subscriptions/s/x/CIRCUIT_EQUINIX"}});
    assert_eq!(reference(&resource, "/peer/id"), "CIRCUIT_EQUINIX");
}

#[test]
fn empty_values_make_no_line() {
    let text = lines(&[("name", "conn1".to_owned()), ("key", String::new())]);
    assert_eq!(text, "name: conn1\n");
}
