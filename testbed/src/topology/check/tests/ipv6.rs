//! IPv6 of circuits, VNets, VMs and hosts.

use super::{tags::two, *};

#[test]
fn links_have_a_126_each_or_none() {
    let what = "`fd00:172:16:1::/64` is not a /126";
    let (from, to) = ("primary6: fd00:172:16:1::/126", "primary6: fd00:172:16:1::/64");
    two(from, to, what, "fd00:172:16:1::/64", "write a /126");
    let what = "`fd00:172:16:1::1/126` has host bits set";
    let to = "primary6: fd00:172:16:1::1/126";
    two(from, to, what, "fd00:172:16:1::1/126", "write fd00:172:16:1::/126");
    let what = "`fd00:172:16:1::/126` overlaps `fd00:172:16:1::/126` of the primary link";
    let (second, first) = ("secondary6: fd00:172:16:2::/126", "secondary6: fd00:172:16:1::/126");
    two(second, first, what, "fd00:172:16:1::/126", "choose prefixes");
    let what = "`fd00:172:16:1::/126` needs `secondary6` beside it";
    let cure = "write `secondary6:` in the circuit: both of its links have IPv6 or none";
    two(&format!(", {second}"), "", what, "fd00:172:16:1::/126", cure);
    let what = "`172.16.1.0/30` is not an IPv6 prefix such as fd00:254::/48";
    two(from, "primary6: 172.16.1.0/30", what, "172.16.1.0/30", "");
}

#[test]
fn vnets_have_room_and_gateways_a_64() {
    let what = "`fd00:255::/48` has host bits set";
    two(
        "cidr6: fd00:255::/48",
        "cidr6: fd00:255::1/48",
        &what.replace("::/", "::1/"),
        "fd00:255::1/48",
        "write fd00:255::/48",
    );
    let what = "`fd00:255::/72` is not a prefix of at most 64 bits, with room for a subnet";
    two("cidr6: fd00:255::/48", "cidr6: fd00:255::/72", what, "fd00:255::/72", "write a prefix");
    let what = "`fd00:255::/64` needs `cidr6` beside it";
    let cure = "write `cidr6:` in the VNet, or leave this out";
    two("cidr6: fd00:255::/48, ", "", what, "fd00:255::/64", cure);
    let what = "`fd00:255::/56` is not a /64, the only length of a subnet's IPv6 prefix in Azure";
    let (from, to) = ("gateway_subnet6: fd00:255::/64", "gateway_subnet6: fd00:255::/56");
    two(from, to, what, "fd00:255::/56", "write a /64");
    let what = "`fd00:254::/64` is not in the address space of VNet `contoso` `fd00:255::/48`";
    let to = "gateway_subnet6: fd00:254::/64";
    two(from, to, what, "fd00:254::/64", "choose one inside fd00:255::/48");
    // Only what meets must be distinct; IPv6 alone may be what overlaps.
    let apart = TWO_CUSTOMERS.replace(
        "contoso:\n      { region: region, cidr: 10.255",
        "contoso:\n      { region: region, cidr: 10.254",
    );
    let apart = apart.replace("gateway_subnet: 10.255.0.0/27, cidr6: fd00:255::/48, gateway_subnet6: fd00:255::/64,\n        gateway: { name: ERGW-CONTOSO", "gateway_subnet: 10.254.0.0/27, cidr6: fd00:255::/48, gateway_subnet6: fd00:255::/64,\n        gateway: { name: ERGW-CONTOSO");
    let apart = apart.replace("contoso-vm:  [10.255.10.4", "contoso-vm:  [10.254.10.4");
    let what = "`fd00:255::/48` overlaps `fd00:255::/48` of VNet `contoso`";
    let peering = "  peerings: [{ hub: contoso, spoke: fabrikam }]\n  connections:";
    expect_in(&apart, "  connections:", peering, what, "fd00:255::/48", "choose prefixes");
}

#[test]
fn vms_have_ipv4_and_ipv6_of_their_own() {
    let from = "contoso-vm:  [10.255.10.4, fd00:255:0:10::4]";
    let vm = |addresses: &str| format!("contoso-vm: {addresses}");
    let what = "`fd00:254::4` is not in the address space of VNet `contoso` `fd00:255::/48`";
    let to = vm("[10.255.10.4, fd00:254::4]");
    two(from, &to, what, "fd00:254::4", "choose one inside fd00:255::/48");
    let what = "`fd00:255::9` belongs to the GatewaySubnet already";
    two(from, &vm("[10.255.10.4, fd00:255::9]"), what, "fd00:255::9", "choose another address");
    let what = "`fd00:255:0:10::4` belongs to `contoso-vm` already";
    let to = format!("{from}, other: [10.255.10.5, fd00:255:0:10::4]");
    let message = message_in(TWO_CUSTOMERS, from, &to);
    assert!(message.contains(what), "{message}");
    for (addresses, what) in [
        ("fd00:255:0:10::4", "`fd00:255:0:10::4` is not an IPv4 address such as 10.254.10.4"),
        ("[fd00:255:0:10::4]", "a VM has an IPv4 address"),
        ("[10.255.10.4, 10.255.10.5]", "`10.255.10.5` is a second address of its family"),
        ("[10.255.10.4, hub]", "`hub` is not an address"),
    ] {
        let message = message_in(TWO_CUSTOMERS, from, &vm(addresses));
        assert!(message.contains(&format!("× {what}\n")), "{message}");
        assert!(message.contains("vms: { contoso-vm:"), "{message}");
    }
    // A VNet without IPv6 has no VM with it.
    let bare = TWO_CUSTOMERS.replace("cidr6: fd00:255::/48, gateway_subnet6: fd00:255::/64,", "");
    let Err(error) = plan(&parse(&bare, "two").unwrap()) else { panic!("it planned") };
    assert_eq!(error.to_string(), "`fd00:255:0:10::4` needs `cidr6` beside it");
}

#[test]
fn hosts_leave_the_first_address_to_their_edge() {
    let from = "ipv6: fd00:10:10:10::4/64";
    let what = "`fd00:10:10:10::1` belongs to the customer edge (the first of the subnet) already";
    let to = "ipv6: fd00:10:10:10::1/64";
    two(from, to, what, "fd00:10:10:10::1/64", "choose another address");
    let what = "`fd00:10:10:10::4/127` is not a prefix of at most 126 bits, with room for the \
                customer edge";
    let to = "ipv6: fd00:10:10:10::4/127";
    two(from, to, what, "fd00:10:10:10::4/127", "write a prefix of at most 126 bits");
    let what = "a node of kind `onprem` has no `ipv6`";
    let to = "contoso-ce:  { kind: onprem, ipv6: fd00::1/64,";
    two("contoso-ce:  { kind: onprem,", to, what, "fd00::1/64", "remove `ipv6:`");
}
