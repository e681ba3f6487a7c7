//! Real packets from host to host through the MSEE, and into its kernel and its punt socket.

use std::{
    net::{SocketAddr, UdpSocket},
    os::fd::AsFd as _,
    time::Duration,
};

use abi::verdict::Verdict;
use msee::fastpath::Neighbours;
use nix::sys::socket::{setsockopt, sockopt};

use crate::{
    hosts::Hosts,
    namespace::ip,
    rig::{self, Rig},
};

/// A UDP socket that waits a second for answers.
pub fn socket(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    // What is not read in time on a busy machine is not lost.
    setsockopt(&socket, sockopt::RcvBufForce, &(64 << 20)).unwrap();
    socket
}

#[test]
fn packets_reach_the_vm_and_come_back() {
    let rig = Rig::start();
    let hosts = Hosts::connect(&rig.namespace);
    hosts.serve();
    hosts.customer.run(|| {
        let socket = socket("172.16.1.1:0");
        for number in 0..100_u8 {
            // A TTL of 2 passes one router and no second one.
            setsockopt(&socket, sockopt::Ipv4Ttl, &(2 + i32::from(number % 2))).unwrap();
            let message = vec![number; 1 + usize::from(number) * 14];
            socket.send_to(&message, "10.255.10.4:7").unwrap();
            let mut answer = [0; 2_048];
            let length = socket.recv(&mut answer).expect("an answer");
            assert_eq!(answer[..length], message);
        }
    });
    assert_eq!(rig.count(Verdict::ForwardedDirect), 100);
    assert_eq!(rig.count(Verdict::ForwardedCe), 100);
    let sum: u64 = rig.counters().iter().sum();
    assert_eq!(sum, 200, "nothing else was counted: {:?}", rig.counters());
}

#[test]
fn what_is_for_the_msee_reaches_its_kernel() {
    let rig = Rig::start();
    let hosts = Hosts::connect(&rig.namespace);
    let server = socket("172.16.1.2:179");
    hosts.customer.run(|| {
        let client = socket("172.16.1.1:1790");
        client.send_to(b"open", "172.16.1.2:179").unwrap();
    });
    let mut message = [0; 16];
    let (length, sender) = server.recv_from(&mut message).expect("the kernel delivers it");
    assert_eq!((&message[..length], sender), (&b"open"[..], "172.16.1.1:1790".parse().unwrap()));
    let answered = {
        let customer = &hosts.customer;
        let client: UdpSocket = customer.run(|| socket("172.16.1.1:1791"));
        server.send_to(b"ok", "172.16.1.1:1791".parse::<SocketAddr>().unwrap()).unwrap();
        client.recv(&mut message)
    };
    assert_eq!(answered.expect("the customer hears it"), 2);
    assert_eq!(rig.count(Verdict::LocalKernel), 1);
    assert_eq!(rig.count(Verdict::LocalFromKernel), 1);
}

#[test]
fn a_punt_arrives_whole_with_its_metadata() {
    let mut rig = Rig::start();
    let hosts = Hosts::connect(&rig.namespace);
    let port = rig.port("eth1").clone();
    let mut punts = afxdp::Socket::bind("eth1", 0, &afxdp::Config::default()).unwrap();
    rig.fast_path.bind_punt(port.slot, punts.as_fd()).unwrap();
    hosts.customer.run(|| {
        let socket = socket("172.16.1.1:0");
        setsockopt(&socket, sockopt::Ipv4Ttl, &1).unwrap();
        socket.send_to(b"traceroute", "10.255.10.4:33434").unwrap();
    });
    assert!(punts.wait(Duration::from_secs(1)).unwrap(), "a punt arrives");
    assert_eq!(punts.receive(), 1);
    let frame = punts.frame(0).unwrap();
    assert_eq!(frame.metadata.verdict, Verdict::TtlExpired.number());
    assert_eq!(u32::from(frame.metadata.port), port.slot);
    assert_eq!(u64::from(frame.metadata.generation), rig.fast_path.compiled().generation());
    assert_eq!(frame.data.len(), 14 + 20 + 8 + b"traceroute".len());
    assert_eq!((frame.data[22], &frame.data[42..]), (1, &b"traceroute"[..]), "unmodified");
    assert_eq!(rig.count(Verdict::TtlExpired), 1);
    punts.release();
}

#[test]
fn a_recreated_interface_is_attached_again() {
    let mut rig = Rig::start();
    let slot = rig.port("eth1").slot;
    ip("link del eth1");
    crate::namespace::veth("eth1", rig::ETH1, "eth1p", rig::CE);
    rig.fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
    assert_eq!(rig.port("eth1").slot, slot);
    let hosts = Hosts::connect(&rig.namespace);
    hosts.serve();
    hosts.customer.run(|| {
        let socket = socket("172.16.1.1:0");
        socket.send_to(b"again", "10.255.10.4:7").unwrap();
        assert_eq!(socket.recv(&mut [0; 16]).expect("an answer"), 5);
    });
}
