use std::net::{Ipv4Addr, Ipv6Addr};

use abi::image::{PortKey, UNTAGGED};
use packet::{Ethernet, Ipv6};

use super::*;
use crate::{
    example::{
        self, CE, CIRCUIT, FABRIC, FABRIC_MAC, FAR_FABRIC, HUB_VM, HUB_VM_IPV6, HUB_VM_MAC,
        OURS_AT_FAR, OURS_AT_HUB, OURS_AT_HUB_IPV6, SPOKE_VM,
    },
    icmpv6::neighbour::Message,
};

fn written(port: u32, address: IpAddr, confirm: Option<MacAddress>) -> Option<Vec<u8>> {
    let port = PortKey { ifindex: 100 + port, outer: UNTAGGED, inner: UNTAGGED };
    let mut out = Vec::new();
    write(&Neighbour::new(port, address), confirm, &example::compiled(), &mut out)?;
    Some(out)
}

#[test]
fn a_vm_is_asked_by_the_address_that_its_vnet_knows_us_by() {
    for (port, target, ours) in [
        (FABRIC, HUB_VM, OURS_AT_HUB),
        (FABRIC, SPOKE_VM, OURS_AT_HUB),
        (FAR_FABRIC, Ipv4Addr::new(10, 1, 0, 12), OURS_AT_FAR),
        // In no VNet of the port.
        (FAR_FABRIC, Ipv4Addr::new(10, 9, 0, 12), OURS_AT_FAR),
    ] {
        let frame = written(port, target.into(), None).unwrap();
        let frame = Ethernet::parse(&frame).unwrap();
        assert_eq!(frame.destination, arp::BROADCAST);
        let message = arp::Message::parse(frame.payload).unwrap();
        assert_eq!(message.operation, arp::Operation::Request);
        assert_eq!((message.sender, message.target), (ours, target));
    }
}

#[test]
fn ipv6_asks_the_targets_group() {
    let frame = written(FABRIC, HUB_VM_IPV6.into(), None).unwrap();
    let frame = Ethernet::parse(&frame).unwrap();
    let group = solicited_node(HUB_VM_IPV6);
    assert_eq!((frame.destination, frame.source), (group_mac(group), FABRIC_MAC.0));
    let packet = Ipv6::parse(frame.payload).unwrap();
    assert_eq!(packet.destination(), group);
    let (sender, target, mac) = (OURS_AT_HUB_IPV6, HUB_VM_IPV6, Some(FABRIC_MAC.0));
    assert_eq!(Message::parse(&packet), Some(Message::Solicitation { sender, target, mac }));
}

/// Another VNet's address would not do: the answer to it is routed by the neighbour's own VNet.
#[test]
fn where_the_vnet_has_no_ipv6_address_it_is_asked_by_the_link_local_one() {
    let ours: Ipv6Addr = "fe80::ff:fe00:401".parse().unwrap();
    for (port, ours) in [(FAR_FABRIC, ours), (FABRIC, "fe80::ff:fe00:301".parse().unwrap())] {
        let frame = written(port, "fd00:1::4".parse().unwrap(), None).unwrap();
        let packet = Ipv6::parse(Ethernet::parse(&frame).unwrap().payload).unwrap();
        assert_eq!(packet.source(), ours);
        assert!(matches!(Message::parse(&packet), Some(Message::Solicitation { .. })));
    }
}

#[test]
fn who_is_known_is_asked_alone() {
    let frame = written(FABRIC, HUB_VM.into(), Some(HUB_VM_MAC)).unwrap();
    assert_eq!(Ethernet::parse(&frame).unwrap().destination, HUB_VM_MAC.0);
    let frame = written(FABRIC, HUB_VM_IPV6.into(), Some(HUB_VM_MAC)).unwrap();
    let frame = Ethernet::parse(&frame).unwrap();
    assert_eq!(frame.destination, HUB_VM_MAC.0);
    assert_eq!(Ipv6::parse(frame.payload).unwrap().destination(), HUB_VM_IPV6);
}

#[test]
fn nobody_is_asked_where_we_have_no_address() {
    assert_eq!(written(CIRCUIT, CE.into(), None), None);
    assert_eq!(written(60, HUB_VM.into(), None), None);
}
