//! A VM that floods its fabric with ARP takes nobody's neighbours away.

use std::{
    net::{IpAddr, Ipv4Addr, UdpSocket},
    thread::{self, sleep},
    time::{Duration, Instant},
};

use abi::verdict::Verdict;
use afxdp::{Config, Socket};

use super::{
    flow::{self, Flow},
    scene::{self, CE_MAC, VM, VM6},
    wait_for,
};
use crate::{books::Books, lab::Lab};

/// Every neighbour is asked within 20 s, and would be forgotten after three questions.
const LASTING: Duration = Duration::from_secs(26);

/// So many frames at once, and the pause between: twenty times a budget, with no gap for others.
const BURST: u32 = 4;
const PAUSE: Duration = Duration::from_micros(140);

/// Neighbours besides the VM's two: three answers in a row are lost of one of them, though not of each.
const MANY: u8 = 20;

/// Of a station in another VNet.
const FLOODER: [u8; 6] = [2, 0, 0, 0, 2, 0x66];
const FABRIC_MAC: [u8; 6] = [2, 0, 0, 0, 2, 1];

/// An ARP message that is none of the router's business.
fn arp(to: [u8; 6], operation: u8) -> Vec<u8> {
    let sender = [10, 254, 77, 7];
    let head = [8, 6, 0, 1, 8, 0, 6, 4, 0, operation];
    [&to[..], &FLOODER, &head, &FLOODER, &sender, &[0; 6], &sender].concat()
}

fn flood(lab: &Lab, frame: Vec<u8>) {
    lab.inside("vm", move || {
        let mut socket = Socket::bind("eth1", 0, &Config::default()).unwrap();
        let (started, mut sent) = (Instant::now(), 0);
        while started.elapsed() < LASTING {
            // What it has missed it leaves out.
            for _ in 0..BURST {
                sent += u32::from(socket.send_copy(&frame).is_ok());
            }
            socket.wakeup().unwrap();
            socket.release();
            sleep(PAUSE);
        }
        println!("{sent} frames in {:?}", started.elapsed());
    });
}

fn keeps_its_neighbours(test: &str, frame: Vec<u8>) {
    let lab = scene::lab(test);
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
    flow::answer(&lab, "vm");
    let few = Flow { packets: 20, ..Flow::default() };
    for vm in [IpAddr::from(VM), VM6.into()] {
        assert!(few.run(&lab, "ce", vm).lost.is_empty());
    }
    let targets = addresses.clone();
    lab.inside("ce", move || {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        for target in targets {
            socket.send_to(b"hello", (target, 9)).unwrap();
        }
    });
    for address in addresses {
        wait_for(&msee, address, Some("reachable"));
    }
    let books = Books::open(&lab, &msee);
    thread::scope(|scope| {
        let flooding = scope.spawn(|| flood(&lab, frame));
        while !flooding.is_finished() {
            let all = msee.get("/neighbours");
            let all = all["neighbours"].as_array().unwrap().iter();
            let known = all.filter(|it| it["source"] == "learned" && !it["mac"].is_null());
            assert_eq!(known.count(), usize::from(MANY) + 2);
            few.run(&lab, "ce", VM);
            sleep(Duration::from_millis(300));
        }
        flooding.join().unwrap();
    });
    let changes = books.close(&lab, &msee);
    println!("{changes:?}");
    assert!(changes.of(Verdict::BudgetNeighbour) > 26 * 1_000, "no flood: {changes:?}");
    // Nobody had to be found anew, and nobody was told that a host is unreachable.
    for verdict in [Verdict::NeighbourUnresolved, Verdict::IcmpNetUnreachable] {
        assert_eq!(changes.of(verdict), 0, "{changes:?}");
    }
    msee.terminate();
}

#[test]
fn a_flood_of_questions_to_everybody_loses_no_neighbour() {
    keeps_its_neighbours("flood-group", arp([0xff; 6], 1));
}

#[test]
fn a_flood_of_answers_to_the_router_loses_no_neighbour() {
    keeps_its_neighbours("flood-alone", arp(FABRIC_MAC, 2));
}
