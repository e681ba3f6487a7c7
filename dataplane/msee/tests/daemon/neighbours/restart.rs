//! What the next process makes of the neighbours that a killed one had learned.

use std::{
    io::ErrorKind,
    net::IpAddr,
    thread::sleep,
    time::{Duration, Instant},
};

use super::{
    count, ended,
    flow::{self, Flow},
    neighbour,
    nobody::try_to_reach,
    scene::{self, CE, CE_MAC, CE6, VM, VM_MAC, VM6},
};
use crate::{lab::Msee, settled};

/// What is adopted is asked for within 5 s, three times; the kernel needs as long.
const BOUND: Duration = Duration::from_secs(12);

fn state_of(msee: &Msee, address: impl Into<IpAddr>) -> Option<String> {
    Some(neighbour(msee, address)?["state"].as_str().unwrap().to_owned())
}

/// Waits until a neighbour is in a state; how long that took.
fn wait_for(msee: &Msee, address: impl Into<IpAddr> + Copy, state: Option<&str>) -> Duration {
    let started = Instant::now();
    while state_of(msee, address).as_deref() != state {
        assert!(started.elapsed() < BOUND, "{:?}", neighbour(msee, address));
        sleep(Duration::from_millis(50));
    }
    started.elapsed()
}

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
    // The killed process took its own counts along: those of what it sent on.
    let forwarded =
        |counters| count(counters, "forwarded_direct") + count(counters, "forwarded_ce");
    let sent = 2 * (u64::from(sent) + 40);
    assert_eq!(forwarded(&counters), forwarded(&before) - punted + sent, "{counters}");
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
    let generation = || msee.get("/neighbours")["generation"].as_u64().unwrap();
    let adopted = generation();
    for vm in [IpAddr::from(VM), VM6.into()] {
        wait_for(&msee, vm, None);
        println!("{vm} is forgotten {:?} after the start", started.elapsed());
    }
    sleep(Duration::from_millis(300));
    assert!((1..=2).contains(&(generation() - adopted)), "images without it");
    let before = msee.get("/counters");
    for vm in [IpAddr::from(VM), VM6.into()] {
        let (error, _) = try_to_reach(&lab, vm);
        assert_eq!(error, ErrorKind::HostUnreachable);
    }
    let counters = msee.get("/counters");
    let since = |verdict| count(&counters, verdict) - count(&before, verdict);
    assert_eq!(since("neighbour_unresolved"), 2, "{counters}");
    assert_eq!(ended(&counters) - ended(&before), 2, "{counters}");
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
    let before = lab.start();
    flow::answer(&lab, "vm");
    for vm in [IpAddr::from(VM), VM6.into()] {
        let outcome = Flow::default().run(&lab, "ce", vm);
        assert!(outcome.lost.is_empty(), "{outcome:?} {}", before.get("/counters"));
        assert_eq!(neighbour(&before, vm).unwrap()["mac"], VM_MAC.to_string());
    }
    let counters = before.get("/counters");
    assert_eq!(count(&counters, "forwarded_direct"), 200, "{counters}");
    assert_eq!(count(&counters, "forwarded_ce"), 200, "{counters}");
    assert_eq!(ended(&counters), 0, "{counters}");
    before.terminate();
}
