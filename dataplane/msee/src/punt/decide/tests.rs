use std::{net::Ipv6Addr, time::Duration};

use etherparse::PacketBuilder;
use proptest::prelude::*;

use super::*;

mod neighbours;
use crate::example::{
    self, CE, CE_IPV6, CE_MAC, CIRCUIT, CIRCUIT_MAC, FABRIC, FABRIC_MAC, FABRIC_MTU, FAR_FABRIC,
    FAR_GATEWAY_MACS, FAR_MAC, FAR_VM, GATEWAY_MAC, HUB_VM, HUB_VM_IPV6, HUB_VM_MAC, NOWHERE,
    OURS_AT_CE, OURS_AT_CE_IPV6, OURS_AT_FAR, OURS_AT_HUB, OURS_AT_HUB_IPV6, SPOKE_VM,
};
use packet::{ETHERNET_HEADER, Ipv4};

use crate::{arp, icmpv6::neighbour};

/// A UDP packet in a frame for the MSEE's port.
fn udp(port_mac: [u8; 6], source: Ipv4Addr, destination: Ipv4Addr) -> Vec<u8> {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([2, 9, 9, 9, 9, 9], port_mac)
        .ipv4(source.octets(), destination.octets(), 1)
        .udp(33_434, 33_435)
        .write(&mut frame, &[0; 32])
        .unwrap();
    frame
}

fn echo(source: Ipv4Addr, destination: Ipv4Addr, size: usize) -> Vec<u8> {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(CE_MAC.0, CIRCUIT_MAC.0)
        .ipv4(source.octets(), destination.octets(), 9)
        .icmpv4_echo_request(1, 2)
        .write(&mut frame, &vec![0x5a; size])
        .unwrap();
    frame
}

fn decide_with(
    responder: &mut Responder,
    port: u32,
    verdict: Verdict,
    frame: &[u8],
    now: Instant,
) -> (Decision, Vec<u8>) {
    let metadata = Metadata { verdict: verdict.number(), ..Metadata::default() };
    let punt = Punt { ifindex: 100 + port, metadata, frame };
    let mut out = Frames::default();
    out.add(None, |out| out.extend([0xee; 3]));
    let decision = responder.decide(&punt, &example::compiled(), &Table::default(), now, &mut out);
    (decision, out.iter().flatten().copied().collect())
}

fn decide(port: u32, verdict: Verdict, frame: &[u8]) -> (Decision, Vec<u8>) {
    decide_with(&mut Responder::new(Rate::default()), port, verdict, frame, Instant::now())
}

/// What a packet is counted as that does not wait.
fn verdict(decision: Decision) -> Verdict {
    match decision {
        Decision::Send { verdict, .. } | Decision::End(verdict) => verdict,
        Decision::Wait(next_hop) => panic!("it waits for {next_hop:?}"),
    }
}

/// Asserts that the packet was answered so, out of `port` to the station `mac`, from `source`.
fn assert_answered(
    (decision, out): &(Decision, Vec<u8>),
    expected: Verdict,
    port: u32,
    macs: [[u8; 6]; 2],
    addresses: [impl Into<IpAddr>; 2],
) {
    assert_eq!(*decision, Decision::Send { verdict: expected, port });
    let frame = Ethernet::parse(out).unwrap();
    assert_eq!([frame.destination, frame.source], macs);
    let packet = Packet::parse(&frame).unwrap();
    assert_eq!([packet.source(), packet.destination()], addresses.map(Into::into));
}

fn assert_silent((decision, out): &(Decision, Vec<u8>), expected: Verdict) {
    assert_eq!(*decision, Decision::End(expected));
    assert!(out.is_empty());
}

#[test]
fn towards_the_customer_errors_come_from_the_links_address() {
    let frame = udp(CIRCUIT_MAC.0, CE, HUB_VM);
    let macs = [CE_MAC.0, CIRCUIT_MAC.0];
    for (punted_as, expected) in [
        (Verdict::TtlExpired, Verdict::IcmpTimeExceeded),
        (Verdict::NoRoute, Verdict::IcmpNetUnreachable),
        (Verdict::LocalUnreachable, Verdict::IcmpPortUnreachable),
        (Verdict::TooBig, Verdict::IcmpFragmentationNeeded),
    ] {
        let answer = decide(CIRCUIT, punted_as, &frame);
        assert_answered(&answer, expected, CIRCUIT, macs, [OURS_AT_CE, CE]);
    }
}

#[test]
fn towards_a_fastpath_vm_errors_go_straight_and_come_from_the_in_vnet_address() {
    let answer = decide(FABRIC, Verdict::TtlExpired, &udp(FABRIC_MAC.0, HUB_VM, CE));
    let macs = [HUB_VM_MAC.0, FABRIC_MAC.0];
    assert_answered(&answer, Verdict::IcmpTimeExceeded, FABRIC, macs, [OURS_AT_HUB, HUB_VM]);
}

#[test]
fn towards_a_spoke_they_pass_the_hubs_gateway_and_come_from_the_hubs_address() {
    let answer = decide(FABRIC, Verdict::NoRoute, &udp(FABRIC_MAC.0, SPOKE_VM, NOWHERE));
    let macs = [GATEWAY_MAC.0, FABRIC_MAC.0];
    assert_answered(&answer, Verdict::IcmpNetUnreachable, FABRIC, macs, [OURS_AT_HUB, SPOKE_VM]);
}

#[test]
fn towards_a_gateway_of_two_instances_both_are_used_and_each_sender_keeps_its_own() {
    let mut used = [0, 0];
    for host in 4..=250 {
        let sender = Ipv4Addr::new(10, 1, 10, host);
        let frame = udp(FAR_MAC.0, sender, CE);
        let first = decide(FAR_FABRIC, Verdict::TtlExpired, &frame);
        assert_eq!(first, decide(FAR_FABRIC, Verdict::TtlExpired, &frame));
        let mac = Ethernet::parse(&first.1).unwrap().destination;
        let instance = FAR_GATEWAY_MACS.iter().position(|instance| instance.0 == mac).unwrap();
        used[instance] += 1;
        let macs = [mac, FAR_MAC.0];
        let addresses = [OURS_AT_FAR, sender];
        assert_answered(&first, Verdict::IcmpTimeExceeded, FAR_FABRIC, macs, addresses);
    }
    assert!(used.iter().all(|count| *count > 60), "{used:?}");
}

#[test]
fn fragmentation_needed_tells_the_next_hops_mtu() {
    let (_, out) = decide(CIRCUIT, Verdict::TooBig, &udp(CIRCUIT_MAC.0, CE, FAR_VM));
    let icmp = Ipv4::parse(&out[ETHERNET_HEADER..]).unwrap().payload();
    assert_eq!(u32::from(u16::from_be_bytes([icmp[6], icmp[7]])), FABRIC_MTU);
    // The route went away between the fast path's look and ours.
    let gone = decide(CIRCUIT, Verdict::TooBig, &udp(CIRCUIT_MAC.0, CE, NOWHERE));
    assert_silent(&gone, Verdict::IcmpUnroutable);
}

#[test]
fn protocols_without_ports_get_protocol_unreachable_and_icmp_gets_silence() {
    let mut frame = udp(FABRIC_MAC.0, HUB_VM, OURS_AT_HUB);
    frame[23] = 47;
    let (decision, out) = decide(FABRIC, Verdict::LocalUnreachable, &frame);
    assert_eq!(verdict(decision), Verdict::IcmpPortUnreachable);
    assert_eq!(Ipv4::parse(&out[ETHERNET_HEADER..]).unwrap().payload()[..2], [3, 2]);
    // A timestamp request, a query: no error may answer for what ICMP itself does not serve.
    frame[23] = 1;
    frame[34] = 13;
    assert_silent(&decide(FABRIC, Verdict::LocalUnreachable, &frame), Verdict::IcmpNotAllowed);
}

#[test]
fn echo_is_answered_from_the_address_that_was_asked() {
    let answer = decide(CIRCUIT, Verdict::LocalEcho, &echo(CE, OURS_AT_CE, 56));
    let macs = [CE_MAC.0, CIRCUIT_MAC.0];
    assert_answered(&answer, Verdict::IcmpEchoReply, CIRCUIT, macs, [OURS_AT_CE, CE]);
    let answer = decide(FABRIC, Verdict::LocalEcho, &echo(SPOKE_VM, OURS_AT_HUB, 56));
    let macs = [GATEWAY_MAC.0, FABRIC_MAC.0];
    assert_answered(&answer, Verdict::IcmpEchoReply, FABRIC, macs, [OURS_AT_HUB, SPOKE_VM]);
}

#[test]
fn an_echo_reply_longer_than_the_way_back_carries_is_named() {
    let longest = FABRIC_MTU as usize - 28;
    let fits = decide(FABRIC, Verdict::LocalEcho, &echo(HUB_VM, OURS_AT_HUB, longest));
    assert_eq!(verdict(fits.0), Verdict::IcmpEchoReply);
    assert_eq!(fits.1.len(), ETHERNET_HEADER + FABRIC_MTU as usize);
    let long = decide(FABRIC, Verdict::LocalEcho, &echo(HUB_VM, OURS_AT_HUB, longest + 1));
    assert_silent(&long, Verdict::IcmpTooBig);
}

#[test]
fn manners_are_kept() {
    let mut fragment = udp(CIRCUIT_MAC.0, CE, HUB_VM);
    fragment[21] = 1;
    assert_silent(&decide(CIRCUIT, Verdict::TtlExpired, &fragment), Verdict::IcmpNotAllowed);
    let from_broadcast = udp(CIRCUIT_MAC.0, Ipv4Addr::new(172, 16, 1, 3), HUB_VM);
    assert_silent(&decide(CIRCUIT, Verdict::NoRoute, &from_broadcast), Verdict::IcmpNotAllowed);
    let from_us = echo(OURS_AT_CE, OURS_AT_CE, 8);
    assert_silent(&decide(CIRCUIT, Verdict::LocalEcho, &from_us), Verdict::IcmpNotAllowed);
}

#[test]
fn a_sender_our_table_does_not_know_cannot_be_told() {
    let frame = udp(CIRCUIT_MAC.0, NOWHERE, HUB_VM);
    assert_silent(&decide(CIRCUIT, Verdict::TtlExpired, &frame), Verdict::IcmpUnroutable);
    let in_no_vnet = udp(FABRIC_MAC.0, NOWHERE, CE);
    assert_silent(&decide(FABRIC, Verdict::TtlExpired, &in_no_vnet), Verdict::IcmpUnroutable);
    // The VNet is on the other fabric.
    let elsewhere = udp(FABRIC_MAC.0, FAR_VM, CE);
    assert_silent(&decide(FABRIC, Verdict::TtlExpired, &elsewhere), Verdict::IcmpUnroutable);
    assert_silent(&decide(60, Verdict::TtlExpired, &in_no_vnet), Verdict::IcmpUnroutable);
}

#[test]
fn arp_is_answered_for_the_addresses_of_all_vnets_of_the_port_and_no_other() {
    let request = |target: Ipv4Addr| {
        let mut frame = vec![0xff; 6];
        frame.extend_from_slice(&HUB_VM_MAC.0);
        frame.extend_from_slice(&[8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
        frame.extend_from_slice(&HUB_VM_MAC.0);
        frame.extend_from_slice(&HUB_VM.octets());
        frame.extend_from_slice(&[0; 6]);
        frame.extend_from_slice(&target.octets());
        frame
    };
    let (decision, out) = decide(FABRIC, Verdict::LocalArp, &request(OURS_AT_HUB));
    assert_eq!(decision, Decision::Send { verdict: Verdict::ArpReply, port: FABRIC });
    assert_eq!(out.len(), arp::FRAME);
    assert_eq!(out[6..12], FABRIC_MAC.0);
    for other in [HUB_VM, SPOKE_VM, OURS_AT_FAR, CE] {
        let answer = decide(FABRIC, Verdict::LocalArp, &request(other));
        assert_silent(&answer, Verdict::ArpIgnored);
    }
    let on_circuit = decide(CIRCUIT, Verdict::LocalArp, &request(OURS_AT_CE));
    assert_silent(&on_circuit, Verdict::ArpIgnored);
}

#[test]
fn each_tenant_and_each_kind_has_a_limit_of_its_own() {
    let mut responder = Responder::new(Rate { per_second: 10, burst: 2 });
    let now = Instant::now();
    let from_ce = udp(CIRCUIT_MAC.0, CE, HUB_VM);
    let from_hub = udp(FABRIC_MAC.0, HUB_VM, CE);
    let mut ask = |port, verdict, frame: &[u8], now| {
        self::verdict(decide_with(&mut responder, port, verdict, frame, now).0)
    };
    for expected in [Verdict::IcmpTimeExceeded, Verdict::IcmpTimeExceeded, Verdict::IcmpRateLimited]
    {
        assert_eq!(ask(CIRCUIT, Verdict::TtlExpired, &from_ce, now), expected);
    }
    assert_eq!(ask(CIRCUIT, Verdict::NoRoute, &from_ce, now), Verdict::IcmpRateLimited);
    assert_eq!(ask(FABRIC, Verdict::TtlExpired, &from_hub, now), Verdict::IcmpTimeExceeded);
    assert_eq!(ask(CIRCUIT, Verdict::TooBig, &from_ce, now), Verdict::IcmpFragmentationNeeded);
    let request = echo(CE, OURS_AT_CE, 8);
    assert_eq!(ask(CIRCUIT, Verdict::LocalEcho, &request, now), Verdict::IcmpEchoReply);
    let later = now + Duration::from_millis(100);
    assert_eq!(ask(CIRCUIT, Verdict::TtlExpired, &from_ce, later), Verdict::IcmpTimeExceeded);
}

#[test]
fn silence_takes_no_token() {
    let mut responder = Responder::new(Rate { per_second: 10, burst: 1 });
    let now = Instant::now();
    for _ in 0..5 {
        let frame = udp(CIRCUIT_MAC.0, NOWHERE, HUB_VM);
        let answer = decide_with(&mut responder, CIRCUIT, Verdict::TtlExpired, &frame, now);
        assert_silent(&answer, Verdict::IcmpUnroutable);
    }
    let frame = udp(CIRCUIT_MAC.0, CE, HUB_VM);
    let (decision, _) = decide_with(&mut responder, CIRCUIT, Verdict::TtlExpired, &frame, now);
    assert_eq!(verdict(decision), Verdict::IcmpTimeExceeded);
}

#[test]
fn frames_that_do_not_parse_or_were_not_punted_for_us_are_a_defect() {
    let frame = udp(CIRCUIT_MAC.0, CE, HUB_VM);
    for length in [0, 13, 14, 33, frame.len() - 1] {
        let cut = decide(CIRCUIT, Verdict::TtlExpired, &frame[..length]);
        assert_silent(&cut, Verdict::PuntMalformed);
    }
    assert_silent(&decide(CIRCUIT, Verdict::ForwardedCe, &frame), Verdict::PuntMalformed);
    let mut ipv6 = frame;
    ipv6[12..14].copy_from_slice(&[0x86, 0xdd]);
    assert_silent(&decide(CIRCUIT, Verdict::TtlExpired, &ipv6), Verdict::PuntMalformed);
}

#[test]
fn a_packet_too_long_for_its_next_hop_goes_on_in_pieces() {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([2, 9, 9, 9, 9, 9], CIRCUIT_MAC.0)
        .ipv4(CE.octets(), HUB_VM.octets(), 9)
        .udp(1, 2)
        .write(&mut frame, &[0x5a; 1_472])
        .unwrap();
    frame[ETHERNET_HEADER + 6] = 0;
    let metadata =
        Metadata { verdict: Verdict::TooBigFragmentable.number(), ..Metadata::default() };
    let punt = Punt { ifindex: 100 + CIRCUIT, metadata, frame: &frame };
    let mut out = Frames::default();
    let mut responder = Responder::new(Rate::default());
    let (compiled, nobody, now) = (example::compiled(), Table::default(), Instant::now());
    let decision = responder.decide(&punt, &compiled, &nobody, now, &mut out);
    assert_eq!(decision, Decision::Send { verdict: Verdict::Fragmented, port: FABRIC });
    let frames: Vec<&[u8]> = out.iter().collect();
    assert_eq!(frames.len(), 2);
    for frame in frames {
        assert!(frame.len() <= ETHERNET_HEADER + FABRIC_MTU as usize);
        let frame = Ethernet::parse(frame).unwrap();
        assert_eq!([frame.destination, frame.source], [HUB_VM_MAC.0, FABRIC_MAC.0]);
        assert_eq!(Ipv4::parse(frame.payload).unwrap().ttl(), 8);
    }
}

fn udp_ipv6(port_mac: [u8; 6], source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([2, 9, 9, 9, 9, 9], port_mac)
        .ipv6(source.octets(), destination.octets(), 1)
        .udp(33_434, 33_435)
        .write(&mut frame, &[0; 32])
        .unwrap();
    frame
}

#[test]
fn ipv6_senders_are_told_in_icmpv6() {
    let frame = udp_ipv6(CIRCUIT_MAC.0, CE_IPV6, HUB_VM_IPV6);
    let macs = [CE_MAC.0, CIRCUIT_MAC.0];
    for (punted_as, expected) in [
        (Verdict::TtlExpired, Verdict::IcmpTimeExceeded),
        (Verdict::NoRoute, Verdict::IcmpNetUnreachable),
        (Verdict::LocalUnreachable, Verdict::IcmpPortUnreachable),
        (Verdict::TooBig, Verdict::IcmpFragmentationNeeded),
    ] {
        let answer = decide(CIRCUIT, punted_as, &frame);
        let addresses = [OURS_AT_CE_IPV6, CE_IPV6];
        assert_answered(&answer, expected, CIRCUIT, macs, addresses);
    }
    // The hub's IPv6 is not in FastPath: the answer passes the gateway.
    let frame = udp_ipv6(FABRIC_MAC.0, HUB_VM_IPV6, CE_IPV6);
    let macs = [GATEWAY_MAC.0, FABRIC_MAC.0];
    let answer = decide(FABRIC, Verdict::TtlExpired, &frame);
    let addresses = [OURS_AT_HUB_IPV6, HUB_VM_IPV6];
    assert_answered(&answer, Verdict::IcmpTimeExceeded, FABRIC, macs, addresses);
}

#[test]
fn packet_too_big_tells_the_next_hops_mtu() {
    let frame = udp_ipv6(CIRCUIT_MAC.0, CE_IPV6, HUB_VM_IPV6);
    let (_, out) = decide(CIRCUIT, Verdict::TooBig, &frame);
    assert_eq!(out[ETHERNET_HEADER + 40..][..2], [2, 0]);
    assert_eq!(out[ETHERNET_HEADER + 44..][..4], FABRIC_MTU.to_be_bytes());
}

#[test]
fn neighbour_discovery_is_answered_for_our_addresses_and_no_other() {
    let solicitation = |target: Ipv6Addr| {
        let mut frame = neighbour::group_mac(neighbour::solicited_node(target)).to_vec();
        frame.extend_from_slice(&HUB_VM_MAC.0);
        frame.extend_from_slice(&[0x86, 0xdd]);
        let (asker, group) = ((HUB_VM_IPV6, HUB_VM_MAC.0), neighbour::solicited_node(target));
        neighbour::write_solicitation(asker, target, group, &mut frame);
        frame
    };
    let answer = decide(FABRIC, Verdict::LocalNd, &solicitation(OURS_AT_HUB_IPV6));
    let macs = [HUB_VM_MAC.0, FABRIC_MAC.0];
    let addresses = [OURS_AT_HUB_IPV6, HUB_VM_IPV6];
    assert_answered(&answer, Verdict::NdReply, FABRIC, macs, addresses);
    for other in [HUB_VM_IPV6, CE_IPV6, OURS_AT_CE_IPV6] {
        assert_silent(&decide(FABRIC, Verdict::LocalNd, &solicitation(other)), Verdict::NdIgnored);
    }
    let elsewhere = decide(FAR_FABRIC, Verdict::LocalNd, &solicitation(OURS_AT_HUB_IPV6));
    assert_silent(&elsewhere, Verdict::NdIgnored);
}

#[test]
fn a_vnet_without_ipv6_has_nobody_to_answer_from() {
    let frame = udp_ipv6(FAR_MAC.0, "fd00:1::4".parse().unwrap(), CE_IPV6);
    let answer = decide(FAR_FABRIC, Verdict::TtlExpired, &frame);
    assert_silent(&answer, Verdict::IcmpUnroutable);
}

#[test]
fn a_frame_with_the_tags_of_no_port_is_not_answered() {
    let frame = udp(CIRCUIT_MAC.0, CE, HUB_VM);
    let tagged = [&frame[..12], &[0x81, 0, 0, 100], &frame[12..]].concat();
    assert_silent(&decide(CIRCUIT, Verdict::TtlExpired, &tagged), Verdict::IcmpUnroutable);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        frame in prop::collection::vec(any::<u8>(), 0..200),
        verdict in any::<u16>(), port in 0u32..70,
    ) {
        let punt =
            Punt { ifindex: 100 + port, metadata: Metadata { verdict, ..Metadata::default() }, frame: &frame };
        let mut out = Frames::default();
        let mut responder = Responder::new(Rate::default());
        let (compiled, nobody, now) = (example::compiled(), Table::default(), Instant::now());
        let decision = responder.decide(&punt, &compiled, &nobody, now, &mut out);
        prop_assert_eq!(!matches!(decision, Decision::Send { .. }), out.is_empty());
    }

    #[test]
    fn damaged_packets_never_panic_and_answers_are_well_formed(
        at in any::<prop::sample::Index>(), value in any::<u8>(), cut in 0usize..80,
        verdict in prop::sample::select(vec![
            Verdict::TtlExpired, Verdict::NoRoute, Verdict::LocalUnreachable, Verdict::TooBig,
            Verdict::LocalEcho,
        ]),
        is_echo in any::<bool>(),
    ) {
        let mut frame = if is_echo { echo(CE, OURS_AT_CE, 16) } else { udp(CIRCUIT_MAC.0, CE, HUB_VM) };
        let at = at.index(frame.len());
        frame[at] = value;
        frame.truncate(frame.len() - cut.min(frame.len()));
        let (decision, out) = decide(CIRCUIT, verdict, &frame);
        if matches!(decision, Decision::Send { .. }) {
            let packet = Ipv4::parse(&out[ETHERNET_HEADER..]).unwrap();
            prop_assert_eq!(packet::checksum::internet(&out[ETHERNET_HEADER..ETHERNET_HEADER + 20]), 0);
            prop_assert_eq!(packet.ttl(), 64);
        }
    }
}
