//! What the kernel loses after our verdict, under overflowing sockets and dead links.

use std::os::fd::AsFd as _;

use abi::verdict::{self, Verdict};
use afxdp::losses::{Losses, PortLosses, SocketLosses};
use nix::sys::socket::{setsockopt, sockopt};

use crate::{hosts::Hosts, namespace::ip, rig::Rig, sockets::socket};

/// Sends datagrams from the customer to the VM.
fn send(hosts: &Hosts, count: u32, ttl: i32) {
    hosts.customer.run(move || {
        let socket = socket("172.16.1.1:0");
        setsockopt(&socket, sockopt::Ipv4Ttl, &ttl).unwrap();
        for _ in 0..count {
            socket.send_to(b"lost?", "10.255.10.4:33434").unwrap();
        }
    });
}

/// What was lost so far at all ports.
fn read(rig: &Rig, losses: &mut PortLosses) -> Losses {
    for port in rig.fast_path.ports() {
        losses.read(&port.interface, port.ifindex).unwrap();
    }
    losses.total()
}

#[test]
fn all_verdicts_together_are_what_was_sent() {
    let mut rig = Rig::start();
    let hosts = Hosts::connect(&rig.namespace);
    let mut losses = PortLosses::default();
    let before = read(&rig, &mut losses);
    assert_eq!(before, Losses::default());
    let port = rig.port("eth1").clone();
    let config = afxdp::Config { receive: 16, batch: 16, ..afxdp::Config::default() };
    let mut punts = afxdp::Socket::bind("eth1", 0, &config).unwrap();
    losses.open("eth1", port.ifindex, vec![punts.statistics_source().unwrap()]);
    rig.fast_path.bind_punt(port.slot, punts.as_fd()).unwrap();

    // Nobody takes the punts: 16 fit.
    send(&hosts, 50, 1);
    // And a redirect that is refused for another reason, in the same counter of the driver.
    ip("link set eth2 down");
    send(&hosts, 10, 64);
    let lost = read(&rig, &mut losses);
    let overflow = SocketLosses { ring_full: 34, ..SocketLosses::default() };
    assert_eq!(lost, Losses { redirect_refused: 10, socket: overflow, ..before });

    let received = punts.receive() as u64;
    assert_eq!(received, 16);
    let mut counters = rig.counters();
    lost.add_to(&mut counters);
    let of = |verdict: &Verdict| counters[usize::from(verdict.number())];
    assert_eq!((of(&Verdict::TtlExpired), of(&Verdict::ForwardedDirect)), (50, 10));
    let ended = verdict::ALL.iter().filter(|verdict| verdict.is_loss());
    assert_eq!(ended.map(of).sum::<u64>() + received, 60, "{counters:?}");

    // A second socket starts from 0; the first one's losses stay.
    losses.close("eth1");
    drop(punts);
    let mut punts = afxdp::Socket::bind("eth1", 0, &config).unwrap();
    losses.open("eth1", port.ifindex, vec![punts.statistics_source().unwrap()]);
    rig.fast_path.bind_punt(port.slot, punts.as_fd()).unwrap();
    send(&hosts, 20, 1);
    let overflow = SocketLosses { ring_full: 34 + 4, ..overflow };
    assert_eq!(read(&rig, &mut losses), Losses { socket: overflow, ..lost });
    assert_eq!(punts.receive(), 16);
    rig.fast_path.shutdown().unwrap();
}

#[test]
fn an_answer_that_does_not_reach_the_far_end_is_counted_once() {
    let rig = Rig::start();
    let hosts = Hosts::connect(&rig.namespace);
    let mut losses = PortLosses::default();
    let before = read(&rig, &mut losses);
    let mut punts = afxdp::Socket::bind("eth1", 0, &afxdp::Config::default()).unwrap();
    hosts.customer.run(|| ip("link set eth1p down"));
    punts.send_copy(&[0; 60]).unwrap();
    // In copy mode the kernel says so, and has counted the frame.
    let _ = punts.wakeup();
    let lost = read(&rig, &mut losses);
    assert_eq!(lost, Losses { ring_full: 1, ..before });
    rig.fast_path.shutdown().unwrap();
}
