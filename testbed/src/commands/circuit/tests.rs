use super::*;

fn circuit(stag: &Value, vlan: u16) -> Value {
    json!({ "name": "CONTOSO", "properties": {
        "serviceProviderProvisioningState": "Provisioned",
        "serviceProviderProperties": { "serviceProviderName": "erlab", "bandwidthInMbps": 1000 },
        "stag": stag,
        "peerings": [{ "properties": { "vlanId": vlan, "erlabSourceValidation": true } }],
    }})
}

#[test]
fn both_tags_are_shown_and_none_is_nothing() {
    let tagged = circuit(&json!(20), 100);
    let text = details(&tagged);
    assert!(text.contains("vlanId: 100\nerlabSourceValidation: true\nstag: 20\n"), "{text}");
    let text = overview(&json!({ "value": [tagged] }));
    assert!(text.contains("CONTOSO  erlab     1000  20    100   Provisioned"), "{text}");
    let text = details(&circuit(&Value::Null, 0));
    assert!(!text.contains("vlanId") && !text.contains("stag"), "{text}");
}
