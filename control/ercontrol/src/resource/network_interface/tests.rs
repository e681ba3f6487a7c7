use serde_json::{Value, json};

use super::*;

const VNET: &str =
    "/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/v";

fn address(version: Option<&str>, address: &str, subnet: &str) -> Value {
    json!({ "properties": {
        "privateIPAddressVersion": version,
        "privateIPAddress": address,
        "subnet": { "id": format!("{VNET}/subnets/{subnet}") },
    }})
}

fn parse(configurations: &[Value]) -> Result<NetworkInterface, InvalidField> {
    let body = json!({ "properties": { "ipConfigurations": configurations } });
    NetworkInterface::parse(&Fields::root(body.as_object().unwrap()))
}

#[test]
fn the_families_stand_in_any_order() {
    let ipv4 = address(None, "10.0.0.4", "Default");
    let ipv6 = address(Some("ipv6"), "fd00::4", "default");
    for configurations in [[ipv4.clone(), ipv6.clone()], [ipv6, ipv4.clone()]] {
        let nic = parse(&configurations).unwrap();
        let addresses: Vec<String> = nic.addresses().map(|address| address.to_string()).collect();
        assert_eq!(addresses, ["10.0.0.4", "fd00::4"]);
    }
    assert_eq!(parse(&[ipv4]).unwrap().address_ipv6, None);
}

#[test]
fn what_cannot_be_a_vms_addresses_is_refused() {
    let ipv4 = || address(Some("IPv4"), "10.0.0.4", "default");
    for (configurations, expected) in [
        (vec![], "properties.ipConfigurations is missing"),
        (
            vec![address(Some("IPv6"), "fd00::4", "default")],
            "properties.ipConfigurations has no IPv4 address",
        ),
        (
            vec![ipv4(), address(None, "10.0.0.5", "default")],
            "properties.ipConfigurations[1] is a second address of its family",
        ),
        (
            vec![ipv4(), address(Some("IPv6"), "10.0.0.5", "default")],
            "properties.ipConfigurations[1].properties.privateIPAddress is not an IPv6 address",
        ),
        (
            vec![ipv4(), address(Some("IPv5"), "fd00::4", "default")],
            "properties.ipConfigurations[1].properties.privateIPAddressVersion is neither",
        ),
        (
            vec![ipv4(), address(Some("IPv6"), "fd00::4", "other")],
            "properties.ipConfigurations are in two subnets",
        ),
    ] {
        let error = parse(&configurations).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
