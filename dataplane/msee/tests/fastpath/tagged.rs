//! Links told apart by their tags: three circuits on one interface, with equal addresses.
//!
//! ```text
//! eth4 untagged       VRF plain   10.255.10.4 -> VM 50, cpu4/xcpu4
//! eth4.100 802.1Q     VRF red     10.255.10.4 -> VM 51, cpu5/xcpu5
//! eth4.20.100 QinQ    VRF blue    10.255.10.4 -> VM 52, cpu6/xcpu6   outer 0x8100
//! eth4.20.101 QinQ    VRF green   10.255.10.4 -> VM 53, cpu7/xcpu7   outer 0x88a8
//! ```

use abi::verdict::Verdict;
use aya::{TestRun as _, TestRunOptions};
use desired::{Adjacency, CircuitPort, Ipv6Link, MacAddress, MseeState, ServiceEthertype, Tags};
use msee::fastpath::{FastPath, Neighbours};

use crate::{
    fixtures::{
        Output::{Dropped, Punted, Sent},
        fixture,
    },
    frames::{Packet, arp, checksummed, ethernet, tagged},
    namespace::{Namespace, veth},
    rig::{self, CE, ETH2, HUB_VM, Rig, mac},
};

const ETH4: u8 = 0x04;
const CE4: u8 = 0x34;

const CUSTOMER: [u8; 4] = [172, 16, 9, 1];
const HERE: [u8; 4] = [172, 16, 9, 2];
const VM: [u8; 4] = [10, 255, 10, 4];

/// The links: VRF, tags, their bytes, last byte of the MAC address of the VRF's VM.
const LINKS: [(&str, Tags, &[u8], u8); 4] = [
    ("plain", Tags::Untagged, &[], 0x50),
    ("red", Tags::Dot1q { vlan: 100 }, &[0x81, 0, 0, 100], 0x51),
    (
        "blue",
        Tags::Qinq { service: 20, customer: 100, ethertype: ServiceEthertype::Dot1q },
        &[0x81, 0, 0, 20, 0x81, 0, 0, 100],
        0x52,
    ),
    (
        "green",
        Tags::Qinq { service: 20, customer: 101, ethertype: ServiceEthertype::Dot1ad },
        &[0x88, 0xa8, 0, 20, 0x81, 0, 0, 101],
        0x53,
    ),
];

fn state() -> MseeState {
    let mut state = rig::state();
    for (number, (vrf, tags, _, vm)) in (4..).zip(LINKS) {
        let name = format!("eth4{tags}");
        let link = CircuitPort {
            circuit: vrf.to_owned(),
            vrf: vrf.to_owned(),
            interface: "eth4".to_owned(),
            tags,
            cpu: Some(format!("xcpu{number}")),
            address: "172.16.9.2/30".parse().unwrap(),
            peer: CUSTOMER.into(),
            peer_mac: Some(MacAddress(mac(CE4))),
            bandwidth: None,
            validate_source: false,
            ipv6: Some(Ipv6Link {
                address: "fd00:179::2/126".parse().unwrap(),
                peer: "fd00:179::1".parse().unwrap(),
            }),
        };
        let ce = Adjacency::Ce { port: name.clone() };
        let routes = [
            ("172.16.9.0/30", ce.clone()),
            ("10.255.10.4/32", rig::direct(vm)),
            ("fd00:179::/126", ce),
            ("fd00:255:0:10::4/128", rig::direct(vm)),
        ];
        state.circuit_ports.insert(name, link);
        state.vrfs.insert(vrf.to_owned(), rig::vrf(&routes));
        // The way back is the hub's, so the hub's VRF must lead to one link: the last wins.
    }
    let to_red = Adjacency::Ce { port: "eth4.100".to_owned() };
    let to_green = Adjacency::Ce { port: "eth4.20.101".to_owned() };
    let ways_back = [("172.17.1.0/24", to_red), ("172.17.2.0/24", to_green)];
    state.vrfs.get_mut("circuit").unwrap().routes.extend(rig::vrf(&ways_back).routes);
    state
}

fn start() -> Rig {
    let namespace = Namespace::enter();
    rig::interfaces();
    veth("eth4", ETH4, "eth4p", CE4);
    for number in 4..8 {
        veth(&format!("cpu{number}"), ETH4, &format!("xcpu{number}"), 0x94);
    }
    let mut fast_path = FastPath::load(&namespace.pins()).unwrap();
    fast_path.apply(&state(), &Neighbours::default()).unwrap();
    Rig { fast_path, namespace }
}

fn name(tags: Tags) -> &'static str {
    match tags {
        Tags::Untagged => "eth4",
        Tags::Dot1q { .. } => "eth4.100",
        Tags::Qinq { customer: 100, .. } => "eth4.20.100",
        Tags::Qinq { .. } => "eth4.20.101",
    }
}

/// The IPv4 packet one hop on, with these MAC addresses and tags.
fn forwarded(frame: &[u8], to: u8, from: u8, tags: &[u8]) -> Vec<u8> {
    let mut plain = frame.to_vec();
    plain[..6].copy_from_slice(&mac(to));
    plain[6..12].copy_from_slice(&mac(from));
    plain[22] -= 1;
    tagged(&checksummed(plain), tags)
}

#[test]
fn each_link_leads_to_its_own_vm() {
    let mut rig = start();
    let packet = Packet::udp(ETH4, CUSTOMER, VM).bytes();
    for (_, tags, bytes, vm) in LINKS {
        let out = Sent(forwarded(&packet, vm, ETH2, &[]));
        let frame = tagged(&packet, bytes);
        fixture("popped", name(tags), frame, Verdict::ForwardedDirect, out).check(&mut rig);
        // Priority and drop eligibility select nothing.
        let mut marked = tagged(&packet, bytes);
        if !bytes.is_empty() {
            marked[14] |= 0xf0;
        }
        let out = Sent(forwarded(&packet, vm, ETH2, &[]));
        fixture("priority", name(tags), marked, Verdict::ForwardedDirect, out).check(&mut rig);
    }
    // The outer type of a frame may be either.
    let packet_of_blue = tagged(&packet, &[0x88, 0xa8, 0, 20, 0x81, 0, 0, 100]);
    let out = Sent(forwarded(&packet, 0x52, ETH2, &[]));
    let direct = Verdict::ForwardedDirect;
    fixture("0x88a8 outside", "eth4.20.100", packet_of_blue, direct, out).check(&mut rig);
}

#[test]
fn tags_are_pushed_towards_the_customer() {
    let mut rig = start();
    for (destination, tags) in [([172, 17, 1, 1], LINKS[1].2), ([172, 17, 2, 1], LINKS[3].2)] {
        let packet = Packet::udp(ETH2, VM, destination).bytes();
        let out = Sent(forwarded(&packet, CE4, ETH4, tags));
        fixture("pushed", "eth2", packet, Verdict::ForwardedCe, out).check(&mut rig);
    }
}

#[test]
fn tags_are_rewritten_between_links() {
    let mut rig = start();
    let mut state = state();
    let to_green = Adjacency::Ce { port: "eth4.20.101".to_owned() };
    let to_blue = Adjacency::Ce { port: "eth4.20.100".to_owned() };
    let red = &mut state.vrfs.get_mut("red").unwrap().routes;
    red.extend(rig::vrf(&[("172.17.2.0/24", to_green)]).routes);
    let green = &mut state.vrfs.get_mut("green").unwrap().routes;
    green.extend(rig::vrf(&[("172.17.3.0/24", to_blue)]).routes);
    rig.fast_path.apply(&state, &Neighbours::default()).unwrap();
    let ce = Verdict::ForwardedCe;
    let packet = Packet::udp(ETH4, CUSTOMER, [172, 17, 2, 1]).bytes();
    let out = Sent(forwarded(&packet, CE4, ETH4, LINKS[3].2));
    let frame = tagged(&packet, LINKS[1].2);
    fixture("one tag to two", "eth4.100", frame, ce, out).check(&mut rig);
    let packet = Packet::udp(ETH4, CUSTOMER, [172, 17, 3, 1]).bytes();
    let out = Sent(forwarded(&packet, CE4, ETH4, LINKS[2].2));
    let frame = tagged(&packet, LINKS[3].2);
    fixture("two tags to two others", "eth4.20.101", frame, ce, out).check(&mut rig);
}

/// R21 and S1: whatever is wrong with the tags is a named drop.
#[test]
fn wrong_missing_and_extra_tags_reach_nobody() {
    let mut rig = start();
    let packet = Packet::udp(ETH4, CUSTOMER, VM).bytes();
    let cases: [(&str, &[u8]); 14] = [
        ("another C-tag", &[0x81, 0, 0, 101]),
        ("the S-tag alone", &[0x81, 0, 0, 20]),
        ("the C-tag of type 0x88a8", &[0x88, 0xa8, 0, 100]),
        ("VLAN 0", &[0x81, 0, 0, 0]),
        ("VLAN 4095", &[0x81, 0, 0x0f, 0xff]),
        ("a wrong S-tag", &[0x81, 0, 0, 21, 0x81, 0, 0, 100]),
        ("a wrong C-tag", &[0x81, 0, 0, 20, 0x81, 0, 0, 102]),
        ("tags the other way round", &[0x81, 0, 0, 100, 0x81, 0, 0, 20]),
        ("a C-tag of type 0x88a8 inside", &[0x81, 0, 0, 20, 0x88, 0xa8, 0, 100]),
        ("the C-tag twice", &[0x81, 0, 0, 100, 0x81, 0, 0, 100]),
        ("a third tag", &[0x81, 0, 0, 20, 0x81, 0, 0, 100, 0x81, 0, 0, 5]),
        ("a third tag of type 0x88a8", &[0x81, 0, 0, 20, 0x81, 0, 0, 100, 0x88, 0xa8, 0, 5]),
        ("a tag behind the C-tag", &[0x81, 0, 0, 100, 0x88, 0xa8, 0, 5]),
        ("a tag of priority alone around the C-tag", &[0x81, 0, 0, 0, 0x81, 0, 0, 100]),
    ];
    for (sentence, tags) in cases {
        let frame = tagged(&packet, tags);
        fixture(sentence, "eth4", frame, Verdict::PortTagged, Dropped).check(&mut rig);
    }
    for length in [14, 15, 16, 17] {
        let cut = tagged(&packet, LINKS[1].2)[..length].to_vec();
        fixture("cut in a tag", "eth4", cut, Verdict::PortTruncated, Dropped).check(&mut rig);
    }
    for length in [18, 19, 20, 21] {
        let cut = tagged(&packet, LINKS[2].2)[..length].to_vec();
        fixture("cut in the second", "eth4", cut, Verdict::PortTruncated, Dropped).check(&mut rig);
    }
    let mut without = state();
    without.circuit_ports.remove("eth4");
    without.vrfs.remove("plain");
    rig.fast_path.apply(&without, &Neighbours::default()).unwrap();
    let unknown = Verdict::PortUnknown;
    fixture("no tag", "eth4.100", packet, unknown, Dropped).check(&mut rig);
    // Fabrics are untagged.
    let packet = tagged(&Packet::udp(ETH2, VM, [172, 16, 1, 1]).bytes(), LINKS[1].2);
    fixture("a tag on a fabric", "eth2", packet, Verdict::PortTagged, Dropped).check(&mut rig);
}

#[test]
fn local_traffic_loses_its_tags_and_the_kernels_gets_them() {
    let mut rig = start();
    let bgp = Packet::udp(ETH4, CUSTOMER, HERE).bytes();
    let kernel = ethernet(mac(CE4), 0x0800, &[0x45; 40]);
    for (number, (_, tags, bytes, _)) in (4..).zip(LINKS) {
        let local = |frame: &[u8], rig: &mut Rig| {
            let out = Sent(frame.to_vec());
            let frame = tagged(frame, bytes);
            fixture("popped", name(tags), frame, Verdict::LocalKernel, out).check(rig);
        };
        local(&bgp, &mut rig);
        local(&arp(HERE), &mut rig);
        let cpu = ["xcpu4", "xcpu5", "xcpu6", "xcpu7"][number - 4];
        let out = Sent(tagged(&kernel, bytes));
        let from_kernel = Verdict::LocalFromKernel;
        fixture("pushed", cpu, kernel.clone(), from_kernel, out).check(&mut rig);
    }
}

#[test]
fn what_is_punted_keeps_its_tags() {
    let mut rig = start();
    let sockets: Vec<_> = ["eth4"]
        .map(|interface| afxdp::Socket::bind(interface, 0, &afxdp::Config::default()).unwrap())
        .into();
    for (_, tags, bytes, _) in LINKS {
        let slot = rig.port(name(tags)).slot;
        rig.fast_path.bind_punt(slot, std::os::fd::AsFd::as_fd(&sockets[0])).unwrap();
        let echo = tagged(&Packet::echo(ETH4, CUSTOMER, HERE).bytes(), bytes);
        fixture("an echo request", name(tags), echo, Verdict::LocalEcho, Punted).check(&mut rig);
        let expired = Packet::udp(ETH4, CUSTOMER, VM).with(|header| header.time_to_live = 1);
        let expired = tagged(&expired.bytes(), bytes);
        fixture("TTL 1", name(tags), expired, Verdict::TtlExpired, Punted).check(&mut rig);
    }
}

#[test]
fn tags_count_against_the_mtu() {
    let mut rig = start();
    let long = |length, destination| {
        let packet = Packet::udp(ETH2, VM, destination).with(|header| header.dont_fragment = true);
        packet.with_length(length).bytes()
    };
    let sockets = afxdp::Socket::bind("eth2", 0, &afxdp::Config::default()).unwrap();
    let slot = rig.port("eth2").slot;
    rig.fast_path.bind_punt(slot, std::os::fd::AsFd::as_fd(&sockets)).unwrap();
    for (destination, mtu, tags) in
        [([172, 17, 1, 1], 1_496, LINKS[1].2), ([172, 17, 2, 1], 1_492, LINKS[3].2)]
    {
        let fits = long(mtu, destination);
        let out = Sent(forwarded(&fits, CE4, ETH4, tags));
        fixture("MTU less tags", "eth2", fits, Verdict::ForwardedCe, out).check(&mut rig);
        let too_big = long(mtu + 1, destination);
        fixture("a byte more", "eth2", too_big, Verdict::TooBig, Punted).check(&mut rig);
    }
    let untagged = long(1_500, [172, 16, 1, 1]);
    let out = Sent(forwarded(&untagged, CE, rig::ETH1, &[]));
    fixture("without tags", "eth2", untagged, Verdict::ForwardedCe, out).check(&mut rig);
    assert_ne!(HUB_VM, CE);
}

/// A driver that leaves no room in front of a frame: here metadata takes it, as much as the kernel allows.
#[test]
fn without_room_for_tags_a_frame_is_a_named_loss() {
    const METADATA: usize = 216;
    let rig = start();
    let frame = Packet::udp(ETH2, VM, [172, 17, 2, 1]).bytes();
    let data = [vec![0; METADATA], frame].concat();
    let program = rig::program(&rig.namespace.pins());
    let ends = [METADATA, data.len(), 0, rig.port("eth2").ifindex as usize, 0, 0];
    let context: Vec<u8> = ends.iter().flat_map(|it| (*it as u32).to_ne_bytes()).collect();
    let result = program
        .test_run(TestRunOptions {
            data_in: Some(&data),
            ctx_in: Some(&context),
            ..TestRunOptions::new()
        })
        .unwrap();
    assert_eq!((result.return_value, rig.count(Verdict::NoHeadroom)), (1, 1));
}
