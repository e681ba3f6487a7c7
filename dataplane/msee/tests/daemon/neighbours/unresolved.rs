//! An unresolved neighbour punts, resolves and forwards: end to end, in both IP versions, on both sides.

use std::net::IpAddr;

use abi::verdict::Verdict;

use super::{
    assert_delivered,
    flow::{self, Flow},
    neighbour,
    scene::{self, CE, CE_MAC, CE6, VM, VM_MAC, VM6},
    wiretap::{self, Tap},
};
use crate::books::Books;

#[test]
fn an_unresolved_neighbour_punts_resolves_and_forwards() {
    let lab = scene::lab("unresolved");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    // Nobody's MAC address is declared.
    stream.apply(1, scene::state(None, None));
    flow::answer(&lab, "vm");
    flow::answer(&lab, "ce");
    let stations = [
        ("ce", "vm", IpAddr::from(VM), IpAddr::from(CE), VM_MAC, "eth2", "learned"),
        ("ce", "vm", VM6.into(), CE6.into(), VM_MAC, "eth2", "learned"),
        ("vm", "ce", CE.into(), VM.into(), CE_MAC, "eth1", "kernel"),
        ("vm", "ce", CE6.into(), VM6.into(), CE_MAC, "eth1", "kernel"),
    ];
    for (from, node, station, sender, mac, port, source) in stations {
        // The two of a pair find each other: the second asks for nobody any more.
        let is_known = neighbour(&msee, station).is_some();
        let inject = || {
            let request = format!(r#"{{"source":"{sender}","destination":"{station}"}}"#);
            msee.post("/inject", &request)["verdict"].clone()
        };
        assert_eq!(inject() == "neighbour_unresolved", !is_known, "{station}");
        let books = Books::open(&lab, &msee);
        let asked = Tap::start(&lab, node, wiretap::asked_for);
        let hops = Tap::start(&lab, node, |frame| flow::is_of_one(frame).then(|| hops_left(frame)));
        let outcome = Flow::default().run(&lab, from, station);
        assert!(outcome.lost.is_empty(), "{station}: {outcome:?}");
        println!("{station}: the first answer came after {:?}", outcome.first);
        let changes = books.close(&lab, &msee);
        // It was asked for on its link, and no more often than it had to be.
        let asked = asked.read().into_iter().filter(|(_, address)| *address == station).count();
        assert!(if is_known { asked <= 1 } else { (1..=3).contains(&asked) }, "{station}: {asked}");
        // Late or not, each packet took one hop, and has one end.
        let hops: Vec<_> = hops.read().into_iter().map(|(_, hops)| hops).collect();
        assert_eq!(hops, [63; 100], "{station}");
        assert_delivered(&changes, 100);
        assert_eq!(changes.of(Verdict::NeighbourUnresolved) > 0, !is_known, "{changes:?}");

        let found = neighbour(&msee, station).unwrap();
        assert_eq!(found["mac"], mac.to_string(), "{found}");
        assert_eq!((&found["port"], &found["source"]), (&port.into(), &source.into()));
        // From now on the fast path has it.
        assert!(inject().as_str().unwrap().starts_with("forwarded_"), "{station}");
        let books = Books::open(&lab, &msee);
        assert!(Flow::default().run(&lab, from, station).lost.is_empty());
        let changes = books.close(&lab, &msee);
        assert_delivered(&changes, 100);
        assert_eq!(changes.of(Verdict::NeighbourUnresolved), 0, "{changes:?}");
    }
    msee.terminate();
}

/// Time to live or hop limit.
fn hops_left(frame: &[u8]) -> u8 {
    if frame[12..14] == [0x08, 0x00] { frame[22] } else { frame[21] }
}
