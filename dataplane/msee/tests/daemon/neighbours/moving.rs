//! A station becomes another one: the same IP address at another MAC address.

use std::{net::IpAddr, thread, time::Duration};

use abi::verdict::Verdict;

use super::{
    flow::{self, Flow},
    neighbour,
    scene::{self, CE, CE_MAC, CE6, VM, VM_MAC, VM6},
    wiretap::Tap,
};
use crate::{
    books::Books,
    lab::{Lab, Msee},
};

const NEW: &str = "02:00:00:00:02:99";

/// An answer is good for 20 s at most, three questions take 3 s, and the next packet asks anew.
const BOUND: Duration = Duration::from_secs(25);

fn announce(lab: &Lab, node: &str) {
    lab.sysctl(node, "net/ipv4/conf/eth1/arp_notify", "1");
    lab.sysctl(node, "net/ipv6/conf/eth1/ndisc_notify", "1");
}

/// Packets all the time, while the station `node` gets another MAC address. What is lost then was sent
/// to where it is not any more: all have come as far as its link.
fn longest_gaps(
    (lab, msee): (&Lab, &Msee),
    from: &str,
    node: &str,
    to: [IpAddr; 2],
    lasting: Duration,
) -> [Duration; 2] {
    let interval = Duration::from_millis(20);
    let packets = usize::try_from(lasting.as_millis() / interval.as_millis()).unwrap();
    let flow = Flow { packets, interval };
    let books = Books::open(lab, msee);
    let tap = Tap::start(lab, node, |frame| flow::is_of_one(frame).then_some(()));
    let outcomes = thread::scope(|scope| {
        let flows = to.map(|to| scope.spawn(move || flow.run(lab, from, to)));
        thread::sleep(Duration::from_millis(500));
        lab.run(&format!("ip -n @{node} link set eth1 address {NEW}"));
        flows.map(|flow| {
            let outcome = flow.join().unwrap();
            assert!(!outcome.lost.contains(&(packets - 1)), "it never recovered: {outcome:?}");
            outcome
        })
    });
    let (sent, come) = (2 * packets, tap.read().len());
    let lost: usize = outcomes.iter().map(|outcome| outcome.lost.len()).sum();
    let changes = books.close(lab, msee);
    let ways = [Verdict::ForwardedDirect, Verdict::ForwardedCe].map(|way| changes.of(way));
    let (there, back) = if node == "vm" { (ways[0], ways[1]) } else { (ways[1], ways[0]) };
    assert_eq!((come, there), (sent, sent as u64), "{changes:?}");
    assert_eq!(back, (sent - lost) as u64, "{changes:?}");
    assert!(changes.losses().is_empty(), "{changes:?}");
    outcomes.map(|outcome| outcome.gap)
}

#[test]
fn a_vm_that_announces_its_new_address_is_reached_there_at_once() {
    let lab = scene::lab("announced");
    announce(&lab, "vm");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(Some(CE_MAC), None));
    flow::answer(&lab, "vm");
    let vms = [VM.into(), VM6.into()];
    let gaps = longest_gaps((&lab, &msee), "ce", "vm", vms, Duration::from_secs(3));
    println!("longest gaps after an announcement: {gaps:?}");
    for (vm, gap) in vms.into_iter().zip(gaps) {
        assert!(gap < Duration::from_secs(1), "{vm}: {gap:?}");
        assert_eq!(neighbour(&msee, vm).unwrap()["mac"], NEW);
    }
    msee.terminate();
}

#[test]
fn a_vm_that_changes_in_silence_is_noticed_within_the_bound() {
    let lab = scene::lab("silent");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(Some(CE_MAC), None));
    flow::answer(&lab, "vm");
    let vms = [VM.into(), VM6.into()];
    let gaps = longest_gaps((&lab, &msee), "ce", "vm", vms, BOUND + Duration::from_secs(1));
    println!("longest gaps without one: {gaps:?}");
    assert!(gaps.iter().all(|gap| *gap < BOUND), "{gaps:?}");
    for vm in vms {
        assert_eq!(neighbour(&msee, vm).unwrap()["mac"], NEW);
    }
    msee.terminate();
}

#[test]
fn a_customer_edge_that_announces_its_new_address_is_followed_through_the_kernel() {
    let lab = scene::lab("customer");
    announce(&lab, "ce");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(None, Some(VM_MAC)));
    flow::answer(&lab, "ce");
    // Before, the kernel takes another address for an echo of the old one (`locktime`).
    let few = Flow { packets: 20, ..Flow::default() };
    for customer in [IpAddr::from(CE), CE6.into()] {
        assert!(few.run(&lab, "vm", customer).lost.is_empty());
    }
    thread::sleep(Duration::from_millis(1_200));
    let customers = [CE.into(), CE6.into()];
    let gaps = longest_gaps((&lab, &msee), "vm", "ce", customers, Duration::from_secs(3));
    println!("longest gaps of a customer edge: {gaps:?}");
    for (customer, gap) in customers.into_iter().zip(gaps) {
        assert!(gap < Duration::from_secs(1), "{customer}: {gap:?}");
        assert_eq!(neighbour(&msee, customer).unwrap()["mac"], NEW);
    }
    msee.terminate();
}
