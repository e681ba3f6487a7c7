//! A VM that does not exist.

use std::{
    io::ErrorKind,
    net::{IpAddr, UdpSocket},
    thread::sleep,
    time::{Duration, Instant},
};

use abi::verdict::Verdict;
use nix::sys::socket::{setsockopt, sockopt};

use super::{
    neighbour,
    scene::{self, CE_MAC, NOBODY, NOBODY6, VM_MAC},
    wiretap::{self, Tap},
};
use crate::{books::Books, lab::Lab};

/// Sends a datagram and waits for an ICMP error: what the kernel makes of it, and how long it took.
pub(super) fn try_to_reach(lab: &Lab, address: IpAddr) -> (ErrorKind, Duration) {
    try_from(lab, "ce", address)
}

/// The same, from any node.
pub(super) fn try_from(lab: &Lab, node: &str, address: IpAddr) -> (ErrorKind, Duration) {
    lab.inside(node, move || {
        let any: IpAddr = if address.is_ipv4() { [0; 4].into() } else { [0_u16; 8].into() };
        let socket = UdpSocket::bind((any, 0)).unwrap();
        if address.is_ipv4() {
            setsockopt(&socket, sockopt::Ipv4RecvErr, &true).unwrap();
        } else {
            setsockopt(&socket, sockopt::Ipv6RecvErr, &true).unwrap();
        }
        socket.set_read_timeout(Some(Duration::from_secs(6))).unwrap();
        socket.connect((address, 9)).unwrap();
        let started = Instant::now();
        socket.send(b"anybody?").unwrap();
        let error = socket.recv(&mut [0; 8]).unwrap_err();
        (error.kind(), started.elapsed())
    })
}

#[test]
fn a_vm_that_does_not_exist_is_asked_for_three_times_and_then_unreachable() {
    let lab = scene::lab("nobody");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(Some(CE_MAC), Some(VM_MAC)));
    let books = Books::open(&lab, &msee);
    for nobody in [IpAddr::from(NOBODY), NOBODY6.into()] {
        let wiretap = Tap::start(&lab, "vm", wiretap::asked_for);
        let (error, time) = try_to_reach(&lab, nobody);
        assert_eq!(error, ErrorKind::HostUnreachable);
        assert!((2_900..4_000).contains(&time.as_millis()), "{time:?}");
        assert_eq!(neighbour(&msee, nobody).unwrap()["state"], "failed");
        // What comes now is told at once, and nobody is asked.
        let (error, time) = try_to_reach(&lab, nobody);
        assert_eq!(error, ErrorKind::HostUnreachable);
        assert!(time < Duration::from_secs(1), "{time:?}");
        let asked = wiretap.read();
        assert!(asked.iter().all(|(_, address)| *address == nobody), "{asked:?}");
        let times: Vec<_> = asked.iter().map(|(time, _)| *time).collect();
        assert_eq!(times.len(), 3, "{asked:?}");
        for pair in times.windows(2) {
            assert!((900..1_500).contains(&(pair[1] - pair[0]).as_millis()), "{asked:?}");
        }
    }
    // Sent = answered.
    let changes = books.close(&lab, &msee);
    assert_eq!(changes.of(Verdict::NeighbourUnresolved), 4, "{changes:?}");
    assert_eq!(changes.losses(), [("icmp_net_unreachable", 4)].into(), "{changes:?}");
    // It is forgotten, and a machine that comes up later is found.
    sleep(Duration::from_secs(4));
    assert_eq!(neighbour(&msee, NOBODY6), None);
    lab.run(&format!("ip -n @vm address add {NOBODY}/16 dev eth1"));
    let (error, _) = try_to_reach(&lab, NOBODY.into());
    assert_eq!(error, ErrorKind::ConnectionRefused, "it answers that nothing listens");
    msee.terminate();
}
