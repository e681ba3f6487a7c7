//! IPv6 through the same stages: one fixture or more for each way it can end.

use std::net::Ipv6Addr;

use abi::verdict::Verdict;
use etherparse::PacketBuilder;
use msee::fastpath::Neighbours;

use crate::{
    fixtures::{
        Fixture,
        Output::{self, Dropped, Punted, Sent, Unmodified},
    },
    frames::ethernet,
    rig::{self, CE, ETH1, ETH2, ETH3, GATEWAY, HUB_VM, Rig, mac},
};

const CUSTOMER: &str = "fd00:172::1";
const HERE: &str = "fd00:172::2";
const VM: &str = "fd00:255:0:10::4";
const MSEE_OF_VNET: &str = "fd00:255::4";
const LINK_LOCAL: &str = "fe80::1";
const MULTICAST_MAC: [u8; 6] = [0x33, 0x33, 0xff, 0, 0, 4];

/// A UDP packet with hop limit 64 in a frame to the MAC address that ends in `to`.
fn udp(to: u8, source: &str, destination: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let [source, destination] =
        [source, destination].map(|it| it.parse::<Ipv6Addr>().unwrap().octets());
    let builder = PacketBuilder::ipv6(source, destination, 64).udp(40_000, 7);
    builder.write(&mut bytes, b"payload").unwrap();
    ethernet(mac(to), 0x86dd, &bytes)
}

fn with(mut frame: Vec<u8>, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    change(&mut frame);
    frame
}

fn hops(frame: Vec<u8>, limit: u8) -> Vec<u8> {
    with(frame, |frame| frame[21] = limit)
}

/// An ICMPv6 message without a valid checksum: the fast path does not look.
fn icmpv6(frame: Vec<u8>, kind: u8) -> Vec<u8> {
    with(frame, |frame| {
        frame[20] = 58;
        frame[54] = kind;
    })
}

fn length(frame: Vec<u8>, length: usize) -> Vec<u8> {
    with(frame, |frame| {
        frame.resize(14 + length, 0xab);
        frame[18..20].copy_from_slice(&u16::try_from(length - 40).unwrap().to_be_bytes());
    })
}

/// One hop on, cut to its length.
fn forwarded(frame: &[u8], to: u8, from: u8) -> Output {
    let total = 40 + usize::from(u16::from_be_bytes([frame[18], frame[19]]));
    let mut bytes = frame[..14 + total].to_vec();
    bytes[..6].copy_from_slice(&mac(to));
    bytes[6..12].copy_from_slice(&mac(from));
    bytes[21] -= 1;
    Sent(bytes)
}

fn check(
    rig: &mut Rig,
    sentence: &'static str,
    port: &'static str,
    frame: Vec<u8>,
    verdict: Verdict,
    output: Output,
) {
    Fixture { sentence, port, frame, verdict, output }.check(rig);
}

#[test]
fn packets_are_forwarded_by_their_own_table() {
    let (mut rig, _sockets) = Rig::start_with_sockets();
    let to_vm = || udp(ETH1, CUSTOMER, VM);
    let direct = Verdict::ForwardedDirect;
    for limit in [2, 64, 255] {
        let frame = hops(to_vm(), limit);
        let out = forwarded(&frame, HUB_VM, ETH2);
        check(&mut rig, "a hub VM", "eth1", frame, direct, out);
    }
    let hub = udp(ETH1, CUSTOMER, "fd00:255::99");
    let out = forwarded(&hub, GATEWAY, ETH2);
    check(&mut rig, "the hub's prefix", "eth1", hub, Verdict::ForwardedGateway, out);
    let customer = udp(ETH2, VM, CUSTOMER);
    let out = forwarded(&customer, CE, ETH1);
    check(&mut rig, "the customer", "eth2", customer, Verdict::ForwardedCe, out);
    for limit in [0, 1] {
        let frame = hops(to_vm(), limit);
        check(&mut rig, "the last hop", "eth1", frame, Verdict::TtlExpired, Punted);
    }
    let nowhere = udp(ETH1, CUSTOMER, "2001:db8::1");
    check(&mut rig, "no route", "eth1", nowhere, Verdict::NoRoute, Punted);
    let stranger = udp(ETH2, "2001:db8::1", CUSTOMER);
    check(&mut rig, "in no VNet", "eth2", stranger, Verdict::SourceUnknown, Dropped);
    let padded = with(to_vm(), |frame| frame.extend([0; 30]));
    let out = forwarded(&padded, HUB_VM, ETH2);
    check(&mut rig, "padding", "eth1", padded, direct, out);
    for next_header in [0, 43, 44, 50, 60] {
        let frame = with(to_vm(), |frame| frame[20] = next_header);
        let out = forwarded(&frame, HUB_VM, ETH2);
        check(&mut rig, "extension headers are not read", "eth1", frame, direct, out);
    }
    let fits = length(to_vm(), 1_500);
    let out = forwarded(&fits, HUB_VM, ETH2);
    check(&mut rig, "MTU", "eth1", fits, direct, out);
    check(&mut rig, "MTU + 1", "eth1", length(to_vm(), 1_501), Verdict::TooBig, Punted);
}

#[test]
fn what_no_router_may_touch_is_dropped_by_name() {
    let mut rig = Rig::start();
    let good = udp(ETH1, CUSTOMER, VM);
    let mut drop = |sentence, frame, verdict| {
        check(&mut rig, sentence, "eth1", frame, verdict, Dropped);
    };
    drop("version 4", with(good.clone(), |it| it[14] = 0x45), Verdict::CheckVersion);
    drop("39 bytes", good[..53].to_vec(), Verdict::PortTruncated);
    drop("no byte", good[..14].to_vec(), Verdict::PortTruncated);
    drop("a byte missing", good[..good.len() - 1].to_vec(), Verdict::CheckTotalLength);
    let jumbogram = with(good.clone(), |it| it[18..21].fill(0));
    drop("a jumbogram", jumbogram, Verdict::CheckTotalLength);
    for martian in ["::", "::1", "ff02::1", "ff0e::1", "::ffff:10.0.0.1"] {
        let (source, destination) = (udp(ETH1, martian, VM), udp(ETH1, CUSTOMER, martian));
        drop("a martian source", source, Verdict::CheckMartianSource);
        drop("a martian destination", destination, Verdict::CheckMartianDestination);
    }
    for link_local in [LINK_LOCAL, "febf::1"] {
        let frame = udp(ETH1, link_local, VM);
        drop("from a link-local address", frame, Verdict::CheckLinkLocal);
    }
    drop("a flooded frame", udp(0x77, CUSTOMER, VM), Verdict::PortWrongMac);
    // Not quite martian, not quite link-local.
    for near in ["::2", "::fffe:10.0.0.1", "fec0::1", "fe7f::1", "fe00::1"] {
        let frame = udp(ETH1, near, VM);
        let out = forwarded(&frame, HUB_VM, ETH2);
        check(&mut rig, near_sentence(near), "eth1", frame, Verdict::ForwardedDirect, out);
    }
}

fn near_sentence(address: &str) -> &'static str {
    if address.starts_with("fe") { "near link-local" } else { "near martian" }
}

#[test]
fn what_is_for_the_msee_is_told_apart() {
    let (mut rig, _sockets) = Rig::start_with_sockets();
    let mut on = |port, sentence, frame, verdict, output| {
        check(&mut rig, sentence, port, frame, verdict, output);
    };
    let kernel = Verdict::LocalKernel;
    on("eth1", "BGP", udp(ETH1, CUSTOMER, HERE), kernel, Unmodified);
    on("eth1", "hop limit 0", hops(udp(ETH1, CUSTOMER, HERE), 0), kernel, Unmodified);
    let echo = icmpv6(udp(ETH1, CUSTOMER, HERE), 128);
    on("eth1", "an echo request", echo, Verdict::LocalEcho, Punted);
    let reply = icmpv6(udp(ETH1, CUSTOMER, HERE), 129);
    on("eth1", "an echo reply", reply, kernel, Unmodified);
    let unicast = hops(icmpv6(udp(ETH1, CUSTOMER, HERE), 135), 255);
    on("eth1", "a unicast solicitation", unicast, kernel, Unmodified);
    on("eth1", "to a link-local address", udp(ETH1, LINK_LOCAL, "fe80::2"), kernel, Unmodified);
    on("eth1", "from a link-local address", udp(ETH1, LINK_LOCAL, HERE), kernel, Unmodified);
    let no_cpu = udp(ETH3, CUSTOMER, "fd00:173::2");
    on("eth3", "BGP, and no cpu veth", no_cpu, Verdict::LocalNoCpu, Dropped);

    let unreachable = Verdict::LocalUnreachable;
    on("eth2", "UDP of a VM", udp(ETH2, VM, MSEE_OF_VNET), unreachable, Punted);
    let echo = hops(icmpv6(udp(ETH2, VM, MSEE_OF_VNET), 128), 1);
    on("eth2", "an echo request of a VM", echo, Verdict::LocalEcho, Punted);
    let nd = Verdict::LocalNd;
    let unicast = hops(icmpv6(udp(ETH2, VM, MSEE_OF_VNET), 135), 255);
    on("eth2", "a unicast solicitation of a VM", unicast, nd, Punted);
    let from_link_local = hops(icmpv6(udp(ETH2, LINK_LOCAL, MSEE_OF_VNET), 135), 255);
    on("eth2", "a solicitation from a link-local address", from_link_local, nd, Punted);
    let passed_a_router = icmpv6(udp(ETH2, LINK_LOCAL, MSEE_OF_VNET), 135);
    let link_local = Verdict::CheckLinkLocal;
    on("eth2", "a solicitation that passed a router", passed_a_router, link_local, Dropped);
    on("eth2", "link-local traffic", udp(ETH2, LINK_LOCAL, "fe80::4"), link_local, Dropped);
}

#[test]
fn of_group_frames_only_neighbour_discovery_counts() {
    let (mut rig, _sockets) = Rig::start_with_sockets();
    let group = |source, destination, kind, limit| {
        let frame = hops(icmpv6(udp(0, source, destination), kind), limit);
        with(frame, |frame| frame[..6].copy_from_slice(&MULTICAST_MAC))
    };
    let solicited = "ff02::1:ff00:4";
    for (port, nd) in [("eth1", Verdict::LocalKernel), ("eth2", Verdict::LocalNd)] {
        let output = || if nd == Verdict::LocalNd { Punted } else { Unmodified };
        let mut on = |sentence, frame, verdict, output| {
            check(&mut rig, sentence, port, frame, verdict, output);
        };
        on("a solicitation", group(VM, solicited, 135, 255), nd, output());
        on("of nobody yet", group("::", solicited, 135, 255), nd, output());
        on("an advertisement", group(VM, "ff02::1", 136, 255), nd, output());
        let none = Verdict::PortGroup;
        on("hop limit 254", group(VM, solicited, 135, 254), none, Dropped);
        on("site scope", group(VM, "ff05::1:ff00:4", 135, 255), none, Dropped);
        on("multicast listener report", group(VM, "ff02::16", 143, 255), none, Dropped);
        on("an echo request to a group", group(VM, "ff02::1", 128, 255), none, Dropped);
        let udp = with(udp(0, VM, solicited), |it| it[..6].copy_from_slice(&MULTICAST_MAC));
        on("UDP to a group", udp, none, Dropped);
        on("unicast in a group frame", group(VM, CUSTOMER, 135, 255), none, Dropped);
        let whole = group(VM, solicited, 135, 255);
        for length in [14, 53, 54] {
            on("cut off", whole[..length].to_vec(), none, Dropped);
        }
    }
    let router = group(VM, "ff02::2", 133, 255);
    check(&mut rig, "to routers", "eth1", router.clone(), Verdict::LocalKernel, Unmodified);
    check(&mut rig, "to routers, of a VM", "eth2", router, Verdict::PortGroup, Dropped);
}

#[test]
fn a_next_hop_to_be_asked_for_is_punted() {
    let (mut rig, _sockets) = Rig::start_with_sockets();
    let mut state = rig::state();
    for route in state.vrfs.get_mut("circuit").unwrap().routes.values_mut() {
        if let desired::Adjacency::Direct { mac, .. } = &mut route.adjacency {
            *mac = None;
        }
    }
    rig.fast_path.apply(&state, &Neighbours::default()).unwrap();
    let unresolved = Verdict::NeighbourUnresolved;
    check(&mut rig, "not resolved", "eth1", udp(ETH1, CUSTOMER, VM), unresolved, Punted);
}

#[test]
fn flows_spread_over_the_instances_and_fragments_do_not() {
    let rig = Rig::start();
    let instance = |frame: &[u8]| {
        let (action, bytes) = rig.run("eth1", frame);
        assert_eq!(action, 4);
        bytes[5]
    };
    let spoke = |port: u16| {
        with(udp(ETH1, CUSTOMER, "fd00:254::4"), |it| {
            it[54..56].copy_from_slice(&port.to_be_bytes());
        })
    };
    let mut hits = [0; 2];
    for port in 0..1_000 {
        let chosen = instance(&spoke(port));
        assert_eq!(instance(&spoke(port)), chosen, "a flow keeps its instance");
        hits[usize::from(chosen - GATEWAY)] += 1;
    }
    assert!(hits.iter().all(|hits| (400..=600).contains(hits)), "{hits:?}");
    let fragments: std::collections::BTreeSet<u8> =
        (0..100).map(|port| instance(&with(spoke(port), |it| it[20] = 44))).collect();
    assert_eq!(fragments.len(), 1);
}
