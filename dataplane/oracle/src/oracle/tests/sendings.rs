//! The bytes that leave.

use super::*;

/// A forwarded packet as it must be: the MAC addresses, the tags, and one off the TTL.
fn forwarded(to: [u8; 6], from: &str, tags: &[u8], packet: &Ipv4) -> Vec<u8> {
    let packet = Ipv4 { ttl: packet.ttl - 1, ..packet.clone() }.bytes();
    [&to, &port(from).mac.0, tags, &[0x08, 0x00], &packet].concat()
}

#[test]
fn to_the_customer_with_the_tags_of_each_link() {
    let links: [(&str, u8, &[u8]); 4] = [
        ("eth1", 1, &[]),
        ("eth1.100", 2, &[0x81, 0x00, 0, 100]),
        ("eth1.20.100", 3, &[0x81, 0x00, 0, 20, 0x81, 0x00, 0, 100]),
        ("eth1.21.100", 4, &[0x88, 0xa8, 0, 21, 0x81, 0x00, 0, 100]),
    ];
    for ((name, station, tags), destination) in links.into_iter().zip(ON_PREM) {
        let packet = Ipv4::udp(VM, destination);
        let judgement = judge("eth2", &[], 0x0800, &packet.bytes());
        assert_eq!(judgement.verdict(), Some(Verdict::ForwardedCe));
        let sending = sent(&judgement);
        assert_eq!((sending.port.as_str(), sending.ifindex), (name, 1));
        assert_eq!(sending.bytes, forwarded([2, 0, 0, 0, 1, station], name, tags, &packet));
    }
}

#[test]
fn to_a_vm_without_the_tags_it_came_with() {
    let packet = Ipv4::udp(CE, VM);
    let judgement =
        judge("eth1.20.100", &[(0x88a8, 0xf014), (0x8100, 100)], 0x0800, &packet.bytes());
    assert_eq!(judgement.verdict(), Some(Verdict::ForwardedDirect));
    let sending = sent(&judgement);
    assert_eq!((sending.port.as_str(), sending.ifindex), ("eth2", 2));
    assert_eq!(sending.bytes, forwarded([2, 0, 0, 0, 2, 4], "eth2", &[], &packet));
}

#[test]
fn ipv6_keeps_its_ethertype() {
    let packet = Ipv6::udp(VM6, ON_PREM6[1]);
    let judgement = judge("eth2", &[], 0x86dd, &packet.bytes());
    let expected = Ipv6 { hop_limit: 63, ..packet }.bytes();
    let header =
        [&[2, 0, 0, 0, 1, 2][..], &port("eth1").mac.0, &[0x81, 0, 0, 100, 0x86, 0xdd]].concat();
    assert_eq!(sent(&judgement).bytes, [header, expected].concat());
}

#[test]
fn padding_stays_behind() {
    let packet = Ipv4::udp(CE, VM);
    let judgement = judge("eth1", &[], 0x0800, &padded(packet.bytes(), 50));
    assert_eq!(sent(&judgement).bytes, forwarded([2, 0, 0, 0, 2, 4], "eth2", &[], &packet));
}

#[test]
fn to_one_instance_of_a_gateway() {
    let packet = Ipv4::udp(CE, SPOKE);
    let judgement = judge("eth1", &[], 0x0800, &packet.bytes());
    assert_eq!(judgement.verdict(), Some(Verdict::ForwardedGateway));
    assert_eq!(sent(&judgement).bytes, forwarded([2, 0, 0, 0, 2, 12], "eth2", &[], &packet));
}

#[test]
fn to_any_instance_of_a_gateway_but_to_no_other_station() {
    let packet = Ipv4::udp(CE, FAR_VM);
    let judgement = judge("eth1", &[], 0x0800, &packet.bytes());
    assert_eq!(judgement.ends().len(), 2);
    let end = |station| {
        let bytes = forwarded([2, 0, 0, 0, 3, station], "eth3", &[], &packet);
        let sending = Sending { port: "eth3".to_owned(), ifindex: 3, bytes };
        End { verdict: Verdict::ForwardedGateway, outcome: Outcome::Sent(sending) }
    };
    assert!(judgement.allows(&end(12)));
    assert!(judgement.allows(&end(13)));
    assert!(!judgement.allows(&end(14)));
}

#[test]
fn one_instance_may_be_known_and_the_other_not() {
    let packet = Ipv4::udp(CE, Ipv4Addr::new(10, 2, 0, 1));
    let judgement = judge("eth1", &[], 0x0800, &packet.bytes());
    assert_eq!(judgement.verdict(), None, "it depends on the flow");
    let verdicts: Vec<_> = judgement.ends().iter().map(|end| end.verdict).collect();
    assert_eq!(verdicts, [Verdict::ForwardedGateway, Verdict::NeighbourUnresolved]);
    assert_eq!(judgement.ends()[1].outcome, Outcome::Punted);
    // What is too long for either is too long for the one that is known.
    let long = Ipv4 { fragmentation: Ipv4::DONT_FRAGMENT, ..packet }.of_length(1_501).bytes();
    let judgement = judge("eth1", &[], 0x0800, &long);
    let verdicts: Vec<_> = judgement.ends().iter().map(|end| end.verdict).collect();
    assert_eq!(verdicts, [Verdict::TooBig, Verdict::NeighbourUnresolved]);
}

/// The frame in the tunnel that it leaves in, and the tunnel's addresses and network.
fn tunnelled(judgement: &Judgement) -> (&[u8], &[u8], &[u8]) {
    match judgement.ends() {
        [End { outcome: Outcome::Tunnelled(sending), .. }] => {
            assert_eq!(sending.port, "eth7");
            (&sending.bytes[50..], &sending.bytes[26..34], &sending.bytes[46..49])
        }
        ends => panic!("not one tunnel: {ends:?}"),
    }
}

/// Two customers have a VM of one address behind tunnels; each is sent to its own host and network.
#[test]
fn into_the_tunnel_of_its_customer() {
    let packet = Ipv4::udp(CE, TUNNEL_VM);
    for (port, tags, station, addresses, vni) in [
        ("eth1", &[][..], 4, [192, 168, 7, 1, 192, 168, 7, 11], [1, 2, 3]),
        ("eth5.200", &[(0x8100, 200)], 6, [192, 168, 7, 1, 192, 168, 7, 12], [0xff; 3]),
    ] {
        let judgement = judge(port, tags, 0x0800, &padded(packet.bytes(), 9));
        assert_eq!(judgement.verdict(), Some(Verdict::ForwardedDirect));
        let inner = forwarded([2, 0, 0, 0, 7, station], "eth7", &[], &packet);
        assert_eq!(tunnelled(&judgement), (&inner[..], &addresses[..], &vni[..]));
    }
}

#[test]
fn to_an_instance_on_either_host() {
    let judgement = judge("eth1", &[], 0x0800, &Ipv4::udp(CE, TUNNEL_SPOKE).bytes());
    let stations: Vec<_> = judgement
        .ends()
        .iter()
        .map(|end| match &end.outcome {
            Outcome::Tunnelled(sending) => (sending.bytes[33], sending.bytes[55]),
            outcome => panic!("{outcome:?}"),
        })
        .collect();
    assert_eq!(stations, [(11, 12), (12, 13)]);
}

/// What is for userspace is the frame that was in the tunnel, without what was behind the datagram.
#[test]
fn out_of_a_tunnel_to_userspace() {
    let mac = port("eth7").mac;
    let packet = Ipv4 { ttl: 1, ..Ipv4::udp(VM, ON_PREM[0]) };
    let inner = ethernet(mac, SENDER, &[], 0x0800, &padded(packet.bytes(), 3));
    let outer = Vxlan::new(CONTOSO_VNI, inner.clone()).packet(HOSTS[0], ENDPOINT).bytes();
    let judgement = judge("eth7", &[], 0x0800, &padded(outer, 5));
    let outcome = Outcome::Unwrapped(inner);
    assert_eq!(judgement.ends(), [End { verdict: Verdict::TtlExpired, outcome }]);
}

#[test]
fn to_the_kernel_as_it_came_but_for_the_tags() {
    let (mac, packet) = (port("eth1").mac, padded(Ipv4::udp(CE, OURS).bytes(), 7));
    let tags = [(0x88a8, 0x7014), (0x8100, 0xe064)];
    let judgement = judge("eth1", &tags, 0x0800, &packet);
    assert_eq!(judgement.verdict(), Some(Verdict::LocalKernel));
    let sending = sent(&judgement);
    assert_eq!((sending.port.as_str(), sending.ifindex), ("xcpu3", 13));
    assert_eq!(sending.bytes, ethernet(mac, SENDER, &[], 0x0800, &packet));
}

#[test]
fn from_the_kernel_as_it_came_and_with_the_tags() {
    let frame = ethernet(SENDER, port("eth1").mac, &[], 0x0800, &[0xff; 46]);
    let links: [(&str, &str, &[Tag]); 4] = [
        ("xcpu1", "eth1", &[]),
        ("xcpu2", "eth1.100", &[(0x8100, 100)]),
        ("xcpu3", "eth1.20.100", &[(0x8100, 20), (0x8100, 100)]),
        ("xcpu4", "eth1.21.100", &[(0x88a8, 21), (0x8100, 100)]),
    ];
    for (cpu, wire, tags) in links {
        let judgement = oracle().judge(port(cpu).ifindex, &frame);
        assert_eq!(judgement.verdict(), Some(Verdict::LocalFromKernel));
        let sending = sent(&judgement);
        assert_eq!((sending.port.as_str(), sending.ifindex), (wire, 1));
        assert_eq!(sending.bytes, ethernet(SENDER, port("eth1").mac, tags, 0x0800, &[0xff; 46]));
    }
}

/// Two customers have the same addresses behind one fabric; each is answered by its own link.
#[test]
fn customers_do_not_meet() {
    let to_customer = |source| Ipv4::udp(source, ON_PREM[0]);
    let contosos = to_customer(Ipv4Addr::new(10, 254, 191, 7));
    let fabrikams = to_customer(Ipv4Addr::new(10, 254, 192, 7));
    for (packet, port) in [(contosos, "eth1"), (fabrikams, "eth5.200")] {
        let judgement = judge("eth2", &[], 0x0800, &packet.bytes());
        assert_eq!(sent(&judgement).port, port);
    }
}
