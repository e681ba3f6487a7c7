use std::net::Ipv4Addr;

use super::*;

#[test]
fn mac_addresses_read_back_what_they_print() {
    let mac: MacAddress = "02:00:0a:ff:0A:04".parse().unwrap();
    assert_eq!(mac.to_string(), "02:00:0a:ff:0a:04");
    assert!("02:00:0a:ff:0a".parse::<MacAddress>().is_err());
    assert!("02:00:0a:ff:0a:04:05".parse::<MacAddress>().is_err());
    assert!("2:00:0a:ff:0a:04".parse::<MacAddress>().is_err());
}

#[test]
fn a_state_survives_its_json() {
    let route = Route {
        adjacency: Adjacency::Gateway {
            port: "eth2".to_owned(),
            gateway: "ERGW1".to_owned(),
            connection: "conn1".to_owned(),
            instances: vec![GatewayNextHop {
                address: Ipv4Addr::new(10, 255, 0, 12),
                mac: Some(MacAddress([2, 0, 0, 0, 0, 12])),
                tunnel: None,
            }],
        },
        why: "spoke prefix: not in FastPath".to_owned(),
    };
    let mut msee = MseeState::default();
    let vrf = Vrf { routes: [("10.254.0.0/16".parse().unwrap(), route)].into() };
    msee.vrfs.insert("CIRCUIT_EQUINIX".to_owned(), vrf);
    let state = State::Msee(msee);
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
}

#[test]
fn a_fabric_is_plain_where_nothing_is_said_of_vxlan() {
    let plain: FabricPort = serde_json::from_str(r#"{"vnets":{}}"#).unwrap();
    assert_eq!(plain, FabricPort::default());
    let text = r#"{"vnets":{},"vxlan":{"address":"192.0.2.1/24","hosts":{"host-vm":{"address":"192.0.2.11","mac":null}}}}"#;
    let vxlan: FabricPort = serde_json::from_str(text).unwrap();
    let hosts = &vxlan.vxlan.as_ref().unwrap().hosts;
    assert_eq!(hosts["host-vm"].address, Ipv4Addr::new(192, 0, 2, 11));
    assert_eq!(serde_json::to_string(&vxlan).unwrap(), text);
}

#[test]
fn tags_read_as_in_a_file() {
    for (text, tags, name) in [
        ("\"untagged\"", Tags::Untagged, "eth1"),
        ("{\"dot1q\":{\"vlan\":100}}", Tags::Dot1q { vlan: 100 }, "eth1.100"),
        (
            "{\"qinq\":{\"service\":20,\"customer\":100,\"ethertype\":\"0x88a8\"}}",
            Tags::Qinq { service: 20, customer: 100, ethertype: ServiceEthertype::Dot1ad },
            "eth1.20.100",
        ),
    ] {
        assert_eq!(serde_json::from_str::<Tags>(text).unwrap(), tags);
        assert_eq!(serde_json::to_string(&tags).unwrap(), text);
        assert_eq!(format!("eth1{tags}"), name);
    }
}

#[test]
fn ethertypes_read_back_what_they_print() {
    for (text, ethertype) in
        [("0x8100", ServiceEthertype::Dot1q), ("0x88a8", ServiceEthertype::Dot1ad)]
    {
        assert_eq!(text.parse(), Ok(ethertype));
        assert_eq!(ethertype.to_string(), text);
        assert_eq!(serde_json::to_value(ethertype).unwrap(), text);
    }
    assert_eq!("0x88A8".parse(), Ok(ServiceEthertype::Dot1ad));
    assert_eq!("0x9100".parse::<ServiceEthertype>(), Err(ServiceEthertypeError));
}
