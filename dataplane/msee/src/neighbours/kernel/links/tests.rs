use std::net::Ipv4Addr;

use abi::image::UNTAGGED;

use super::*;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(172, 16, 1, 1));

#[test]
fn two_links_with_the_same_addresses_are_told_apart() {
    let port = |inner| PortKey { ifindex: 4, outer: UNTAGGED, inner };
    let mut links = Links::default();
    for (near, vlan) in [(11, 100), (13, 101)] {
        links.add(near, &KernelLink { port: port(vlan), far: near + 1, peers: vec![PEER] });
    }
    let red = links.neighbour(11, PEER).unwrap();
    let blue = links.neighbour(13, PEER).unwrap();
    assert_eq!((red.port(), blue.port()), (port(100), port(101)));
    assert_eq!((links.near(&red), links.near(&blue)), (Some(11), Some(13)));
    assert_eq!(links.neighbour(12, PEER), None, "a far end");
    assert_eq!(links.neighbour(11, Ipv4Addr::new(172, 16, 1, 5).into()), None, "no peer");
    assert_eq!(links.near(&Neighbour::new(port(102), PEER)), None);
}
