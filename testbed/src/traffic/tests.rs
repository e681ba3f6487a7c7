//! Flows between real namespaces.

use std::net::Ipv4Addr;

use super::*;
use crate::{
    topology::plan::Impairment,
    wire::{WireSpec, Wires, test_namespaces::TestNamespaces},
};

const TO: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 1, 1, 2));

/// `a` and `b`, joined by a veth pair.
fn neighbours() -> TestNamespaces {
    let namespaces = TestNamespaces::new(&["a", "b"]);
    namespaces.veth(("a", "eth1"), ("b", "eth1"));
    namespaces.ip("a", "address add 10.1.1.1/24 dev eth1");
    namespaces.ip("b", "address add 10.1.1.2/24 dev eth1");
    namespaces
}

fn spec(namespaces: &TestNamespaces, pps: u32, duration: Option<Duration>) -> FlowSpec {
    FlowSpec {
        name: "a-b".to_owned(),
        from_namespace: namespaces.name("a"),
        to_namespace: namespaces.name("b"),
        to_address: TO,
        pps,
        duration,
    }
}

#[test]
fn fifty_thousand_packets_a_second_arrive() {
    let namespaces = neighbours();
    let mut told = 0;
    let spec = spec(&namespaces, 50_000, Some(Duration::from_secs(2)));
    let report = run(spec, |_| {
        told += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(report.sent, 100_000, "{report:?}");
    assert!(report.is_clean() && report.finished && report.reordered == 0, "{report:?}");
    assert_eq!(report.ttl.into_iter().collect::<Vec<_>>(), [(64, 100_000)]);
    assert!(told >= 8);
}

#[test]
fn ipv6_packets_are_counted_with_their_hop_limit() {
    let namespaces = neighbours();
    for (host, address) in [("a", "fd00::1/64"), ("b", "fd00::2/64")] {
        namespaces.ip(host, &format!("address add {address} dev eth1 nodad"));
    }
    let to_address = "fd00::2".parse().unwrap();
    let spec = spec(&namespaces, 1_000, Some(Duration::from_millis(300)));
    let report = Flow::start(FlowSpec { to_address, ..spec }).unwrap().wait().unwrap();
    assert!(report.is_clean() && report.sent == 300, "{report:?}");
    assert_eq!(report.ttl.into_iter().collect::<Vec<_>>(), [(64, 300)]);
}

#[test]
fn nothing_is_lost_on_a_wire_with_a_delay() {
    let namespaces = TestNamespaces::new(&["a", "b", "fabric"]);
    for (host, address) in [("a", "10.1.1.1/24"), ("b", "10.1.1.2/24")] {
        namespaces.veth((host, "eth1"), ("fabric", &format!("wire0{host}")));
        namespaces.ip(host, &format!("address add {address} dev eth1"));
    }
    let wire = WireSpec {
        name: "a-b".to_owned(),
        a: "wire0a".to_owned(),
        b: "wire0b".to_owned(),
        tags: desired::Tags::Untagged,
        mtu: 1_500,
        impairment: Impairment { delay: Duration::from_millis(35) },
    };
    let wires = namespaces.inside("fabric", || Wires::start(vec![wire]).unwrap());
    let report = Flow::start(spec(&namespaces, 1_000, Some(Duration::from_secs(2))))
        .unwrap()
        .wait()
        .unwrap();
    assert_eq!(report.sent, 2_000);
    assert!(report.is_clean(), "{report:?}");
    // The first packet waits for ARP, there and back; the machine may be busy with other tests.
    let Latency { minimum, median, .. } = report.latency_ms.unwrap();
    assert!(minimum >= 35.0 && median < 37.0, "{report:?}");
    drop(wires);
}

#[test]
fn a_loss_is_seen_with_its_gap() {
    let namespaces = neighbours();
    let flow = Flow::start(spec(&namespaces, 1_000, None)).unwrap();
    thread::sleep(Duration::from_millis(200));
    // Routes stay when the other side goes down, so the sender goes on sending.
    namespaces.ip("b", "link set eth1 down");
    thread::sleep(Duration::from_millis(300));
    let running = flow.snapshot();
    assert!(!running.finished && running.in_flight >= 100, "{running:?}");
    namespaces.ip("b", "link set eth1 up");
    // The kernel tells a carrier up to a second late.
    let again = || flow.snapshot().received >= running.received + 100;
    assert!((0..300).any(|_| {
        thread::sleep(Duration::from_millis(10));
        again()
    }));
    let report = flow.stop().unwrap();
    assert!((150..3_000).contains(&report.lost), "{report:?}");
    assert!(report.longest_gap_ms >= Some(150.0), "{report:?}");
    assert!(report.longest_gap_began_ms >= Some(100.0), "{report:?}");
    assert_eq!(report.sent, report.received + report.lost);
}

#[test]
fn a_sender_without_route_says_so() {
    let namespaces = neighbours();
    let mut spec = spec(&namespaces, 1_000, Some(Duration::from_millis(300)));
    spec.to_address = Ipv4Addr::LOCALHOST.into();
    namespaces.ip("a", "route add unreachable 10.9.9.9/32");
    namespaces.ip("b", "address add 10.9.9.9/32 dev lo");
    spec.to_address = Ipv4Addr::new(10, 9, 9, 9).into();
    let report = Flow::start(spec.clone()).unwrap().wait().unwrap();
    assert_eq!((report.sent, report.received, report.lost), (0, 0, 0));
    assert_eq!(report.unsent.values().sum::<u64>(), 300, "{report:?}");
    assert!(render_table(&[report]).contains("300 unsent: No route to host"));

    namespaces.ip("a", "route del unreachable 10.9.9.9/32");
    let report = Flow::start(spec).unwrap().wait().unwrap();
    assert_eq!(
        report.unsent.into_iter().collect::<Vec<_>>(),
        [("Network is unreachable".to_owned(), 300)]
    );
}

#[test]
fn what_cannot_start_is_named() {
    let namespaces = neighbours();
    let error = Flow::start(spec(&namespaces, 0, None)).unwrap_err();
    assert!(matches!(error, FlowError::Rate(0)));
    let mut elsewhere = spec(&namespaces, 1, None);
    elsewhere.to_address = Ipv4Addr::new(10, 1, 1, 77).into();
    assert!(matches!(Flow::start(elsewhere).unwrap_err(), FlowError::Receive { .. }));
    let mut nowhere = spec(&namespaces, 1, None);
    nowhere.from_namespace = "wt-nowhere".to_owned();
    assert!(matches!(Flow::start(nowhere).unwrap_err(), FlowError::Namespace(_)));
}
