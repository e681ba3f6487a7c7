use std::collections::{BTreeMap, HashSet};

use abi::verdict::Verdict;
use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice, UdpHeaderSlice, checksum::Sum16BitWords};

use super::*;
use crate::{End, Oracle, Outcome, scene};

const FRAMES: usize = 100_000;

/// What frames on a sound state can come to. The rest needs a defect of a table, a missing interface or
/// socket, or somebody behind the program.
const REACHABLE: [Verdict; 34] = [
    Verdict::PortUnknown,
    Verdict::PortTagged,
    Verdict::PortWrongMac,
    Verdict::PortGroup,
    Verdict::PortNotIp,
    Verdict::PortTruncated,
    Verdict::SourceUnknown,
    Verdict::TunnelNotVxlan,
    Verdict::TunnelFragment,
    Verdict::TunnelHostUnknown,
    Verdict::TunnelMalformed,
    Verdict::TunnelVniUnknown,
    Verdict::CheckVersion,
    Verdict::CheckHeaderLength,
    Verdict::CheckTotalLength,
    Verdict::CheckChecksum,
    Verdict::CheckMartianSource,
    Verdict::CheckMartianDestination,
    Verdict::CheckLinkLocal,
    Verdict::LocalKernel,
    Verdict::LocalEcho,
    Verdict::LocalArp,
    Verdict::LocalNd,
    Verdict::LocalUnreachable,
    Verdict::LocalNoCpu,
    Verdict::LocalFromKernel,
    Verdict::NoRoute,
    Verdict::TtlExpired,
    Verdict::NeighbourUnresolved,
    Verdict::TooBig,
    Verdict::TooBigFragmentable,
    Verdict::ForwardedCe,
    Verdict::ForwardedDirect,
    Verdict::ForwardedGateway,
];

fn frames(seed: u64, number: usize) -> impl Iterator<Item = Generated> {
    let mut generator = Generator::new(&scene::state(), &scene::ports());
    let mut random = XorShift::new(seed);
    (0..number).map(move |_| generator.frame(&mut || random.next()).unwrap())
}

#[test]
fn every_frame_is_another_and_every_verdict_is_reached() {
    let oracle = Oracle::new(&scene::state(), &scene::ports()).unwrap();
    let (mut all, mut apart_from_source) = (HashSet::new(), HashSet::new());
    let mut reached: BTreeMap<Verdict, usize> = BTreeMap::new();
    for frame in frames(1, FRAMES) {
        for end in oracle.judge(frame.ifindex, &frame.bytes).ends() {
            *reached.entry(end.verdict).or_default() += 1;
        }
        let mut anonymous = frame.clone();
        anonymous.bytes[6..12].fill(0);
        apart_from_source.insert(anonymous);
        all.insert(frame);
    }
    assert_eq!(all.len(), FRAMES, "frames that came twice");
    // The count in the source address is for the short ones: there are few frames of 14 bytes.
    assert!(apart_from_source.len() > FRAMES * 99 / 100, "{}", apart_from_source.len());
    for verdict in REACHABLE {
        let times = reached.remove(&verdict).unwrap_or(0);
        assert!(times >= 100, "{} was reached {times} times", verdict.name());
    }
    assert!(reached.is_empty(), "not thought reachable: {reached:?}");
}

/// From every link and fabric, of either family, by every kind of route.
#[test]
fn good_packets_go_every_way() {
    use Verdict::{ForwardedCe, ForwardedDirect, ForwardedGateway};
    let (oracle, ports) = (Oracle::new(&scene::state(), &scene::ports()).unwrap(), scene::ports());
    let mut ways: BTreeMap<(u32, usize, bool, Verdict), usize> = BTreeMap::new();
    let mut filled: BTreeMap<String, usize> = BTreeMap::new();
    for frame in frames(6, FRAMES) {
        let judgement = oracle.judge(frame.ifindex, &frame.bytes);
        let [End { verdict, outcome: Outcome::Sent(sending) }, ..] = judgement.ends() else {
            continue;
        };
        if [ForwardedCe, ForwardedDirect, ForwardedGateway].contains(verdict) {
            let behind = behind_tags(&frame.bytes);
            let is_ipv6 = frame.bytes[behind - 2..].starts_with(&[0x86, 0xdd]);
            *ways.entry((frame.ifindex, behind, is_ipv6, *verdict)).or_default() += 1;
            let mtu = ports.iter().find(|port| port.name == sending.port).unwrap().mtu;
            if sending.bytes.len() == 14 + mtu as usize {
                *filled.entry(sending.port.clone()).or_default() += 1;
            }
        }
    }
    let circuits = [(1, 14), (1, 18), (1, 22), (4, 14), (4, 18), (4, 22)];
    for (ifindex, behind) in circuits.into_iter().chain([(2, 14), (3, 14)]) {
        for verdict in [ForwardedCe, ForwardedDirect, ForwardedGateway] {
            for is_ipv6 in [false, true] {
                let way = (ifindex, behind, is_ipv6, verdict);
                let times = ways.get(&way).copied().unwrap_or(0);
                assert!(times >= 20, "{way:?} was gone {times} times");
            }
        }
    }
    for port in ["eth1", "eth1.100", "eth1.20.100", "eth1.21.100", "eth2", "eth3"] {
        let times = filled.get(port).copied().unwrap_or(0);
        assert!(times >= 5, "{port} was filled to its MTU {times} times");
    }
}

#[test]
fn outcomes_fit_their_verdicts() {
    use Verdict::{
        ForwardedCe, ForwardedDirect, ForwardedGateway, LocalArp, LocalEcho, LocalFromKernel,
        LocalKernel, LocalNd, LocalUnreachable, NeighbourUnresolved, NoRoute, TooBig,
        TooBigFragmentable, TtlExpired,
    };
    let oracle = Oracle::new(&scene::state(), &scene::ports()).unwrap();
    for frame in frames(2, FRAMES) {
        for end in oracle.judge(frame.ifindex, &frame.bytes).ends() {
            let fits = match end.verdict {
                LocalKernel | LocalFromKernel => matches!(end.outcome, Outcome::Sent(_)),
                ForwardedCe | ForwardedDirect | ForwardedGateway => match &end.outcome {
                    Outcome::Sent(sending) => is_sound(&sending.bytes),
                    Outcome::Tunnelled(sending) => is_sound_in_tunnel(&sending.bytes),
                    _ => false,
                },
                LocalEcho | LocalArp | LocalNd | LocalUnreachable | NoRoute | TtlExpired
                | NeighbourUnresolved | TooBig | TooBigFragmentable => {
                    matches!(end.outcome, Outcome::Punted | Outcome::Unwrapped(_))
                }
                _ => end.outcome == Outcome::Dropped,
            };
            assert!(fits, "{frame:02x?}: {end:02x?}");
        }
    }
}

/// Whether others' code finds the packet right that leaves: its checksum, its length, its TTL.
fn is_sound(frame: &[u8]) -> bool {
    let tags = frame[12..].chunks(4).take_while(|tag| matches!(tag, [0x81 | 0x88, 0 | 0xa8, ..]));
    let behind = 14 + 4 * tags.count();
    let packet = &frame[behind..];
    if frame[behind - 2..].starts_with(&[0x08, 0x00]) {
        let header = Ipv4HeaderSlice::from_slice(packet).unwrap();
        Sum16BitWords::new().add_slice(header.slice()).ones_complement() == 0
            && usize::from(header.total_len()) == packet.len()
            && header.ttl() >= 1
    } else {
        let header = Ipv6HeaderSlice::from_slice(packet).unwrap();
        40 + usize::from(header.payload_length()) == packet.len() && header.hop_limit() >= 1
    }
}

/// The same of the packet in a tunnel and of the one around it.
fn is_sound_in_tunnel(frame: &[u8]) -> bool {
    let udp = UdpHeaderSlice::from_slice(&frame[34..]).unwrap();
    let is_vxlan = frame[42..46] == [8, 0, 0, 0] && frame[49] == 0;
    let is_whole = usize::from(udp.length()) == frame.len() - 34;
    let is_vxlan = is_vxlan && udp.destination_port() == 4_789 && udp.checksum() == 0;
    is_sound(frame) && is_vxlan && is_whole && is_sound(&frame[50..])
}

/// Where the packet begins.
fn behind_tags(frame: &[u8]) -> usize {
    let is_tag = |tag: &&[u8]| matches!(tag, [0x81, 0x00, ..] | [0x88, 0xa8, ..]);
    14 + 4 * frame[12..].chunks(4).take_while(is_tag).count()
}

#[test]
fn equal_numbers_make_equal_frames() {
    assert!(frames(3, 1_000).eq(frames(3, 1_000)));
    assert!(frames(3, 10).ne(frames(4, 10)));
}

#[test]
fn frames_keep_their_bounds() {
    let mut generator = Generator::new(&scene::state(), &scene::ports()).longest(300);
    let mut random = XorShift::new(5);
    let ports = scene::ports();
    for _ in 0..10_000 {
        let frame = generator.frame(&mut || random.next()).unwrap();
        assert!((14..=300).contains(&frame.bytes.len()));
        assert!(ports.iter().any(|port| port.ifindex == frame.ifindex));
    }
}

#[test]
fn without_a_port_there_is_no_frame() {
    let mut generator = Generator::new(&MseeState::default(), &[]);
    assert_eq!(generator.frame(&mut || 7), None);
}

#[test]
fn a_poor_source_of_numbers_is_no_danger() {
    for stuck in [0, 1, 99, u64::MAX] {
        let mut generator = Generator::new(&scene::state(), &scene::ports());
        let frames: HashSet<_> = (0..100).map(|_| generator.frame(&mut || stuck)).collect();
        assert_eq!(frames.len(), 100);
    }
}
