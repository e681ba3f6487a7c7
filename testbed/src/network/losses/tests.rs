use std::net::UdpSocket;

use rtnetlink::LinkUnspec;

use super::*;
use crate::network::{build, namespace::in_namespace, tests::Lab};

/// Longer than [`SHORT`] and shorter than what the other end carries.
const DATAGRAM: [u8; 1_000] = [0; 1_000];
const SHORT: u32 = 600;

#[test]
fn each_sending_end_is_read_once() {
    let lab = Lab::new("nettends", true);
    let layout = layout(&lab.plan);
    let unread = unread(&lab.plan, &layout);
    let is_read = |node: &str, interface: &str| {
        let namespace = lab.namespace(node);
        unread.iter().any(|end| end.namespace == namespace && end.interface == interface)
    };
    assert!(is_read("ce1", "eth1") && is_read("onprem-vm", "eth1") && is_read("hub-vm", "eth1"));
    assert!(is_read("msee-a", "cpu1"));
    assert!(!is_read("msee-a", "xcpu1") && !is_read("msee-a", "eth2") && !is_read("ERGW1", "eth1"));
    // The wires send by their ends themselves.
    for wire in lab.plan.wires() {
        assert!(!is_read("fabric", &wire.a) && !is_read("fabric", &wire.b), "{wire:?}");
    }
    let fabric = lab.namespace("fabric");
    let ports: Vec<_> = unread.iter().filter(|end| end.namespace == fabric).collect();
    let planned: usize = lab.plan.fabrics.iter().map(|fabric| fabric.ports.len()).sum();
    assert_eq!(ports.len(), planned);
    assert!(ports.iter().any(|end| end.node == "hub-vm"), "{ports:?}");
}

#[test]
fn a_vxlan_host_has_three_kinds_of_sending_end() {
    let lab = Lab::vxlan("nettvxends");
    let layout = layout(&lab.plan);
    let host = lab.namespace("hub-vm-host");
    let about = |sender: &Sender<'_>| format!("{} {}", sender.interface, sender.node);
    let unread = unread(&lab.plan, &layout);
    let mut ends: Vec<_> = unread.iter().filter(|end| end.namespace == host).map(about).collect();
    ends.sort();
    assert_eq!(
        ends,
        ["eth1 hub-vm-host", "guest0 hub-vm", "vxlan5001 hub-vm-host", "vxlan5002 hub-vm-host"]
    );
}

/// The kernel refuses a frame longer than the peer's MTU where it refuses one for a full ring, and
/// a ring on an idle machine does not stay full for a test.
#[tokio::test]
async fn a_frame_that_the_peer_does_not_take_is_counted_once_at_its_sender() {
    let lab = Lab::new("nettlost", false);
    build(&lab.plan).await.unwrap();
    assert_eq!(lost(&lab).await, []);

    // A bridge to a VM: the spoke's VM sends to the hub's.
    shorten(&lab.namespace("hub-vm"), "eth1").await;
    send(&lab.namespace("spoke-vm"), "10.255.10.4", 3);
    assert_eq!(lost(&lab).await, [("hub-vm".to_owned(), 3)]);

    // A customer's host to its edge.
    let edge = &lab.plan.node("ce1").unwrap().interfaces;
    for interface in edge {
        shorten(&lab.namespace("ce1"), &interface.name).await;
    }
    send(&lab.namespace("onprem-vm"), "10.10.10.1", 5);
    let mut lost = lost(&lab).await;
    lost.sort();
    assert_eq!(lost, [("hub-vm".to_owned(), 3), ("onprem-vm".to_owned(), 5)]);
}

/// The ends that lost anything, by the node they are about.
async fn lost(lab: &Lab) -> Vec<(String, u64)> {
    let losses = losses(&lab.plan).await.unwrap().into_iter();
    losses.filter(|end| end.frames > 0).map(|end| (end.node, end.frames)).collect()
}

async fn shorten(namespace: &str, interface: &str) {
    let connection = Connection::open(namespace).await.unwrap();
    let index = connection.links().await.unwrap().get(interface).unwrap().index;
    let message = LinkUnspec::new_with_index(index).mtu(SHORT).build();
    connection.netlink().link().set(message).execute().await.unwrap();
}

fn send(namespace: &str, to: &str, datagrams: usize) {
    in_namespace(namespace, || {
        let socket = UdpSocket::bind(("0.0.0.0", 0)).unwrap();
        for _ in 0..datagrams {
            socket.send_to(&DATAGRAM, (to, 9)).unwrap();
        }
    })
    .unwrap();
}
