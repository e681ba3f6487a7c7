//! The kinds of packets that a port hands on, each with a budget of its own: real frames of each, and what
//! answers them.

use std::net::{Ipv4Addr, Ipv6Addr};

use abi::{police::Class, verdict::Verdict};
use etherparse::{
    ArpHardwareId, ArpOperation, ArpPacket, EtherType, Icmpv6Type, IpHeaders, PacketBuilder,
    PacketBuilderStep, err::packet::BuildWriteError,
};

/// Of BGP.
const BGP: u16 = 179;
/// Of BFD over one hop (RFC 5881).
pub(super) const BFD: u16 = 3_784;

/// Bytes of an IP packet that are more than the far link carries.
const TOO_LONG: usize = 1_500;

const DATA: [u8; 56] = [0x5a; 56];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// BGP and BFD, for the router's kernel.
    Control,
    /// ARP and Neighbour Discovery.
    Neighbour,
    /// Echo requests to the router.
    Echo,
    /// Too long for the next hop, and not to be cut.
    PathMtu,
    /// Expiring at the router.
    Exception,
}

pub(super) const ALL: [Kind; 5] =
    [Kind::Control, Kind::Neighbour, Kind::Echo, Kind::PathMtu, Kind::Exception];

impl Kind {
    pub(super) fn class(self) -> Class {
        match self {
            Self::Control => Class::Control,
            Self::Neighbour => Class::Neighbour,
            Self::Echo => Class::Echo,
            Self::PathMtu => Class::PathMtu,
            Self::Exception => Class::Exception,
        }
    }

    /// What one over the budget is counted as.
    pub(super) fn over_budget(self) -> Verdict {
        match self {
            Self::Control => Verdict::BudgetControl,
            Self::Neighbour => Verdict::BudgetNeighbour,
            Self::Echo => Verdict::BudgetEcho,
            Self::PathMtu => Verdict::BudgetPathMtu,
            Self::Exception => Verdict::BudgetException,
        }
    }

    /// Whether the router's answers have a rate limit besides.
    pub(super) fn has_answer_limit(self) -> bool {
        matches!(self, Self::Echo | Self::PathMtu | Self::Exception)
    }
}

/// A station on one of the router's links, and what it knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Station {
    pub(super) node: &'static str,
    pub(super) mac: [u8; 6],
    pub(super) addresses: (Ipv4Addr, Ipv6Addr),
    pub(super) router_mac: [u8; 6],
    pub(super) router: (Ipv4Addr, Ipv6Addr),
    /// On the other side of the router.
    pub(super) far: (Ipv4Addr, Ipv6Addr),
    pub(super) kinds: &'static [Kind],
}

impl Station {
    /// The frames of a kind, which are sent in turn.
    pub(super) fn frames(&self, kind: Kind) -> Vec<Vec<u8>> {
        let (router4, router6) = self.router;
        let (far4, far6) = self.far;
        match kind {
            Kind::Control => vec![
                bytes(|out| {
                    self.ipv4(router4, 64).tcp(40_000, BGP, 1, 1_024).syn().write(out, &[])
                }),
                bytes(|out| {
                    self.ipv6(router6, 64).tcp(40_000, BGP, 1, 1_024).syn().write(out, &[])
                }),
                bytes(|out| self.ipv4(router4, 255).udp(49_152, BFD).write(out, &[0x20; 24])),
                bytes(|out| self.ipv6(router6, 255).udp(49_152, BFD).write(out, &[0x20; 24])),
            ],
            Kind::Neighbour => vec![self.arp_request(), self.solicitation()],
            Kind::Echo => vec![
                bytes(|out| self.ipv4(router4, 64).icmpv4_echo_request(1, 1).write(out, &DATA)),
                bytes(|out| self.ipv6(router6, 64).icmpv6_echo_request(1, 1).write(out, &DATA)),
            ],
            Kind::PathMtu => vec![
                bytes(|out| self.ipv4(far4, 64).udp(40_000, 9).write(out, &[0x5a; TOO_LONG - 28])),
                bytes(|out| self.ipv6(far6, 64).udp(40_000, 9).write(out, &[0x5a; TOO_LONG - 48])),
            ],
            Kind::Exception => vec![
                bytes(|out| self.ipv4(far4, 1).udp(40_000, 33_434).write(out, &DATA)),
                bytes(|out| self.ipv6(far6, 1).udp(40_000, 33_434).write(out, &DATA)),
            ],
        }
    }

    fn ipv4(&self, destination: Ipv4Addr, ttl: u8) -> PacketBuilderStep<IpHeaders> {
        let source = self.addresses.0.octets();
        PacketBuilder::ethernet2(self.mac, self.router_mac).ipv4(source, destination.octets(), ttl)
    }

    fn ipv6(&self, destination: Ipv6Addr, hops: u8) -> PacketBuilderStep<IpHeaders> {
        let source = self.addresses.1.octets();
        PacketBuilder::ethernet2(self.mac, self.router_mac).ipv6(source, destination.octets(), hops)
    }

    fn arp_request(&self) -> Vec<u8> {
        let (ours, asked) = (self.addresses.0.octets(), self.router.0.octets());
        let arp = ArpPacket::new(
            ArpHardwareId::ETHERNET,
            EtherType::IPV4,
            ArpOperation::REQUEST,
            &self.mac,
            &ours,
            &[0; 6],
            &asked,
        );
        [&[0xff; 6][..], &self.mac, &[0x08, 0x06], &arp.unwrap().to_bytes()[..]].concat()
    }

    /// RFC 4861 4.3, to the solicited-node address.
    fn solicitation(&self) -> Vec<u8> {
        let asked = self.router.1.octets();
        let [.., a, b, c] = asked;
        let group = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c];
        // Its link-layer address as an option.
        let body = [&asked[..], &[1, 1], &self.mac].concat();
        let to = [0x33, 0x33, 0xff, a, b, c];
        bytes(|out| {
            PacketBuilder::ethernet2(self.mac, to)
                .ipv6(self.addresses.1.octets(), group, 255)
                .icmpv6(Icmpv6Type::Unknown { type_u8: 135, code_u8: 0, bytes5to8: [0; 4] })
                .write(out, &body)
        })
    }

    /// What kind of packet a frame answers.
    pub(super) fn answered(&self, frame: &[u8]) -> Option<Kind> {
        if frame.get(..6)? != self.mac || frame.get(6..12)? != self.router_mac {
            return None;
        }
        let payload = frame.get(14..)?;
        match frame.get(12..14)? {
            [0x08, 0x06] => (payload.get(6..8)? == [0, 2]).then_some(Kind::Neighbour),
            [0x08, 0x00] => match (payload.get(9)?, payload.get(20..)?) {
                (1, [0, ..]) => Some(Kind::Echo),
                (1, [3, 4, ..]) => Some(Kind::PathMtu),
                (1, [11, ..]) => Some(Kind::Exception),
                (6, segment) => reset_of_bgp(segment),
                _ => None,
            },
            [0x86, 0xdd] => match (payload.get(6)?, payload.get(40..)?) {
                (58, [129, ..]) => Some(Kind::Echo),
                (58, [2, ..]) => Some(Kind::PathMtu),
                (58, [3, ..]) => Some(Kind::Exception),
                (58, [136, ..]) => Some(Kind::Neighbour),
                (6, segment) => reset_of_bgp(segment),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Nobody speaks BGP there: the kernel says so.
fn reset_of_bgp(segment: &[u8]) -> Option<Kind> {
    const RESET: u8 = 4;
    let is_reset = segment.get(..2)? == BGP.to_be_bytes() && segment.get(13)? & RESET != 0;
    is_reset.then_some(Kind::Control)
}

fn bytes(write: impl FnOnce(&mut Vec<u8>) -> Result<(), BuildWriteError>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    bytes
}
