//! What the sender of a punted packet is told, in the words of its IP version.

use std::net::IpAddr;

use abi::{image::ADJACENCY_DROP, verdict::Verdict};
use ipnetwork::Ipv4Network;
use packet::{Ethernet, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP, Packet};

use super::{decide::Origin, way};
use crate::{
    fastpath::Compiled,
    icmp::{
        self,
        error::ErrorMessage,
        limit::Budget,
        manners::{self, Side},
    },
    icmpv6,
};

/// What a packet deserves, manners and limits aside.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    Echo,
    Error(ErrorMessage),
}

impl Answer {
    /// What a packet deserves that the fast path punted with this verdict.
    pub(super) fn to(
        punted_as: Option<Verdict>,
        packet: &Packet<'_>,
        origin: &Origin,
        compiled: &Compiled,
    ) -> Result<Self, Verdict> {
        Ok(Self::Error(match punted_as {
            Some(Verdict::LocalEcho) => return Ok(Self::Echo),
            Some(Verdict::TtlExpired) => ErrorMessage::TimeExceeded,
            Some(Verdict::NoRoute) => ErrorMessage::NetUnreachable,
            Some(Verdict::LocalUnreachable) => match packet.protocol() {
                PROTOCOL_UDP | PROTOCOL_TCP => ErrorMessage::PortUnreachable,
                _ => ErrorMessage::ProtocolUnreachable,
            },
            Some(Verdict::TooBig) => {
                let (source, destination) = (packet.source(), packet.destination());
                let index = way::lookup(compiled, origin.roots, source, destination);
                let adjacency = index.and_then(|index| compiled.adjacency(index));
                let usable = adjacency.filter(|it| it.kind != ADJACENCY_DROP);
                let mtu = usable.ok_or(Verdict::IcmpUnroutable)?.mtu;
                ErrorMessage::FragmentationNeeded { mtu }
            }
            _ => return Err(Verdict::PuntMalformed),
        }))
    }

    /// Whether it may be sent, from our address on the sender's side, where the link may have a prefix.
    pub(super) fn is_allowed(
        self,
        frame: &Ethernet<'_>,
        packet: &Packet<'_>,
        (address, link): (IpAddr, Option<Ipv4Network>),
    ) -> bool {
        // To one of our own addresses all ICMP but echo requests ends here in silence.
        if matches!(self, Self::Error(ErrorMessage::ProtocolUnreachable))
            && matches!(packet.protocol(), PROTOCOL_ICMP | PROTOCOL_ICMPV6)
        {
            return false;
        }
        match (packet, address) {
            (Packet::Ipv4(packet), IpAddr::V4(address)) => {
                let side = Side { address, link };
                match self {
                    Self::Echo => {
                        icmp::echo::is_request(packet) && manners::allow_reply(packet, &side)
                    }
                    Self::Error(_) => manners::allow_error(frame, packet, &side),
                }
            }
            (Packet::Ipv6(packet), IpAddr::V6(address)) => match self {
                Self::Echo => {
                    icmpv6::echo::is_request(packet)
                        && icmpv6::manners::allow_reply(packet, address)
                }
                Self::Error(_) => icmpv6::manners::allow_error(frame, packet, address),
            },
            _ => false,
        }
    }

    /// Appends the IP packet that says it, from our address.
    pub(super) fn write(self, packet: &Packet<'_>, address: IpAddr, out: &mut Vec<u8>) {
        match (self, packet, address) {
            (Self::Echo, Packet::Ipv4(packet), _) => icmp::echo::write_reply(packet, out),
            (Self::Echo, Packet::Ipv6(packet), _) => icmpv6::echo::write_reply(packet, out),
            (Self::Error(message), Packet::Ipv4(packet), IpAddr::V4(address)) => {
                icmp::error::write(message, packet, address, out);
            }
            (Self::Error(message), Packet::Ipv6(packet), IpAddr::V6(address)) => {
                icmpv6::error::write(message, packet, address, out);
            }
            // `is_allowed` has refused it.
            (Self::Error(_), ..) => {}
        }
    }

    /// Whose tokens it takes.
    pub(super) const fn budget(self) -> Budget {
        match self {
            Self::Echo => Budget::Echo,
            Self::Error(ErrorMessage::FragmentationNeeded { .. }) => Budget::PathMtu,
            Self::Error(_) => Budget::Error,
        }
    }

    /// What the packet is counted as when it is sent.
    pub(super) const fn verdict(self) -> Verdict {
        match self {
            Self::Echo => Verdict::IcmpEchoReply,
            Self::Error(message) => message.verdict(),
        }
    }
}
