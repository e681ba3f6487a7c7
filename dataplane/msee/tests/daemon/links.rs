//! How fast the daemon settles after an interface was deleted and made anew, or has changed.

use std::{
    fs,
    net::UdpSocket,
    thread::sleep,
    time::{Duration, Instant},
};

use abi::verdict::Verdict;

use crate::{
    books::Books,
    lab::{self, Lab, Msee},
    soak,
};

/// Five times the goal, because the machine is shared.
const SETTLED: Duration = Duration::from_secs(5);

fn descriptors(msee: &Msee) -> usize {
    fs::read_dir(format!("/proc/{}/fd", msee.process())).unwrap().count()
}

/// Sends numbered packets until one arrives.
fn settled(source: &UdpSocket, sink: &UdpSocket, change: &str) -> Duration {
    let started = Instant::now();
    let mut received = [0; 64];
    while sink.recv(&mut received).is_ok() {}
    loop {
        let _ = source.send_to(change.as_bytes(), "10.255.10.4:9");
        if let Ok(length) = sink.recv(&mut received)
            && received[..length] == *change.as_bytes()
        {
            return started.elapsed();
        }
        assert!(started.elapsed() < SETTLED, "not settled after {change}");
    }
}

#[test]
fn the_router_settles_after_links_flap_and_come_and_go() {
    let lab = Lab::new("flap");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    let sink = lab.inside("vm", || {
        let socket = UdpSocket::bind("0.0.0.0:9").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        socket
    });
    let source = lab.inside("ce", || UdpSocket::bind("172.16.1.1:0").unwrap());
    settled(&source, &sink, "start");
    let before = descriptors(&msee);
    let rounds = soak::rounds(3, 300);
    let mut longest = Duration::ZERO;
    for round in 0..rounds {
        lab.run("ip -n @vm link set eth1 down");
        sleep(Duration::from_millis(500));
        lab.run("ip -n @vm link set eth1 up");
        lab.run("ip -n @vm route replace default via 10.255.0.4");
        longest = longest.max(settled(&source, &sink, &format!("flap {round}")));

        lab.run("ip -n @msee link del eth2");
        lab.connect_vm();
        longest = longest.max(settled(&source, &sink, &format!("new interface {round}")));

        for mtu in [1_400, 1_500] {
            lab.run(&format!("ip -n @msee link set eth2 mtu {mtu}"));
            longest = longest.max(settled(&source, &sink, &format!("MTU {mtu} {round}")));
        }
    }
    println!("{rounds} rounds, settled within {longest:?}");
    let deadline = Instant::now() + SETTLED;
    while descriptors(&msee) != before {
        assert!(Instant::now() < deadline, "{} descriptors, were {before}", descriptors(&msee));
        sleep(Duration::from_millis(20));
    }
    // And it counts as it did: sent = delivered.
    while sink.recv(&mut [0; 64]).is_ok() {}
    let books = Books::open(&lab, &msee);
    for number in 0..100_u8 {
        source.send_to(&[number], "10.255.10.4:9").unwrap();
        let mut received = [0; 64];
        assert_eq!((sink.recv(&mut received).unwrap(), received[0]), (1, number));
    }
    let changes = books.close(&lab, &msee);
    assert_eq!(changes.of(Verdict::ForwardedDirect), 100, "{changes:?}");
    assert!(changes.losses().is_empty(), "{changes:?}");
    msee.terminate();
}
