use std::collections::BTreeSet;

use super::*;

#[test]
fn names_say_interface_and_tags() {
    for (name, port) in state().circuit_ports {
        assert_eq!(name, format!("{}{}", port.interface, port.tags));
    }
}

#[test]
fn links_of_an_interface_share_its_index_and_mac() {
    for (name, port) in state().circuit_ports {
        let bound = ports();
        let of_link = bound.iter().find(|bound| bound.name == name).unwrap();
        let others = bound.iter().filter(|bound| bound.ifindex == of_link.ifindex);
        for other in others {
            assert!(other.name.starts_with(&port.interface));
            assert_eq!((other.mac, other.mtu), (of_link.mac, of_link.mtu));
        }
    }
}

#[test]
fn interfaces_differ() {
    let macs: BTreeSet<_> = ports().iter().map(|port| (port.ifindex, port.mac)).collect();
    let indices: BTreeSet<_> = ports().iter().map(|port| port.ifindex).collect();
    assert_eq!(macs.len(), indices.len());
}
