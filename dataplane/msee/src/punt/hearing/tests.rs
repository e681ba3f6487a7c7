use std::net::Ipv6Addr;

use abi::{
    image::{PortKey, UNTAGGED},
    punt::Metadata,
};

use desired::{Adjacency, MseeState};
use packet::ETHERTYPE_IPV6;

use super::*;
use crate::{
    example::{
        self, CE, CIRCUIT, FABRIC, HUB_VM, HUB_VM_IPV6, HUB_VM_MAC, OURS_AT_HUB, OURS_AT_HUB_IPV6,
        SPOKE_VM,
    },
    icmpv6::neighbour,
};

/// The hub VM is a next hop by both its addresses.
fn silent() -> MseeState {
    let mut state = example::silent_state();
    let routes = &mut state.vrfs.get_mut("CIRCUIT_EQUINIX").unwrap().routes;
    let mut route = routes[&"10.255.10.4/32".parse().unwrap()].clone();
    if let Adjacency::Direct { address, .. } = &mut route.adjacency {
        *address = HUB_VM_IPV6.into();
    }
    routes.insert("fd00:255:0:10::4/128".parse().unwrap(), route);
    state
}

fn hear(state: &MseeState, port: u32, verdict: Verdict, frame: &[u8]) -> Option<(IpAddr, Heard)> {
    let metadata = Metadata { verdict: verdict.number(), ..Metadata::default() };
    let punt = Punt { ifindex: 100 + port, metadata, frame };
    let (neighbour, said) = heard(&punt, &example::compiled_from(state))?;
    let key = PortKey { ifindex: 100 + port, outer: UNTAGGED, inner: UNTAGGED };
    assert_eq!(neighbour.port(), key);
    Some((neighbour.address, said))
}

fn arp(operation: u8, sender: [u8; 4], target: [u8; 4]) -> Vec<u8> {
    let mut frame = [[0xff; 6], HUB_VM_MAC.0].concat();
    frame.extend_from_slice(&[8, 6, 0, 1, 8, 0, 6, 4, 0, operation]);
    frame.extend_from_slice(&HUB_VM_MAC.0);
    frame.extend_from_slice(&sender);
    frame.extend_from_slice(&[0; 6]);
    frame.extend_from_slice(&target);
    frame
}

fn discovery(destination: Ipv6Addr, write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut frame = [neighbour::group_mac(destination), HUB_VM_MAC.0].concat();
    frame.extend_from_slice(&ETHERTYPE_IPV6.to_be_bytes());
    write(&mut frame);
    frame
}

#[test]
fn arp_says_where_its_sender_is_and_to_us_it_says_more() {
    let (vm, ours) = (HUB_VM.octets(), OURS_AT_HUB.octets());
    let said = |operation, target| {
        let frame = arp(operation, vm, target);
        let (address, heard) = hear(&silent(), FABRIC, Verdict::LocalArp, &frame)?;
        assert_eq!((address, heard.mac), (HUB_VM.into(), Some(HUB_VM_MAC)));
        assert!(heard.overrides);
        Some((heard.solicited, heard.asks_us))
    };
    assert_eq!(said(2, ours), Some((true, false)), "an answer");
    assert_eq!(said(1, ours), Some((false, true)), "a question");
    assert_eq!(said(1, vm), Some((false, false)), "an announcement");
    assert_eq!(said(2, vm), Some((false, false)), "another one");
    assert_eq!(said(1, SPOKE_VM.octets()), Some((false, false)), "a question for somebody else");
    // Who is no next hop is not listened to.
    let frame = arp(2, SPOKE_VM.octets(), ours);
    assert_eq!(hear(&silent(), FABRIC, Verdict::LocalArp, &frame), None);
    assert_eq!(hear(&silent(), FABRIC, Verdict::LocalArp, &arp(1, [0; 4], ours)), None);
    let frame = arp(2, CE.octets(), ours);
    assert_eq!(hear(&silent(), CIRCUIT, Verdict::LocalArp, &frame), None, "the kernel's");
    assert_eq!(hear(&silent(), FABRIC, Verdict::TtlExpired, &arp(2, vm, ours)), None);
}

#[test]
fn discovery_says_it_with_flags() {
    let advertisement = discovery(OURS_AT_HUB_IPV6, |out| {
        neighbour::write_advertisement(OURS_AT_HUB_IPV6, HUB_VM_IPV6, HUB_VM_MAC.0, out);
    });
    let mac = Some(HUB_VM_MAC);
    let answer = Heard { mac, solicited: true, overrides: true, asks_us: false };
    let heard = hear(&silent(), FABRIC, Verdict::LocalNd, &advertisement);
    assert_eq!(heard, Some((HUB_VM_IPV6.into(), answer)));

    let solicitation = |sender, target| {
        let group = neighbour::solicited_node(target);
        let frame = discovery(group, |out| {
            neighbour::write_solicitation((sender, HUB_VM_MAC.0), target, group, out);
        });
        hear(&silent(), FABRIC, Verdict::LocalNd, &frame)
    };
    let question = Heard { mac, solicited: false, overrides: true, asks_us: true };
    let heard = solicitation(HUB_VM_IPV6, OURS_AT_HUB_IPV6);
    assert_eq!(heard, Some((HUB_VM_IPV6.into(), question)));
    assert_eq!(solicitation(HUB_VM_IPV6, "fd00:255::9".parse().unwrap()), None);
    assert_eq!(solicitation(Ipv6Addr::UNSPECIFIED, OURS_AT_HUB_IPV6), None);
}

#[test]
fn of_what_is_declared_nothing_is_believed() {
    let frame = arp(2, HUB_VM.octets(), OURS_AT_HUB.octets());
    assert_eq!(hear(&example::state(), FABRIC, Verdict::LocalArp, &frame), None);
}
