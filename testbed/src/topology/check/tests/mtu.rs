//! MTUs: what MSEEs forward, what IPv6 needs, and one for each port.

use super::{tags::two, *};

/// A link to an MSEE of this MTU.
fn link(mtu: &str, what: &str, cure: &str) {
    let to = format!("mtu: {mtu}, impair: {{ delay: 500us }} }}");
    expect("impair: { delay: 500us } }", &to, what, mtu, cure);
}

/// A region of this MTU.
fn region(file: &str, mtu: &str, what: &str, cure: &str) {
    let to = format!("hub-region:    {{ mtu: {mtu},");
    expect_in(file, "hub-region:    {", &to, what, mtu, cure);
}

#[test]
fn longer_packets_than_are_forwarded_are_refused() {
    let cure = "write a whole number from 1280 to 9216, or leave `mtu:` out for 1500";
    let what = "an MTU of 9217 is more than the 9216 bytes of the longest packet that an MSEE \
                forwards";
    link("9217", what, cure);
    region(FASTPATH, "9217", what, cure);
    let vxlan = FASTPATH.replace("expressroute:\n", "expressroute:\n  fabric: vxlan\n");
    let what = "an MTU of 9175 is more than 9174 bytes: an MSEE's port has 9224 at most, and VXLAN \
                takes 50 of them";
    let cure = "write a whole number from 1280 to 9174, or leave `mtu:` out for 1500";
    region(&vxlan, "9175", what, cure);
    for (file, most) in [(FASTPATH, 9216), (&vxlan, 9174)] {
        let text = file.replace("{ delay: 35ms }", &format!("{{ delay: 35ms, mtu: {most} }}"));
        assert_ne!(text, file);
        assert!(plan(&parse(&text, "most").unwrap()).is_ok(), "{most}");
    }
}

#[test]
fn shorter_ones_than_ipv6_needs_are_refused() {
    let cure = "write a whole number from 1280 to 9216";
    let what = "an MTU of 1279 is less than the 1280 bytes that IPv6 needs";
    link("1279", what, cure);
    region(FASTPATH, "1279", what, cure);
}

#[test]
fn only_whole_numbers_are() {
    for text in ["9000.5", "jumbo", "-1", "9k"] {
        let to = format!("mtu: {text}, impair: {{ delay: 500us }} }}");
        let message = message("impair: { delay: 500us } }", &to);
        assert!(message.contains("here") && message.contains(text), "{message}");
    }
}

#[test]
fn a_port_has_one() {
    let what = "the link msee-a:eth1 has an MTU of 1500, and circuit `CONTOSO` one of 9000 there";
    let cure = "an MSEE's port has one MTU for all of its circuits: write `mtu: 9000` here";
    two("circuit: CONTOSO,", "circuit: CONTOSO, mtu: 9000,", what, "FABRIKAM", cure);
    let text =
        TWO_CUSTOMERS.replace("circuit: CONTOSO, impair", "circuit: CONTOSO, mtu: 9000, impair");
    let text = text.replace("circuit: FABRIKAM, impair", "circuit: FABRIKAM, mtu: 9000, impair");
    assert!(plan(&parse(&text, "two").unwrap()).is_ok());
}
