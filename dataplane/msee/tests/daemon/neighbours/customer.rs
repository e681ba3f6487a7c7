//! A customer edge whose MAC address is not declared is found by the router's kernel.

use std::net::IpAddr;

use super::{
    assert_delivered,
    flow::{self, Flow},
    neighbour,
    scene::{self, CE, CE_MAC, CE6, VM_MAC},
    wait_for,
};
use crate::{OURS_AT_CE, books::Books, ping::Ping, reply};

#[test]
fn a_customer_edge_that_nobody_declared_is_found_by_the_kernel() {
    let lab = scene::lab("kernel");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(None, Some(VM_MAC)));
    flow::answer(&lab, "ce");
    let books = Books::open(&lab, &msee);
    for customer in [IpAddr::from(CE), CE6.into()] {
        assert_eq!(neighbour(&msee, customer), None);
        let outcome = Flow::default().run(&lab, "vm", customer);
        assert!(outcome.lost.is_empty(), "{outcome:?}");
        println!("{customer}: the first answer came after {:?}", outcome.first);
        let found = neighbour(&msee, customer).unwrap();
        assert_eq!(found["mac"], CE_MAC.to_string(), "{found}");
        assert_eq!((&found["port"], &found["source"]), (&"eth1".into(), &"kernel".into()));
    }
    let changes = books.close(&lab, &msee);
    assert_delivered(&changes, 200);
    assert_eq!(lab.ping("ce", OURS_AT_CE, Ping::default()), reply(OURS_AT_CE, 64));
    msee.terminate();
}

#[test]
fn what_the_kernel_knew_before_is_read_and_what_it_forgets_is_asked_for_again() {
    let lab = scene::lab("knew");
    lab.run(&format!("ip -n @msee neigh add {CE} lladdr {CE_MAC} nud permanent dev cpu1"));
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(None, Some(VM_MAC)));
    flow::answer(&lab, "ce");
    let books = Books::open(&lab, &msee);
    assert!(Flow::default().run(&lab, "vm", CE).lost.is_empty());
    lab.run(&format!("ip -n @msee neigh del {CE} dev cpu1"));
    wait_for(&msee, CE, None);
    assert!(Flow::default().run(&lab, "vm", CE).lost.is_empty());
    assert_delivered(&books.close(&lab, &msee), 200);
    let found = neighbour(&msee, CE).unwrap();
    assert_eq!(found["state"], "reachable", "{found}");
    msee.terminate();
}

#[test]
fn a_link_that_is_made_anew_has_a_new_near_end() {
    let lab = scene::lab("near");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(None, Some(VM_MAC)));
    flow::answer(&lab, "ce");
    let books = Books::open(&lab, &msee);
    assert!(Flow::default().run(&lab, "vm", CE).lost.is_empty());
    assert_delivered(&books.close(&lab, &msee), 100);
    lab.run("ip -n @msee link del cpu1");
    // Both changes are noticed by themselves.
    stream.report();
    lab.connect_cpu();
    lab.run("ip -n @msee neigh del 172.16.1.1 dev cpu1");
    stream.report();
    let books = Books::open(&lab, &msee);
    assert!(Flow::default().run(&lab, "vm", CE).lost.is_empty());
    assert_delivered(&books.close(&lab, &msee), 100);
    assert_eq!(neighbour(&msee, CE).unwrap()["mac"], CE_MAC.to_string());
    msee.terminate();
}
