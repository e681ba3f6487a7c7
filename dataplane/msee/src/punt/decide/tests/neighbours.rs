//! Packets whose next hop, or whose sender, has no declared MAC address.

use abi::image::UNTAGGED;
use desired::MacAddress;

use super::*;
use crate::{
    fastpath::{Neighbour, Resolver},
    neighbours::{Heard, Limits, Packet as Waiting, Told},
};

const CPU: u32 = 2;

/// An MSEE that was told no MAC address.
struct Scene {
    compiled: Compiled,
    neighbours: Table,
    responder: Responder,
    now: Instant,
}

fn at(port: u32, address: impl Into<IpAddr>) -> Neighbour {
    let key = PortKey { ifindex: 100 + port, outer: UNTAGGED, inner: UNTAGGED };
    Neighbour::new(key, address.into())
}

impl Scene {
    fn new() -> Self {
        Self {
            compiled: example::compiled_from(&example::silent_state()),
            neighbours: Table::new(Limits::default()),
            responder: Responder::new(Rate::default()),
            now: Instant::now(),
        }
    }

    /// A VM that msee has heard of.
    fn hear(&mut self, port: u32, address: impl Into<IpAddr>, mac: MacAddress) {
        let heard = Heard { mac: Some(mac), solicited: false, overrides: true, asks_us: true };
        self.neighbours.heard(at(port, address), heard, self.now);
    }

    fn tell(&mut self, address: impl Into<IpAddr>, mac: MacAddress) {
        self.neighbours.told(at(CIRCUIT, address), Told::Reachable(mac), self.now);
    }

    /// Has neighbours be asked for in vain.
    fn fail(&mut self, neighbours: &[Neighbour]) {
        for neighbour in neighbours {
            let metadata = Metadata::default();
            let packet = Waiting { ifindex: 1, metadata, frame: Box::default(), waits: 1 };
            let displaced = self.neighbours.wait(*neighbour, Resolver::Msee, packet, self.now);
            assert!(displaced.is_empty());
        }
        for _ in 0..4 {
            while self.neighbours.poll(self.now).is_some() {}
            self.now += Duration::from_secs(1);
        }
    }

    fn decide(&mut self, port: u32, metadata: Metadata, frame: &[u8]) -> (Decision, Vec<u8>) {
        let punt = Punt { ifindex: 100 + port, metadata, frame };
        let mut out = Frames::default();
        let (compiled, neighbours) = (&self.compiled, &self.neighbours);
        let decision = self.responder.decide(&punt, compiled, neighbours, self.now, &mut out);
        (decision, out.iter().flatten().copied().collect())
    }

    /// What becomes of a packet that the fast path had no next hop for.
    fn unresolved(&mut self, port: u32, frame: &[u8]) -> (Decision, Vec<u8>) {
        let verdict = Verdict::NeighbourUnresolved.number();
        self.decide(port, Metadata { verdict, ..Metadata::default() }, frame)
    }
}

fn waits_for(decision: Decision) -> (Neighbour, Resolver) {
    let Decision::Wait(next_hop) = decision else { panic!("{decision:?}") };
    (next_hop.neighbour, next_hop.resolver)
}

/// With a TTL or hop limit that passes routers.
fn alive(frame: Vec<u8>) -> Vec<u8> {
    with_hops(frame, 7)
}

fn with_hops(mut frame: Vec<u8>, hops: u8) -> Vec<u8> {
    if frame[12..14] == [0x86, 0xdd] {
        frame[21] = hops;
    } else {
        frame[22] = hops;
        frame[24..26].fill(0);
        let sum = packet::checksum::internet(&frame[14..34]);
        frame[24..26].copy_from_slice(&sum.to_be_bytes());
    }
    frame
}

#[test]
fn a_packet_waits_for_a_vm_and_then_goes_on_as_the_fast_path_sends_it() {
    let mut scene = Scene::new();
    let frame = alive(udp(CIRCUIT_MAC.0, CE, HUB_VM));
    let (decision, out) = scene.unresolved(CIRCUIT, &frame);
    assert_eq!(waits_for(decision), (at(FABRIC, HUB_VM), Resolver::Msee));
    assert!(out.is_empty());

    scene.hear(FABRIC, HUB_VM, HUB_VM_MAC);
    let (decision, out) = scene.unresolved(CIRCUIT, &[&frame[..], &[0; 6]].concat());
    assert_eq!(decision, Decision::Send { verdict: Verdict::ForwardedDirect, port: FABRIC });
    let mut expected = frame;
    expected[..6].copy_from_slice(&HUB_VM_MAC.0);
    expected[6..12].copy_from_slice(&FABRIC_MAC.0);
    assert_eq!(out, with_hops(expected, 6), "one hop on, without padding");
}

#[test]
fn towards_a_customer_the_kernel_is_asked_for_the_address_of_the_packets_version() {
    let mut scene = Scene::new();
    let frame = alive(udp_ipv6(FABRIC_MAC.0, HUB_VM_IPV6, CE_IPV6));
    let (decision, _) = scene.unresolved(FABRIC, &frame);
    assert_eq!(waits_for(decision), (at(CIRCUIT, CE_IPV6), Resolver::Kernel));
    scene.tell(CE, CE_MAC);
    let (decision, _) = scene.unresolved(FABRIC, &frame);
    assert_eq!(waits_for(decision).0, at(CIRCUIT, CE_IPV6));
    scene.tell(CE_IPV6, CE_MAC);
    let (decision, out) = scene.unresolved(FABRIC, &frame);
    assert_eq!(decision, Decision::Send { verdict: Verdict::ForwardedCe, port: CIRCUIT });
    assert_eq!((&out[..6], out[21]), (&CE_MAC.0[..], 6));
    assert_eq!((&out[14..21], &out[22..]), (&frame[14..21], &frame[22..]));
}

#[test]
fn what_goes_on_needs_no_address_of_ours() {
    let mut state = example::silent_state();
    let hub = state.fabric_ports.get_mut("eth2").unwrap().vnets.get_mut("hub").unwrap();
    hub.address_ipv6 = None;
    let mut scene = Scene { compiled: example::compiled_from(&state), ..Scene::new() };
    let frame = alive(udp_ipv6(FABRIC_MAC.0, HUB_VM_IPV6, CE_IPV6));
    let (decision, _) = scene.unresolved(FABRIC, &frame);
    assert_eq!(waits_for(decision), (at(CIRCUIT, CE_IPV6), Resolver::Kernel));
    scene.tell(CE_IPV6, CE_MAC);
    let (decision, _) = scene.unresolved(FABRIC, &frame);
    assert_eq!(decision, Decision::Send { verdict: Verdict::ForwardedCe, port: CIRCUIT });
    // It cannot be told anything.
    let answer = scene.unresolved(FABRIC, &with_hops(frame, 1));
    assert_silent(&answer, Verdict::IcmpUnroutable);
}

#[test]
fn the_member_that_the_fast_path_chose_is_kept_while_its_image_is() {
    let mut scene = Scene::new();
    let frame = alive(udp(CIRCUIT_MAC.0, CE, FAR_VM));
    let leaf =
        scene.compiled.lookup(scene.compiled.vrf_roots("CIRCUIT_EQUINIX").unwrap(), FAR_VM.into());
    let members: std::collections::BTreeSet<u32> =
        (0..128).filter_map(|hash| scene.compiled.member(leaf.unwrap(), hash)).collect();
    assert_eq!(members.len(), 2);
    let verdict = Verdict::NeighbourUnresolved.number();
    let mut by_members = std::collections::BTreeSet::new();
    for adjacency in members {
        let metadata = Metadata { verdict, adjacency, generation: 7, ..Metadata::default() };
        let (decision, _) = scene.decide(CIRCUIT, metadata, &frame);
        let (neighbour, resolver) = waits_for(decision);
        assert_eq!((neighbour.port(), resolver), (at(FAR_FABRIC, FAR_VM).port(), Resolver::Msee));
        by_members.insert(neighbour.address);
        // Of another image an index means nothing.
        let old = Metadata { adjacency: 60_000, generation: 6, ..metadata };
        waits_for(scene.decide(CIRCUIT, old, &frame).0);
    }
    let instances = [12, 13].map(|last| IpAddr::from(Ipv4Addr::new(10, 1, 0, last)));
    assert_eq!(by_members, instances.into());
}

#[test]
fn a_next_hop_that_does_not_answer_is_a_host_unreachable() {
    let mut scene = Scene::new();
    let frame = alive(udp(CIRCUIT_MAC.0, CE, HUB_VM));
    scene.tell(CE, CE_MAC);
    scene.fail(&[at(FABRIC, HUB_VM)]);
    let (decision, out) = scene.unresolved(CIRCUIT, &frame);
    let answer = (decision, out.clone());
    let macs = [CE_MAC.0, CIRCUIT_MAC.0];
    assert_answered(&answer, Verdict::IcmpNetUnreachable, CIRCUIT, macs, [OURS_AT_CE, CE]);
    assert_eq!(out[34..36], [3, 1], "host unreachable (RFC 1812 5.2.7.1)");

    // The customer edge has no answer either: nobody can be told.
    let mut scene = Scene::new();
    scene.fail(&[at(FABRIC, HUB_VM)]);
    let (decision, _) = scene.unresolved(CIRCUIT, &frame);
    assert_eq!(waits_for(decision), (at(CIRCUIT, CE), Resolver::Kernel));
    let mut scene = Scene::new();
    scene.fail(&[at(FABRIC, HUB_VM), at(CIRCUIT, CE)]);
    assert_silent(&scene.unresolved(CIRCUIT, &frame), Verdict::IcmpUnroutable);
}

#[test]
fn in_ipv6_it_is_an_address_unreachable() {
    let mut scene = Scene::new();
    scene.tell(CE_IPV6, CE_MAC);
    scene.fail(&[at(FABRIC, Ipv4Addr::new(10, 255, 0, 12))]);
    let frame = alive(udp_ipv6(CIRCUIT_MAC.0, CE_IPV6, HUB_VM_IPV6));
    let (decision, out) = scene.unresolved(CIRCUIT, &frame);
    let verdict = Verdict::IcmpNetUnreachable;
    assert_eq!(decision, Decision::Send { verdict, port: CIRCUIT });
    assert_eq!(out[54..56], [1, 3], "RFC 4443 3.1");
}

#[test]
fn answers_of_our_own_wait_for_their_way_back() {
    for (port, verdict, frame, sender) in [
        (CIRCUIT, Verdict::LocalEcho, echo(CE, OURS_AT_CE, 8), CE),
        (FABRIC, Verdict::TtlExpired, udp(FABRIC_MAC.0, HUB_VM, CE), HUB_VM),
    ] {
        let mut scene = Scene::new();
        let metadata = Metadata { verdict: verdict.number(), ..Metadata::default() };
        let (decision, _) = scene.decide(port, metadata, &frame);
        assert_eq!(waits_for(decision).0, at(port, sender));
        scene.tell(CE, CE_MAC);
        scene.hear(FABRIC, HUB_VM, HUB_VM_MAC);
        let (decision, _) = scene.decide(port, metadata, &frame);
        assert!(matches!(decision, Decision::Send { .. }), "{decision:?}");
    }
}

#[test]
fn what_expires_or_has_lost_its_route_is_said_before_anybody_is_asked() {
    let mut scene = Scene::new();
    scene.tell(CE, CE_MAC);
    let (_, out) = scene.unresolved(CIRCUIT, &udp(CIRCUIT_MAC.0, CE, HUB_VM));
    assert_eq!(out[34..36], [11, 0]);
    let (_, out) = scene.unresolved(CIRCUIT, &alive(udp(CIRCUIT_MAC.0, CE, NOWHERE)));
    assert_eq!(out[34..36], [3, 0]);
}

#[test]
fn once_found_a_packet_is_measured_by_the_mtu() {
    let mut scene = Scene::new();
    scene.tell(CE, CE_MAC);
    scene.hear(FABRIC, HUB_VM, HUB_VM_MAC);
    let mut long = alive(echo(CE, HUB_VM, FABRIC_MTU as usize));
    long[20] = 0x40;
    long = alive(long);
    let (decision, out) = scene.unresolved(CIRCUIT, &long);
    assert_eq!(verdict(decision), Verdict::IcmpFragmentationNeeded);
    assert_eq!(out[34..42], [3, 4, out[36], out[37], 0, 0, 0x05, 0x78]);
    long[20] = 0;
    let (decision, _) = scene.unresolved(CIRCUIT, &alive(long));
    assert_eq!(decision, Decision::Send { verdict: Verdict::Fragmented, port: FABRIC });
}

#[test]
fn without_a_cpu_veth_a_silent_customer_edge_cannot_be_reached() {
    let mut state = example::silent_state();
    state.circuit_ports.get_mut("eth1").unwrap().cpu = None;
    let mut scene = Scene { compiled: example::compiled_from(&state), ..Scene::new() };
    assert_eq!(scene.compiled.bound_port(CPU).map(|port| port.name.as_str()), Some("xcpu1"));
    scene.hear(FABRIC, HUB_VM, HUB_VM_MAC);
    let (decision, out) = scene.unresolved(FABRIC, &alive(udp(FABRIC_MAC.0, HUB_VM, CE)));
    assert_eq!(verdict(decision), Verdict::IcmpNetUnreachable);
    assert_eq!(out[34..36], [3, 1]);
}
