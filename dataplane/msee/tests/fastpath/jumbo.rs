//! Every packet length up to the longest there is, around each MTU: on, or punted to be cut or answered.
//!
//! Frames of more than a page have several buffers in the kernel: lengths from about 3,500 bytes on
//! cross that border, where a test run puts it in the same place as veth does.

use std::{
    net::UdpSocket,
    time::{Duration, Instant},
};

use abi::{
    limits,
    punt::Metadata,
    trace::Record,
    verdict::{self, Verdict},
};
use desired::{ServiceEthertype, Tags};
use msee::fastpath::Neighbours;

use crate::{
    frames::{checksummed, ethernet, tagged},
    hosts::Hosts,
    namespace::{Namespace, ip},
    rig::{self, CE, ETH1, ETH2, GATEWAY, HUB_VM, Rig, mac},
    soak::rounds,
};

const XDP_REDIRECT: u32 = 4;

/// MTUs of the next link: smaller, usual, where a frame fills a buffer and one more, and jumbo.
const MTUS: [u32; 6] = [1_400, 1_500, 3_506, 3_521, 9_000, 9_216];

/// A packet of `length` bytes, all of its payload different from its neighbours.
fn packet(version: u8, dont_fragment: bool, length: usize, to: u8, from_customer: bool) -> Vec<u8> {
    let header: &[u8] = match (version, from_customer) {
        (4, true) => &[172, 16, 1, 1, 10, 255, 10, 4],
        (4, false) => &[10, 255, 10, 4, 172, 16, 1, 1],
        _ => &[],
    };
    let payload = |header: usize| (0..length - header).map(|at| (at * 7 + at / 251) as u8);
    let total = |bytes: usize| u16::try_from(bytes).unwrap().to_be_bytes();
    if version == 4 {
        let [high, low] = total(length);
        let flags = if dont_fragment { 0x40 } else { 0 };
        let mut bytes = vec![0x45, 0, high, low, 0, 1, flags, 0, 64, 17, 0, 0];
        bytes.extend_from_slice(header);
        bytes.extend(payload(20));
        return checksummed(ethernet(mac(to), 0x0800, &bytes));
    }
    let [high, low] = total(length - 40);
    let mut bytes = vec![0x60, 0, 0, 0, high, low, 17, 64];
    let addresses = ["fd00:172::1", "fd00:255:0:10::4"].map(|it| it.parse().unwrap());
    let [customer, vm]: [std::net::Ipv6Addr; 2] = addresses;
    let (source, destination) = if from_customer { (customer, vm) } else { (vm, customer) };
    bytes.extend(source.octets().into_iter().chain(destination.octets()));
    bytes.extend(payload(40));
    ethernet(mac(to), 0x86dd, &bytes)
}

/// The packet one hop on.
fn forwarded(frame: &[u8], to: u8, from: u8, tags: &[u8]) -> Vec<u8> {
    let mut plain = frame.to_vec();
    plain[..6].copy_from_slice(&mac(to));
    plain[6..12].copy_from_slice(&mac(from));
    let is_v4 = plain[12] == 0x08;
    plain[if is_v4 { 22 } else { 21 }] -= 1;
    tagged(&if is_v4 { checksummed(plain) } else { plain }, tags)
}

fn last_verdict(record: &Record) -> u16 {
    record.steps[record.length as usize - 1].verdict
}

/// How far from the MTU each length is tried in each variant; elsewhere they take turns, but in a soak.
const AROUND: usize = 24;

/// Judges every length: by `room`, the bytes of the longest packet that fits the next link.
fn sweep(
    rig: &mut Rig,
    interface: &str,
    room: usize,
    way: impl Fn(u8, bool, usize) -> (Vec<u8>, Vec<u8>),
    on: Verdict,
) {
    let ifindex = rig.port(interface).ifindex;
    // How many variants share the lengths that are not around the MTU.
    let variants = rounds(3, 1) as usize;
    for (turn, (version, dont_fragment)) in (0..).zip([(4, true), (4, false), (6, true)]) {
        for length in 60..=limits::PACKET {
            if length % variants != turn % variants && length.abs_diff(room) > AROUND {
                continue;
            }
            let (frame, expected) = way(version, dont_fragment, length);
            let injection = rig.fast_path.inject(ifindex, &frame).unwrap();
            let what = format!("IPv{version}, {length} bytes, {room} fit");
            assert_eq!(injection.action, XDP_REDIRECT, "{what}");
            let verdict = match (length <= room, dont_fragment) {
                (true, _) => on,
                (false, true) => Verdict::TooBig,
                (false, false) => Verdict::TooBigFragmentable,
            };
            assert_eq!(last_verdict(&injection.record), verdict.number(), "{what}");
            if length <= room {
                assert!(injection.bytes == expected, "{what}");
            } else {
                // Whole and unmodified behind its metadata: userspace cuts it, or quotes it.
                assert!(injection.bytes[size_of::<Metadata>()..] == frame, "{what}");
            }
        }
    }
}

/// By FastPath and by the gateway: what differs is the adjacency.
#[test]
fn every_length_is_judged_by_the_next_links_mtu() {
    let (mut rig, _sockets) = Rig::start_with_sockets();
    for path in [HUB_VM, GATEWAY] {
        let mut state = rig::state();
        let on = if path == HUB_VM { Verdict::ForwardedDirect } else { Verdict::ForwardedGateway };
        if path == GATEWAY {
            let routes = &mut state.vrfs.get_mut("circuit").unwrap().routes;
            routes.retain(|prefix, _| prefix.prefix() != 128 && prefix.prefix() != 32);
        }
        let mtus = if path == HUB_VM { &MTUS[..] } else { &MTUS[1..5] };
        for &mtu in mtus {
            ip(&format!("link set eth2p mtu {mtu}"));
            ip(&format!("link set eth2 mtu {mtu}"));
            rig.fast_path.apply(&state, &Neighbours::default()).unwrap();
            let way = |version, dont_fragment, length| {
                let frame = packet(version, dont_fragment, length, ETH1, true);
                let expected = forwarded(&frame, path, ETH2, &[]);
                (frame, expected)
            };
            sweep(&mut rig, "eth1", mtu as usize, way, on);
        }
    }
}

/// Tags take of the MTU, and what they move is the first buffer only.
#[test]
fn every_length_is_judged_less_the_tags() {
    let (mut rig, _sockets) = Rig::start_with_sockets();
    let mut state = rig::state();
    let tags = Tags::Qinq { service: 20, customer: 100, ethertype: ServiceEthertype::Dot1q };
    state.circuit_ports.get_mut("eth1").unwrap().tags = tags;
    for mtu in [1_504, limits::MTU as u32] {
        ip(&format!("link set eth1p mtu {mtu}"));
        ip(&format!("link set eth1 mtu {mtu}"));
        rig.fast_path.apply(&state, &Neighbours::default()).unwrap();
        let way = |version, dont_fragment, length| {
            let frame = packet(version, dont_fragment, length, ETH2, false);
            let expected = forwarded(&frame, CE, ETH1, &[0x81, 0, 0, 20, 0x81, 0, 0, 100]);
            (frame, expected)
        };
        sweep(&mut rig, "eth2", mtu as usize - 8, way, Verdict::ForwardedCe);
    }
}

/// What the longest frames carry behind the packet is cut off, from the second buffer too.
#[test]
fn padding_behind_a_jumbo_packet_is_cut_off() {
    let mut rig = Rig::start();
    ip("link set eth2p mtu 9000");
    ip("link set eth2 mtu 9000");
    rig.fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
    let ifindex = rig.port("eth1").ifindex;
    for length in [900, 1_500, 3_400, 3_480, 3_500, 9_000] {
        for padding in [1, 46, 100] {
            let frame = packet(4, true, length, ETH1, true);
            let padded = [&frame[..], &vec![0; padding]].concat();
            let injection = rig.fast_path.inject(ifindex, &padded).unwrap();
            let expected = forwarded(&frame, HUB_VM, ETH2, &[]);
            assert!(injection.bytes == expected, "{length} bytes and {padding}");
        }
        let frame = packet(4, true, length, ETH1, true);
        let cut = rig.fast_path.inject(ifindex, &frame[..frame.len() - 1]).unwrap();
        assert_eq!(last_verdict(&cut.record), Verdict::CheckTotalLength.number(), "{length}");
    }
}

#[test]
fn an_mtu_beyond_the_longest_frame_is_refused_with_the_cure() {
    let mut rig = Rig::start();
    let generation = rig.fast_path.compiled().generation();
    ip(&format!("link set eth2p mtu {}", limits::MTU + 1));
    ip(&format!("link set eth2 mtu {}", limits::MTU + 1));
    let error = rig.fast_path.apply(&rig::state(), &Neighbours::default()).unwrap_err().to_string();
    assert!(error.contains("`eth2` has an MTU of 9225") && error.contains("mtu 9224"), "{error}");
    assert_eq!(rig.fast_path.compiled().generation(), generation);
}

/// Real veths, real sockets: a datagram of each length to the VM and back.
#[test]
fn jumbo_packets_reach_the_vm_and_come_back() {
    let namespace = Namespace::enter();
    rig::interfaces();
    for end in ["eth1", "eth1p", "eth2", "eth2p"] {
        ip(&format!("link set {end} mtu 9000"));
    }
    let mut fast_path = msee::fastpath::FastPath::load(&namespace.pins()).unwrap();
    fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
    let rig = Rig { fast_path, namespace };
    let hosts = Hosts::connect(&rig.namespace);
    hosts.serve();
    let lengths = (3_400_usize..3_560).chain(8_900..=9_000).chain([28, 1_500, 4_096, 7_168]);
    let count = lengths.clone().count() as u64;
    hosts.customer.run(move || {
        let socket = UdpSocket::bind("172.16.1.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut answer = vec![0; 2 * limits::FRAME];
        for length in lengths {
            let message: Vec<u8> = (0..length - 28).map(|at| (at * 7 + length) as u8).collect();
            socket.send_to(&message, "10.255.10.4:7").unwrap();
            let received = socket.recv(&mut answer).expect("an answer");
            assert!(answer[..received] == message, "{length} bytes");
        }
    });
    // The counters are per CPU and read while nothing runs.
    let started = Instant::now();
    while rig.count(Verdict::ForwardedCe) < count && started.elapsed() < Duration::from_secs(5) {}
    let mut expected = [0; verdict::COUNT];
    expected[usize::from(Verdict::ForwardedDirect.number())] = count;
    expected[usize::from(Verdict::ForwardedCe.number())] = count;
    assert_eq!(rig.counters(), expected);
}
