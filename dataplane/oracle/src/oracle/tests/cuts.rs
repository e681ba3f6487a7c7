//! Frames cut at every length.

use super::*;
use crate::corpus;

const LINKS: [(&str, &[Tag]); 4] = [
    ("eth1", &[]),
    ("eth1.100", &[(0x8100, 100)]),
    ("eth1.20.100", &[(0x8100, 20), (0x8100, 100)]),
    ("eth1.21.100", &[(0x88a8, 21), (0x8100, 100)]),
];

/// A frame is truncated while its headers are, and its packet has a wrong length until it is whole.
#[test]
fn a_good_packet_is_good_only_whole() {
    let packets =
        [(0x0800, 20, Ipv4::udp(CE, VM).bytes()), (0x86dd, 40, Ipv6::udp(CE6, VM6).bytes())];
    let oracle = oracle();
    for (name, tags) in LINKS {
        for (ethertype, header, packet) in &packets {
            let port = port(name);
            let frame = ethernet(port.mac, SENDER, tags, *ethertype, packet);
            let behind = frame.len() - packet.len();
            for length in 0..=frame.len() {
                let judgement = oracle.judge(port.ifindex, &frame[..length]);
                let expected = if length < behind + header {
                    Verdict::PortTruncated
                } else if length < frame.len() {
                    Verdict::CheckTotalLength
                } else {
                    Verdict::ForwardedDirect
                };
                assert_eq!(judgement.verdict(), Some(expected), "{length} bytes on {name}");
            }
        }
    }
}

/// A cut never makes a packet out of one that was none: what a cut frame comes to beyond the checks is
/// what the whole comes to, with as much padding less.
#[test]
fn a_cut_takes_padding_or_spoils() {
    use Verdict::{CheckHeaderLength, CheckTotalLength, PortGroup, PortTruncated};
    let (oracle, ports) = (oracle(), scene::ports());
    let mut cuts = 0_u32;
    for case in corpus::cases() {
        for frame in case.frames(&ports) {
            let whole = oracle.judge(frame.ifindex, &frame.bytes);
            for cut in corpus::cuts(&frame.bytes) {
                cuts += 1;
                let judgement = oracle.judge(frame.ifindex, cut);
                let verdict = judgement.verdict().unwrap();
                let spoiled = matches!(
                    verdict,
                    PortTruncated | CheckHeaderLength | CheckTotalLength | PortGroup
                );
                let same = Some(verdict) == whole.verdict();
                assert!(
                    spoiled || same,
                    "{}: {}, {} bytes: {verdict:?}",
                    case.group,
                    case.name,
                    cut.len()
                );
                if let Outcome::Sent(sending) = &judgement.ends()[0].outcome
                    && verdict != Verdict::LocalKernel
                {
                    assert_eq!(*sending, *sent(&whole), "padding is not sent");
                }
            }
        }
    }
    assert!(cuts > 100_000, "{cuts}");
}

#[test]
fn nothing_is_too_short_to_be_judged() {
    let (oracle, frame) = (oracle(), cut(vec![0xff; 30], 30));
    for length in 0..=frame.len() {
        for port in scene::ports() {
            assert!(!oracle.judge(port.ifindex, &frame[..length]).ends().is_empty());
        }
    }
}
