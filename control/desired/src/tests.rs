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
                mac: MacAddress([2, 0, 0, 0, 0, 12]),
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
