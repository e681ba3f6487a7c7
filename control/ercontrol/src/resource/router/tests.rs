use serde_json::json;

use super::*;

const NETWORK: &str =
    "/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/virtualNetworks";

/// Parses a router with one fabric port.
#[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
fn parse(port: serde_json::Value) -> Result<Router, InvalidField> {
    let body = json!({ "properties": { "path": "primary", "fabricPorts": [port] } });
    Router::parse(&Fields::root(body.as_object().unwrap()))
}

fn network(name: &str, vni: impl Into<Option<u32>>) -> serde_json::Value {
    json!({ "id": format!("{NETWORK}/{name}"), "vni": vni.into() })
}

#[test]
fn a_vxlan_port_has_an_endpoint_and_an_identifier_for_each_vnet() {
    let router = parse(json!({
        "interface": "eth2",
        "vxlan": { "address": "100.64.0.1/16" },
        "virtualNetworks": [network("hub", 5001), network("spoke", 16_777_215)],
    }));
    let port = router.unwrap().fabric_ports.remove(0);
    let vxlan = port.vxlan.unwrap();
    assert_eq!(vxlan.address, "100.64.0.1/16".parse().unwrap());
    assert_eq!(vxlan.vnis.values().collect::<Vec<_>>(), [&5001, &16_777_215]);
}

#[test]
fn what_does_not_fit_is_named_with_its_cure() {
    let vxlan = |address: &str, networks: Vec<serde_json::Value>| json!({ "interface": "eth2", "vxlan": { "address": address }, "virtualNetworks": networks });
    let plain = json!({ "interface": "eth2", "virtualNetworks": [network("hub", 5001)] });
    let hub = || vec![network("hub", 5001)];
    for (port, message) in [
        (plain, "virtualNetworks[0].vni has no meaning on a plain fabric"),
        (vxlan("100.64.0.1/16", vec![network("hub", None)]), "virtualNetworks[0].vni is missing"),
        (vxlan("100.64.0.1/16", vec![network("hub", 0)]), "from 1 to 16777215"),
        (vxlan("100.64.0.1/16", vec![network("hub", 1 << 24)]), "from 1 to 16777215"),
        (
            vxlan("100.64.0.1/16", vec![network("hub", 7), network("spoke", 7)]),
            "virtualNetworks[1].vni is another VNet's too",
        ),
        (vxlan("100.64.0.0/16", hub()), "vxlan.address (100.64.0.0/16) is no host's"),
        (vxlan("100.64.255.255/16", hub()), "(100.64.255.255/16) is no host's"),
        (vxlan("100.64.0.1", hub()), "(100.64.0.1/32) is no host's"),
        (json!({ "interface": "eth2", "vxlan": {} }), "vxlan.address is missing"),
    ] {
        let error = parse(port).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}
