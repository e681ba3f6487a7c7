//! What the next process makes of the neighbours that a killed one had learned.

use std::{
    io::ErrorKind,
    net::IpAddr,
    thread::sleep,
    time::{Duration, Instant},
};

use abi::verdict::Verdict;

use super::{
    assert_delivered, count,
    flow::{self, Flow},
    neighbour,
    nobody::{try_from, try_to_reach},
    scene::{self, CE, CE_MAC, CE6, VM, VM_MAC, VM6},
    wait_for,
};
use crate::{books::Books, settled};

#[test]
fn a_restart_goes_on_with_the_neighbours_that_were_learned_and_asks_whether_they_are_there() {
    let lab = scene::lab("again");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(None, None));
    flow::answer(&lab, "vm");
    let few = Flow { packets: 20, ..Flow::default() };
    for vm in [IpAddr::from(VM), VM6.into()] {
        assert!(few.run(&lab, "ce", vm).lost.is_empty());
    }
    // All is in the image.
    let before = settled(&msee);
    msee.kill();

    // No packet is punted for a neighbour that is known, before the first state and after it.
    let traffic = lab.ping_without_end("ce", VM.octets());
    let msee = lab.start();
    for (address, mac) in [
        (IpAddr::from(VM), VM_MAC),
        (VM6.into(), VM_MAC),
        (CE.into(), CE_MAC),
        (CE6.into(), CE_MAC),
    ] {
        let adopted = neighbour(&msee, address).unwrap();
        assert_eq!(adopted["mac"], mac.to_string(), "{adopted}");
    }
    assert!(few.run(&lab, "ce", VM6).lost.is_empty());
    let mut stream = control.accept();
    stream.apply(2, scene::state(None, None));
    assert!(few.run(&lab, "ce", VM6).lost.is_empty());
    for vm in [IpAddr::from(VM), VM6.into()] {
        let after = wait_for(&msee, vm, Some("reachable"));
        println!("{vm} has confirmed after {after:?}");
    }
    let (sent, unanswered) = traffic.stop();
    assert!(sent > 100 && unanswered == 0, "{unanswered} of {sent}");
    let counters = settled(&msee);
    let punted = count(&before, "neighbour_unresolved");
    assert_eq!(count(&counters, "neighbour_unresolved"), punted, "{counters}");
    // What the killed process sent on is counted still.
    let forwarded =
        |counters| count(counters, "forwarded_direct") + count(counters, "forwarded_ce");
    let sent = 2 * (u64::from(sent) + 40);
    assert_eq!(forwarded(&counters), forwarded(&before) + sent, "{counters}");
    msee.terminate();
}

#[test]
fn a_neighbour_that_went_while_nobody_asked_is_forgotten_within_the_bound() {
    let lab = scene::lab("went");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(Some(CE_MAC), None));
    flow::answer(&lab, "vm");
    let few = Flow { packets: 5, ..Flow::default() };
    for vm in [IpAddr::from(VM), VM6.into()] {
        assert!(few.run(&lab, "ce", vm).lost.is_empty());
    }
    settled(&msee);
    msee.kill();
    lab.run(&format!("ip -n @vm address del {VM}/16 dev eth1"));
    lab.run(&format!("ip -n @vm address del {VM6}/48 dev eth1"));

    // Nobody sends a state to the next one.
    let started = Instant::now();
    let msee = lab.start();
    let books = Books::open(&lab, &msee);
    let generation = || msee.get("/neighbours")["generation"].as_u64().unwrap();
    let adopted = generation();
    for vm in [IpAddr::from(VM), VM6.into()] {
        wait_for(&msee, vm, None);
        println!("{vm} is forgotten {:?} after the start", started.elapsed());
    }
    sleep(Duration::from_millis(300));
    assert!((1..=2).contains(&(generation() - adopted)), "images without it");
    for vm in [IpAddr::from(VM), VM6.into()] {
        let (error, _) = try_to_reach(&lab, vm);
        assert_eq!(error, ErrorKind::HostUnreachable);
    }
    let changes = books.close(&lab, &msee);
    assert_eq!(changes.of(Verdict::NeighbourUnresolved), 2, "{changes:?}");
    assert_eq!(changes.losses(), [("icmp_net_unreachable", 2)].into(), "{changes:?}");
    msee.terminate();
}

#[test]
fn a_customer_edge_that_went_is_forgotten_with_the_kernel() {
    let lab = scene::lab("left");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(None, Some(VM_MAC)));
    flow::answer(&lab, "ce");
    let few = Flow { packets: 5, ..Flow::default() };
    assert!(few.run(&lab, "vm", CE).lost.is_empty());
    settled(&msee);
    msee.kill();
    lab.run(&format!("ip -n @ce address del {CE}/30 dev eth1"));
    // What the kernel knew may be gone too.
    lab.run(&format!("ip -n @msee neigh del {CE} dev cpu1"));

    let msee = lab.start();
    let after = wait_for(&msee, CE, None);
    println!("forgotten after {after:?}");
    // What comes for it now is answered.
    let books = Books::open(&lab, &msee);
    lab.run("ip -n @msee neigh flush dev cpu1");
    let (error, _) = try_from(&lab, "vm", CE.into());
    assert_eq!(error, ErrorKind::HostUnreachable);
    let changes = books.close(&lab, &msee);
    assert_eq!(changes.losses(), [("icmp_net_unreachable", 1)].into(), "{changes:?}");
    msee.terminate();
}

#[test]
fn a_neighbour_is_found_before_the_first_state() {
    let lab = scene::lab("early");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(None, None));
    msee.kill();
    let msee = lab.start();
    let books = Books::open(&lab, &msee);
    flow::answer(&lab, "vm");
    for vm in [IpAddr::from(VM), VM6.into()] {
        let outcome = Flow::default().run(&lab, "ce", vm);
        assert!(outcome.lost.is_empty(), "{outcome:?} {}", msee.get("/counters"));
        assert_eq!(neighbour(&msee, vm).unwrap()["mac"], VM_MAC.to_string());
    }
    assert_delivered(&books.close(&lab, &msee), 200);
    msee.terminate();
}
