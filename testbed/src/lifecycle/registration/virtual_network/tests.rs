use super::*;
use crate::topology::{Entries, Located, Prefix, VmAddresses};

fn located<T>(value: T) -> Located<T> {
    Located { value, span: crate::topology::Span::default() }
}

fn vnet(cidr: &str, gateway: Option<&str>, vms: &[&str]) -> Vnet {
    let prefix = |text: &str| located(text.parse::<Prefix>().unwrap());
    let vm = |text: &&str| {
        let (ipv4, ipv6) = text.split_once(' ').map_or((*text, None), |(a, b)| (a, Some(b)));
        let ipv6 = ipv6.map(|address| located(address.parse().unwrap()));
        let addresses = VmAddresses { ipv4: ipv4.parse().unwrap(), ipv6 };
        (located((*text).to_owned()), located(addresses))
    };
    Vnet {
        region: located("region".to_owned()),
        cidr: prefix(cidr),
        cidr6: None,
        gateway_subnet6: None,
        gateway_subnet: gateway.map(prefix),
        gateway: None,
        vms: Entries(vms.iter().map(vm).collect()),
    }
}

fn subnets(vnet: &Vnet) -> Vec<(String, String)> {
    let all = vm_subnets(vnet).into_iter();
    all.map(|subnet| (subnet.name, subnet.prefix.to_string())).collect()
}

fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, prefix)| ((*name).to_owned(), (*prefix).to_owned())).collect()
}

#[test]
fn vms_in_one_24_share_the_default_subnet() {
    let vnet = vnet("10.255.0.0/16", Some("10.255.0.0/27"), &["10.255.10.4", "10.255.10.5"]);
    assert_eq!(subnets(&vnet), expected(&[("default", "10.255.10.0/24")]));
    let vm = "10.255.10.5".parse().unwrap();
    assert_eq!(subnet_of(&vnet, vm).unwrap().name, "default");
}

#[test]
fn a_vm_elsewhere_gets_a_subnet_of_its_own() {
    let vnet = vnet("10.255.0.0/16", None, &["10.255.10.4", "10.255.20.4"]);
    let subnets = subnets(&vnet);
    assert_eq!(
        subnets,
        expected(&[("default", "10.255.10.0/24"), ("default-2", "10.255.20.0/24")])
    );
}

#[test]
fn a_subnet_stays_inside_the_vnet_and_outside_the_gateway_subnet() {
    let vnet = vnet("10.0.0.0/24", Some("10.0.0.0/27"), &["10.0.0.36", "10.0.0.200"]);
    let subnets = subnets(&vnet);
    assert_eq!(subnets, expected(&[("default", "10.0.0.32/27"), ("default-2", "10.0.0.128/25")]));
}

#[test]
fn a_small_vnet_is_one_subnet() {
    let vnet = vnet("10.0.0.0/28", None, &["10.0.0.4"]);
    assert_eq!(subnets(&vnet), expected(&[("default", "10.0.0.0/28")]));
}

#[test]
fn a_subnets_ipv6_prefix_is_around_its_first_ipv6_address() {
    let vms = ["10.0.10.4", "10.0.10.5 fd00:0:0:10::5", "10.0.10.6 fd00:0:0:10::6", "10.0.20.4"];
    let subnets = vm_subnets(&vnet("10.0.0.0/16", None, &vms));
    let prefixes = subnets.iter().map(|subnet| {
        let ipv6 = subnet.prefix6.map(|prefix| prefix.to_string());
        format!("{} {} {}", subnet.name, subnet.prefix, ipv6.unwrap_or_default())
    });
    assert_eq!(
        prefixes.collect::<Vec<_>>(),
        ["default 10.0.10.0/24 fd00:0:0:10::/64", "default-2 10.0.20.0/24 "]
    );
}
