use serde_json::{Map, Value, json};

use super::*;

fn parse(prefixes: &[&str], subnets: &[(&str, &str)]) -> Result<VirtualNetwork, InvalidField> {
    let subnets: Vec<Value> = subnets
        .iter()
        .map(|(name, prefix)| json!({ "name": name, "properties": { "addressPrefix": prefix } }))
        .collect();
    let body = json!({ "properties": {
        "addressSpace": { "addressPrefixes": prefixes },
        "subnets": subnets,
    }});
    let body: Map<String, Value> = body.as_object().unwrap().clone();
    VirtualNetwork::parse(&Fields::root(&body))
}

#[test]
fn subnets_are_found_whatever_the_case() {
    let network = parse(&["10.0.0.0/16"], &[("GatewaySubnet", "10.0.0.0/27")]).unwrap();
    assert_eq!(network.subnet("gatewaysubnet"), Some("10.0.0.0/27".parse().unwrap()));
}

#[test]
fn addresses_that_cannot_work_are_refused() {
    for (prefixes, subnets, expected) in [
        (&[][..], &[][..], "addressPrefixes is missing"),
        (&["10.0.0.0/16", "10.0.1.0/24"], &[], "overlaps 10.0.0.0/16 of the same VNet"),
        (&["10.0.0.0/16"], &[("a", "10.1.0.0/24")], "lies outside the VNet's address spaces"),
        (&["10.0.0.0/16"], &[("a", "10.0.0.0/24"), ("b", "10.0.0.128/25")], "overlaps subnet 'a'"),
        (&["10.0.0.0/16"], &[("a", "10.0.0.0/24"), ("A", "10.0.1.0/24")], "second subnet 'A'"),
        (&["10.0.0.0/16"], &[("GatewaySubnet", "10.0.0.0/29")], "too small for a gateway"),
    ] {
        let error = parse(prefixes, subnets).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_id_of_a_subnet_is_its_vnets_id_and_a_name() {
    let vnet = "/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/v";
    let id = SubnetId::split(&format!("{vnet}/Subnets/default")).unwrap();
    assert_eq!((id.network.name(), id.name.as_str()), ("v", "default"));
    for wrong in [vnet.to_owned(), format!("{vnet}/subnets/"), format!("{vnet}/peerings/default")] {
        assert_eq!(SubnetId::split(&wrong), None, "{wrong}");
    }
}
