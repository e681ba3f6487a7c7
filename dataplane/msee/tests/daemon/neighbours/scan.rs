//! A customer scans addresses that nobody has: a whole /24, and 10,000 of a /64.

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket},
    thread::sleep,
    time::Duration,
};

use abi::verdict::Verdict;

use super::{
    flow::{self, Flow},
    neighbour,
    scene::{self, CE_MAC, VM},
    wiretap::{self, Tap},
};
use crate::{
    books::Books,
    lab::{Lab, Msee},
    settled,
};

/// Neighbours without an answer that packets of one port may ask for at one time.
const UNRESOLVED: usize = 256;

fn targets() -> Vec<IpAddr> {
    let ipv4 = (0..=255).map(|last| IpAddr::from(Ipv4Addr::new(10, 255, 20, last)));
    let host = |number| Ipv6Addr::new(0xfd00, 0x255, 0, 0x20, 0, 0, 0, number);
    ipv4.chain((1..=10_000).map(|number| host(number).into())).collect()
}

/// One datagram to each, a hundred at a time.
fn scan(lab: &Lab, targets: Vec<IpAddr>) {
    lab.inside("ce", move || {
        let sockets = ["0.0.0.0:0", "[::]:0"].map(|any| UdpSocket::bind(any).unwrap());
        for hundred in targets.chunks(100) {
            for target in hundred {
                // Errors of earlier ones are told here.
                let socket = &sockets[usize::from(target.is_ipv6())];
                let _ = socket.send_to(b"?", (*target, 9));
            }
            sleep(Duration::from_millis(20));
        }
    });
}

fn descriptors(msee: &Msee) -> usize {
    fs::read_dir(format!("/proc/{}/fd", msee.process())).unwrap().count()
}

fn unresolved(msee: &Msee) -> usize {
    let all = msee.get("/neighbours");
    let all = all["neighbours"].as_array().unwrap().iter();
    all.filter(|neighbour| neighbour["mac"].is_null()).count()
}

#[test]
fn a_scan_is_bounded_and_displaces_nobody() {
    let lab = scene::lab("scan");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    let mut state = scene::state(Some(CE_MAC), None);
    let targets = targets();
    for target in &targets {
        let length = if target.is_ipv4() { 32 } else { 128 };
        scene::route(&mut state, &format!("{target}/{length}"), scene::direct(*target, None));
    }
    stream.apply(1, state);
    flow::answer(&lab, "vm");
    let few = Flow { packets: 20, ..Flow::default() };
    assert!(few.run(&lab, "ce", VM).lost.is_empty());
    // The VM is in an image of its own.
    let generation = settled(&msee)["generation"].as_u64().unwrap();
    let descriptors_before = descriptors(&msee);

    let books = Books::open(&lab, &msee);
    let wiretap = Tap::start(&lab, "vm", wiretap::asked_for);
    let scanned = targets.len() as u64;
    scan(&lab, targets);
    let during = unresolved(&msee);
    println!("{during} neighbours are remembered right after the scan");
    assert!((1..=UNRESOLVED).contains(&during), "{during}");
    // The admin socket's last client may not have been hung up on.
    assert!(descriptors(&msee) <= descriptors_before + 1);
    // Who is known stays, and its packets pass.
    assert!(few.run(&lab, "ce", VM).lost.is_empty());

    sleep(Duration::from_secs(7));
    assert_eq!(unresolved(&msee), 0, "all are forgotten");
    let changes = books.close(&lab, &msee);
    println!("{scanned} scanned, {changes:?}");
    // Each has one end, and those of the VM that is there were forwarded.
    let over_budget = changes.of(Verdict::BudgetException);
    assert_eq!(changes.of(Verdict::NeighbourUnresolved) + over_budget, scanned, "{changes:?}");
    assert_eq!(changes.losses().values().sum::<u64>(), scanned, "{changes:?}");
    for way in [Verdict::ForwardedDirect, Verdict::ForwardedCe] {
        assert_eq!(changes.of(way), 20, "{changes:?}");
    }
    let mut asked: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for (_, address) in wiretap.read() {
        *asked.entry(address).or_default() += 1;
    }
    println!("{} addresses were asked for", asked.len());
    assert!(asked.len() <= 2 * UNRESOLVED, "those that waited, and the VM");
    assert!(asked.values().all(|times| *times <= 3), "{asked:?}");
    assert_eq!(neighbour(&msee, VM).unwrap()["source"], "learned");
    // Nothing was learned, so nothing was published.
    assert_eq!(msee.get("/neighbours")["generation"], generation);
    msee.terminate();
}
