//! VLAN tags of circuits, and VNets that may be equal.

use super::*;

/// As `expect`, in the lab of two customers.
pub(super) fn two(from: &str, to: &str, what: &str, marked: &str, cure: &str) {
    expect_in(TWO_CUSTOMERS, from, to, what, marked, cure);
}

#[test]
fn numbers_and_types() {
    let cure = "write a number from 1 to 4094; leave the key out for no tag";
    two("vlan: 100", "vlan: 4095", "4095 is not a VLAN", "4095", cure);
    two("vlan: 200, stag: 20", "vlan: 200, stag: 0", "0 is not a VLAN", "0", cure);
    let cure = "did you mean `0x8100`?";
    two("0x88a8", "0x9100", "unknown value `0x9100`", "0x9100", cure);
    let what = "circuit `FABRIKAM` has an S-tag and no VLAN inside it";
    two("vlan: 200, stag: 20", "stag: 20", what, "20", "write `vlan:` too");
    let what = "circuit `CONTOSO` has the EtherType of an S-tag and no S-tag";
    two("stag: 20, stag_ethertype", "stag_ethertype", what, "0x88a8", "write `stag:` too");
}

#[test]
fn tags_need_wires() {
    let what = "circuit `CONTOSO` is tagged, and the lab has no wires to push and pop its tags";
    let cure = "labs use no VLAN devices";
    two("ecmp: flow", "wires: off", what, "100", cure);
}

#[test]
fn circuits_on_one_port_are_told_apart() {
    let what = "the link msee-a:eth1.20.100 is circuit `CONTOSO` already";
    let cure = "give one of them another `vlan:` or `stag:`, or an interface of its own";
    two("vlan: 200", "vlan: 100", what, "FABRIKAM", cure);
    let what = "circuit `FABRIKAM` is untagged and shares msee-a:eth1 with `CONTOSO`";
    let cure = "give `FABRIKAM` a `vlan:`, or an interface of its own";
    two(", vlan: 200, stag: 20 }", " }", what, "FABRIKAM", cure);
    // The untagged one may be the first of the file.
    let what = "circuit `CONTOSO` is untagged and shares msee-a:eth1 with `FABRIKAM`";
    two(
        ", vlan: 100, stag: 20, stag_ethertype: 0x88a8 }",
        " }",
        what,
        "FABRIKAM",
        "give `CONTOSO`",
    );
    // A customer edge's interface is nobody else's.
    let what = "the interface `contoso-ce:eth2` is used by another link already";
    two("fabrikam-ce:eth2", "contoso-ce:eth2", what, "\"contoso-ce:eth2\"", "give each link");
    for other in ["vlan: 200, stag: 21", "vlan: 200", "vlan: 100, stag: 21"] {
        let text = TWO_CUSTOMERS.replace("vlan: 200, stag: 20", other);
        assert!(plan(&parse(&text, "two").unwrap()).is_ok(), "{other}");
    }
}

#[test]
fn only_vnets_that_meet_need_addresses_of_their_own() {
    assert!(plan(&parse(TWO_CUSTOMERS, "two").unwrap()).is_ok());
    let what = "`10.255.0.0/16` overlaps `10.255.0.0/16` of VNet `contoso`";
    let (from, to) = ("circuit: FABRIKAM }\n\n", "circuit: CONTOSO }\n\n");
    two(from, to, what, "10.255.0.0/16", "choose prefixes that do not overlap");
    let peerings = "  peerings: [{ hub: contoso, spoke: fabrikam }]\n  connections:";
    two("  connections:", peerings, what, "10.255.0.0/16", "choose prefixes that do not overlap");
    // Two spokes of one hub are not peered with each other, but are on one fabric.
    let spokes = "    hub:   { region: region, cidr: 10.1.0.0/16 }
  peerings: [{ hub: hub, spoke: contoso }, { hub: hub, spoke: fabrikam }]
  connections:";
    two("  connections:", spokes, what, "10.255.0.0/16", "choose prefixes that do not overlap");
}
