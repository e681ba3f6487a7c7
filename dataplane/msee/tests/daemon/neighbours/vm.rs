//! A VM whose MAC address is not declared is reached.

use std::{
    net::{IpAddr, Ipv4Addr, UdpSocket},
    thread::sleep,
    time::Duration,
};

use abi::verdict::Verdict;
use desired::Adjacency;

use super::{
    assert_delivered, count,
    flow::{self, Flow},
    neighbour,
    scene::{self, CE_MAC, VM, VM_MAC, VM6},
    wiretap::Tap,
};
use crate::books::Books;

#[test]
fn a_vm_that_nobody_declared_is_found_and_the_first_packets_are_late_not_lost() {
    let lab = scene::lab("found");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(Some(CE_MAC), None));
    flow::answer(&lab, "vm");
    let books = Books::open(&lab, &msee);
    let mut sent = 0;
    for vm in [IpAddr::from(VM), VM6.into()] {
        assert_eq!(neighbour(&msee, vm), None);
        let outcome = Flow::default().run(&lab, "ce", vm);
        assert!(outcome.lost.is_empty(), "{outcome:?}");
        println!("{vm}: the first answer came after {:?}", outcome.first);
        sent += 100;
        let found = neighbour(&msee, vm).unwrap();
        assert_eq!(found["mac"], VM_MAC.to_string(), "{found}");
        assert_eq!((&found["port"], &found["source"]), (&"eth2".into(), &"learned".into()));

        // Every packet is forwarded once, wherever that was done.
        let counters = msee.get("/counters");
        assert_eq!(count(&counters, "forwarded_direct"), sent, "{counters}");
        assert_eq!(count(&counters, "forwarded_ce"), sent, "{counters}");
        assert!(count(&counters, "neighbour_unresolved") > 0, "{counters}");
        assert_eq!(count(&counters, "neighbour_queue_full"), 0, "{counters}");
    }
    // The image has it: no packet is punted any more.
    let before = count(&msee.get("/counters"), "neighbour_unresolved");
    for vm in [IpAddr::from(VM), VM6.into()] {
        assert!(Flow::default().run(&lab, "ce", vm).lost.is_empty());
    }
    let changes = books.close(&lab, &msee);
    assert_eq!(changes.of(Verdict::NeighbourUnresolved), before, "{changes:?}");
    assert_delivered(&changes, 400);
    msee.terminate();
}

#[test]
fn many_that_are_found_together_are_few_images() {
    const MANY: u8 = 100;
    let lab = scene::lab("many");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    let mut state = scene::state(Some(CE_MAC), None);
    let addresses = (1..=MANY).map(|last| Ipv4Addr::new(10, 255, 30, last));
    for address in addresses.clone() {
        lab.run(&format!("ip -n @vm address add {address}/16 dev eth1"));
        scene::route(&mut state, &format!("{address}/32"), scene::direct(address, None));
    }
    stream.apply(1, state);
    let generation = || msee.get("/neighbours")["generation"].as_u64().unwrap();
    let before = generation();
    let books = Books::open(&lab, &msee);
    let targets: Vec<_> = addresses.clone().collect();
    lab.inside("ce", move || {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        for target in targets {
            socket.send_to(b"hello", (target, 9)).unwrap();
            sleep(Duration::from_millis(1));
        }
    });
    let changes = books.close(&lab, &msee);
    // Nothing listens there: each is answered with an error, which is forwarded too.
    assert_delivered(&changes, u64::from(MANY));
    for address in addresses {
        assert_eq!(neighbour(&msee, address).unwrap()["mac"], VM_MAC.to_string());
    }
    let images = generation() - before;
    println!("{MANY} neighbours were learned by {images} images");
    assert!((1..=u64::from(MANY) / 4).contains(&images), "{images}");
    msee.terminate();
}

#[test]
fn an_instance_of_a_gateway_is_found_by_its_address() {
    let lab = scene::lab("instance");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    let mut state = scene::state(Some(CE_MAC), None);
    for vrf in state.vrfs.values_mut() {
        for route in vrf.routes.values_mut() {
            if let Adjacency::Gateway { instances, .. } = &mut route.adjacency {
                instances[0].mac = None;
            }
        }
    }
    stream.apply(1, state);
    let instance = Ipv4Addr::new(10, 255, 0, 12);
    lab.run(&format!("ip -n @vm address add {instance}/16 dev eth1"));
    // Nobody answers behind it: what was sent has come as far as the instance.
    let books = Books::open(&lab, &msee);
    let tap = Tap::start(&lab, "vm", |frame| flow::is_of_one(frame).then_some(()));
    let outcome = Flow { packets: 10, ..Flow::default() }.run(&lab, "ce", crate::lab::TARGET);
    assert_eq!((outcome.lost.len(), tap.read().len()), (10, 10));
    let changes = books.close(&lab, &msee);
    assert_eq!(changes.of(Verdict::ForwardedGateway), 10, "{changes:?}");
    assert!(changes.losses().is_empty(), "{changes:?}");
    assert_eq!(neighbour(&msee, instance).unwrap()["mac"], VM_MAC.to_string());
    msee.terminate();
}

#[test]
fn what_was_learned_outlives_states_and_is_forgotten_with_its_route() {
    let lab = scene::lab("outlives");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(Some(CE_MAC), None));
    flow::answer(&lab, "vm");
    let books = Books::open(&lab, &msee);
    assert!(Flow::default().run(&lab, "ce", VM).lost.is_empty());
    let punted = count(&msee.get("/counters"), "neighbour_unresolved");
    let mut state = scene::state(Some(CE_MAC), None);
    scene::route(&mut state, "10.255.10.77/32", scene::direct([10, 255, 10, 77], None));
    stream.apply(2, state);
    assert!(Flow::default().run(&lab, "ce", VM).lost.is_empty());
    let changes = books.close(&lab, &msee);
    assert_eq!(changes.of(Verdict::NeighbourUnresolved), punted, "{changes:?}");
    assert_delivered(&changes, 200);

    // Declared, it is nothing that was learned any more.
    stream.apply(3, scene::state(Some(CE_MAC), Some(VM_MAC)));
    let found = neighbour(&msee, VM).unwrap();
    assert_eq!((&found["source"], &found["state"]), (&"declared".into(), &"permanent".into()));
    let all = msee.get("/neighbours");
    let learned = all["neighbours"].as_array().unwrap().iter();
    assert_eq!(learned.filter(|it| it["source"] == "learned").count(), 0, "{all}");
    msee.terminate();
}
