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
    let subnet = network.subnet("gatewaysubnet").unwrap();
    assert_eq!(subnet, Subnet { ipv4: "10.0.0.0/27".parse().unwrap(), ipv6: None });
}

fn dual(spaces: &[&str], subnet: &[&str]) -> Result<VirtualNetwork, InvalidField> {
    let body = json!({ "properties": {
        "addressSpace": { "addressPrefixes": spaces },
        "subnets": [{ "name": "a", "properties": { "addressPrefixes": subnet } }],
    }});
    VirtualNetwork::parse(&Fields::root(body.as_object().unwrap()))
}

#[test]
fn a_subnet_may_have_a_prefix_of_each_family() {
    let spaces = ["fd00:10::/48", "10.0.0.0/16"];
    for prefixes in [["10.0.1.0/24", "fd00:10:0:1::/64"], ["fd00:10:0:1::/64", "10.0.1.0/24"]] {
        let network = dual(&spaces, &prefixes).unwrap();
        let subnet = network.subnet("a").unwrap();
        let found: Vec<String> = subnet.prefixes().map(|prefix| prefix.to_string()).collect();
        assert_eq!(found, ["10.0.1.0/24", "fd00:10:0:1::/64"]);
        let found: Vec<String> = network.prefixes.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.0.0.0/16", "fd00:10::/48"]);
    }
    for (spaces, subnet, expected) in [
        (&["fd00:10::/48"][..], &[][..], "addressPrefixes has no IPv4 prefix"),
        (&spaces, &["fd00:10::/64"], "addressPrefix is missing"),
        (&spaces, &["10.0.1.0/24", "10.0.2.0/24"], "is a second prefix of its family"),
        (&spaces, &["10.0.1.0/24", "fd00:11::/64"], "(fd00:11::/64) lies outside the VNet"),
        (&spaces, &["10.0.1.0/24", "fd00:10::/80"], "has fd00:10::/80, which is not a /64"),
        (&["10.0.0.0/16", "fd00::/16", "fd00:1::/48"], &[], "overlaps fd00::/16 of the same VNet"),
    ] {
        let error = dual(spaces, subnet).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
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
