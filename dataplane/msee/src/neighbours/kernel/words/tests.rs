use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

const MAC: [u8; 6] = [2, 0, 0, 0, 1, 1];

fn entry(state: NeighbourState, attributes: &[NeighbourAttribute]) -> NeighbourMessage {
    let mut message = NeighbourMessage::default();
    (message.header.ifindex, message.header.state) = (11, state);
    message.attributes = attributes.to_vec();
    message
}

#[test]
fn each_state_of_the_kernel_has_its_meaning() {
    let peer = Ipv4Addr::new(172, 16, 1, 1);
    let destination = NeighbourAttribute::Destination(peer.into());
    let known = [destination.clone(), NeighbourAttribute::LinkLayerAddress(MAC.to_vec())];
    let told = |state, attributes: &[_]| said(&entry(state, attributes)).map(|said| said.told);
    let mac = MacAddress(MAC);
    for (state, expected) in [
        (NeighbourState::Incomplete, None),
        (NeighbourState::Reachable, Some(Told::Reachable(mac))),
        (NeighbourState::Stale, Some(Told::Stale(mac))),
        (NeighbourState::Delay, Some(Told::Stale(mac))),
        (NeighbourState::Probe, Some(Told::Probe(mac))),
        (NeighbourState::Failed, Some(Told::Failed)),
        (NeighbourState::Noarp, Some(Told::Reachable(mac))),
        (NeighbourState::Permanent, Some(Told::Reachable(mac))),
        (NeighbourState::None, None),
    ] {
        assert_eq!(told(state, &known), expected, "{state:?}");
    }
    let whole = said(&entry(NeighbourState::Failed, &[destination])).unwrap();
    assert_eq!(whole, Said { interface: 11, address: peer.into(), told: Told::Failed });
    // In a list it may have failed before anybody asked.
    let told = |state| listed(&entry(state, &known)).map(|said| said.told);
    assert_eq!(told(NeighbourState::Failed), Some(Told::Gone));
    assert_eq!(told(NeighbourState::Stale), Some(Told::Stale(mac)));
    assert_eq!(told(NeighbourState::Incomplete), None);
    assert_eq!(forgotten(&entry(NeighbourState::None, &known)).unwrap().told, Told::Gone);
}

#[test]
fn what_has_no_address_or_a_strange_one_is_not_read() {
    let destination = NeighbourAttribute::Destination(Ipv6Addr::LOCALHOST.into());
    let mac = |length| NeighbourAttribute::LinkLayerAddress(vec![2; length]);
    let reachable = |attributes: &[_]| said(&entry(NeighbourState::Reachable, attributes));
    assert!(reachable(&[destination.clone(), mac(6)]).is_some());
    assert_eq!(reachable(&[destination.clone(), mac(4)]), None);
    assert_eq!(reachable(&[destination]), None);
    assert_eq!(reachable(&[mac(6)]), None);
}

#[test]
fn a_veth_names_its_other_end_unless_that_is_elsewhere() {
    let link = |attributes: &[LinkAttribute]| {
        let mut message = LinkMessage::default();
        message.attributes = attributes.to_vec();
        peer(&message)
    };
    assert_eq!(link(&[LinkAttribute::Link(11)]), Some(11));
    assert_eq!(link(&[LinkAttribute::Link(11), LinkAttribute::LinkNetNsId(0)]), None);
    assert_eq!((link(&[LinkAttribute::Link(0)]), link(&[])), (None, None));
}
