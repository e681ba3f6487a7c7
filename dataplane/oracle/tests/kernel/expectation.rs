//! What the wires must show, by the oracle, and whether they do.

use std::net::IpAddr;

use abi::verdict::Verdict;
use etherparse::PacketBuilder;
use oracle::{Oracle, Outcome};

use crate::{
    packet::Packet,
    router::{self, LEFT, MAC_LEFT},
    wire::Seen,
};

/// What must be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// One frame out of one port.
    Frame(String, Vec<u8>),
    /// The packet in pieces, out of one port.
    Fragments(&'static str),
    /// An ICMP error to the sender.
    Error(IcmpError),
    /// It ends at the router, which may answer as it likes but does not forward.
    Local,
    /// Nothing at all.
    Nothing,
}

/// An ICMP error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcmpError {
    kind: u8,
    code: u8,
    /// The MTU of the next port, where the error tells it.
    mtu: Option<u32>,
    /// The port the sender is behind; none has a way to it.
    port: Option<&'static str>,
    manners: Manners,
}

/// Whether an error about a packet may be sent (RFC 1812 4.3.2.7, RFC 4443 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manners {
    Must,
    /// Of ICMP whose type says neither or is one the kernel takes for an error (router discovery), and
    /// of ICMPv6 behind other headers.
    May,
    MustNot,
}

/// What a frame that arrives on a port must lead to.
pub fn expected(oracle: &Oracle, port: &str, frame: &[u8]) -> (Verdict, Expected) {
    let ifindex = if port == "r0" { LEFT } else { router::RIGHT };
    let judgement = oracle.judge(ifindex, frame);
    let [end] = judgement.ends() else { panic!("several ends without a gateway") };
    let expected = match (&end.outcome, end.verdict) {
        (Outcome::Sent(sending), _) => Expected::Frame(sending.port.clone(), sending.bytes.clone()),
        (_, Verdict::LocalNoCpu | Verdict::LocalEcho) => Expected::Local,
        (Outcome::Punted, Verdict::TooBigFragmentable) => {
            Expected::Fragments(next_port(oracle, frame).expect("it has one"))
        }
        (Outcome::Punted, verdict) => Expected::Error(error(oracle, verdict, frame)),
        (Outcome::Dropped, _) => Expected::Nothing,
        (Outcome::Unwrapped(_) | Outcome::Tunnelled(_), _) => panic!("a tunnel without a fabric"),
    };
    (end.verdict, expected)
}

fn error(oracle: &Oracle, verdict: Verdict, frame: &[u8]) -> IcmpError {
    let packet = Packet::of(frame);
    let is_ipv4 = packet.is_ipv4();
    let (kind, code) = match verdict {
        Verdict::NoRoute => (if is_ipv4 { 3 } else { 1 }, 0),
        Verdict::TtlExpired => (if is_ipv4 { 11 } else { 3 }, 0),
        Verdict::TooBig => {
            if is_ipv4 {
                (3, 4)
            } else {
                (2, 0)
            }
        }
        _ => panic!("{verdict:?} is no error"),
    };
    let mtu = (verdict == Verdict::TooBig).then(|| match next_port(oracle, frame) {
        Some("r0") => router::MTU_LEFT,
        _ => router::MTU_RIGHT,
    });
    let port = way(oracle, packet.source().unwrap());
    IcmpError { kind, code, mtu, port, manners: manners(packet) }
}

fn manners(packet: Packet<'_>) -> Manners {
    let first = packet.first_of_payload();
    match (packet.is_ipv4(), packet.protocol()) {
        (true, _) if packet.offset() > 0 => Manners::MustNot,
        (true, 1) => match first {
            Some(0 | 8 | 13..=18) => Manners::Must,
            Some(3..=5 | 11 | 12) => Manners::MustNot,
            _ => Manners::May,
        },
        (false, 58) => match first {
            Some(128..) => Manners::Must,
            Some(_) => Manners::MustNot,
            None => Manners::May,
        },
        (false, 0 | 43 | 44 | 51 | 60 | 135 | 139 | 140) => Manners::May,
        _ => Manners::Must,
    }
}

/// The port by which a frame's packet would leave, whatever else is wrong with it.
pub fn next_port(oracle: &Oracle, frame: &[u8]) -> Option<&'static str> {
    way(oracle, Packet::of(frame).destination()?)
}

/// The port that a packet to an address leaves by: a short one is sent there to see.
fn way(oracle: &Oracle, destination: IpAddr) -> Option<&'static str> {
    let ethernet = PacketBuilder::ethernet2([2, 0, 0, 0, 9, 9], MAC_LEFT);
    let mut frame = Vec::new();
    match destination {
        IpAddr::V4(destination) => {
            ethernet.ipv4([192, 0, 2, 1], destination.octets(), 64).udp(1, 2).write(&mut frame, &[])
        }
        IpAddr::V6(destination) => {
            let source = "2001:db8:d0::1".parse::<std::net::Ipv6Addr>().unwrap();
            let ethernet = ethernet.ipv6(source.octets(), destination.octets(), 64);
            ethernet.udp(1, 2).write(&mut frame, &[])
        }
    }
    .unwrap();
    match &oracle.judge(LEFT, &frame).ends()[0].outcome {
        Outcome::Sent(sending) if sending.port == "r0" => Some("r0"),
        Outcome::Sent(_) => Some("r1"),
        _ => None,
    }
}

impl Expected {
    /// Whether it is what was seen; if not, why.
    pub fn compare(&self, frame: &[u8], seen: &Seen) -> Result<(), &'static str> {
        let frames = &seen.frames[..];
        match (self, frames) {
            (Self::Frame(port, bytes), [(seen, frame)]) => {
                check(port == seen, "another port")?;
                check(bytes == frame, "other bytes")
            }
            (Self::Frame(..), []) => Err("not forwarded"),
            (Self::Fragments(port), _) => fragments(port, Packet::of(frame), frames),
            (Self::Error(error), _) => error.compare(frame, frames),
            (Self::Local, _) => {
                check(!frames.iter().any(|(_, seen)| is_of(frame, seen)), "forwarded")
            }
            (Self::Nothing, []) => Ok(()),
            (Self::Nothing | Self::Frame(..), _) => Err("something else too"),
        }
    }
}

impl IcmpError {
    fn compare(&self, frame: &[u8], seen: &[(&str, Vec<u8>)]) -> Result<(), &'static str> {
        let way = self.port.filter(|_| self.manners != Manners::MustNot);
        let (Some(port), [(seen_at, error)]) = (way, seen) else {
            check(seen.len() < 2, "several answers")?;
            check(seen.is_empty(), "an answer that must not be")?;
            return check(way.is_none() || self.manners == Manners::May, "no answer");
        };
        check(port == *seen_at, "an answer by another port")?;
        let (about, error) = (Packet::of(frame), Packet::of(error));
        check(about.ethertype == error.ethertype, "an answer of another family")?;
        let (message, protocol, quoted) = if about.is_ipv4() { (20, 1, 28) } else { (40, 58, 48) };
        check(error.protocol() == protocol, "no ICMP")?;
        let message = &error.bytes[message..error.length()];
        check(message[..2] == [self.kind, self.code], "an error of another type")?;
        if let Some(mtu) = self.mtu {
            let told = u32::from_be_bytes(message[4..8].try_into().unwrap());
            check(told == mtu, "another MTU")?;
        }
        let quoted = quoted.min(about.length());
        check(message[8..].starts_with(&about.bytes[..quoted]), "about another packet")
    }
}

/// All pieces, in order: they carry what the packet carried, and none is too long.
fn fragments(port: &str, packet: Packet<'_>, seen: &[(&str, Vec<u8>)]) -> Result<(), &'static str> {
    let mtu = if port == "r0" { router::MTU_LEFT } else { router::MTU_RIGHT };
    check(seen.len() >= 2, "not cut")?;
    let mut payload: Vec<u8> = Vec::new();
    for (index, (seen_at, frame)) in seen.iter().enumerate() {
        let piece = Packet::of(frame);
        check(*seen_at == port, "another port")?;
        check(piece.length() as u32 <= mtu, "still too long")?;
        check(piece.bytes.len() == piece.length(), "padded")?;
        check(piece.bytes[8] == packet.bytes[8] - 1, "another TTL")?;
        check(piece.word(4) == packet.word(4), "another identification")?;
        check(piece.offset() == packet.offset() + payload.len(), "another offset")?;
        let is_last = index + 1 == seen.len();
        let more = !is_last || packet.has_more_fragments();
        check(piece.has_more_fragments() == more, "not the last, or not more")?;
        payload.extend(&piece.bytes[piece.header_length()..]);
    }
    check(payload == packet.bytes[packet.header_length()..packet.length()], "another payload")
}

/// Whether what was seen is the frame, forwarded: between the same addresses, with the same behind them.
fn is_of(frame: &[u8], seen: &[u8]) -> bool {
    let (frame, seen) = (Packet::of(frame), Packet::of(seen));
    let behind = if seen.is_ipv4() { 20 } else { 40 };
    seen.destination().is_some()
        && seen.destination() == frame.destination()
        && seen.source() == frame.source()
        && frame.bytes[behind..].starts_with(&seen.bytes[behind..])
}

fn check(holds: bool, complaint: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(complaint) }
}
