//! A MAC address that is declared never changes, whatever anybody says.

use std::{thread::sleep, time::Duration};

use abi::verdict::Verdict;

use super::{
    assert_delivered,
    flow::{self, Flow},
    neighbour,
    scene::{self, CE, CE_MAC, VM, VM_MAC, VM6},
    wiretap::Tap,
};
use crate::books::Books;

#[test]
fn announcements_and_answers_do_not_move_what_is_declared() {
    let lab = scene::lab("declared");
    for name in ["net/ipv4/conf/eth1/arp_notify", "net/ipv6/conf/eth1/ndisc_notify"] {
        lab.sysctl("vm", name, "1");
        lab.sysctl("ce", name, "1");
    }
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(Some(CE_MAC), Some(VM_MAC)));
    flow::answer(&lab, "vm");
    let before = msee.get("/neighbours");
    let few = Flow { packets: 20, ..Flow::default() };
    let books = Books::open(&lab, &msee);
    assert!(few.run(&lab, "ce", VM).lost.is_empty());
    assert_delivered(&books.close(&lab, &msee), 20);

    // Both announce themselves, and ask us with their new addresses when they want to speak.
    lab.run("ip -n @vm link set eth1 address 02:00:00:00:02:99");
    lab.run("ip -n @ce link set eth1 address 02:00:00:00:01:99");
    lab.run("ip -n @vm neigh flush dev eth1");
    few.run(&lab, "vm", CE);
    sleep(Duration::from_millis(500));
    assert_eq!(msee.get("/neighbours"), before);
    for vm in [VM.into(), std::net::IpAddr::from(VM6)] {
        assert_eq!(neighbour(&msee, vm).unwrap()["mac"], VM_MAC.to_string());
    }
    let (books, tap) = (
        Books::open(&lab, &msee),
        Tap::start(&lab, "vm", |frame| {
            (frame.get(..6)? == VM_MAC.0 && flow::is_of_one(frame)).then_some(())
        }),
    );
    assert_eq!(few.run(&lab, "ce", VM).lost.len(), few.packets);
    // All were sent to where it is declared, and nobody is there.
    assert_eq!(tap.read().len(), few.packets);
    let changes = books.close(&lab, &msee);
    assert_eq!(changes.of(Verdict::ForwardedDirect), 20, "{changes:?}");
    assert!(changes.losses().is_empty(), "{changes:?}");

    lab.run(&format!("ip -n @vm link set eth1 address {VM_MAC}"));
    lab.run(&format!("ip -n @ce link set eth1 address {CE_MAC}"));
    let books = Books::open(&lab, &msee);
    assert!(few.run(&lab, "ce", VM).lost.is_empty());
    assert_delivered(&books.close(&lab, &msee), 20);
    msee.terminate();
}
