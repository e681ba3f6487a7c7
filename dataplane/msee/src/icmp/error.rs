//! ICMP errors: Time Exceeded and Destination Unreachable.

use std::net::Ipv4Addr;

use abi::verdict::Verdict;
use packet::{IPV4_HEADER, Ipv4, Ipv4Header, PROTOCOL_ICMP, checksum};

use super::{DESTINATION_UNREACHABLE, FRESH_TTL, HEADER, TIME_EXCEEDED};

/// Largest error, IPv4 header included: what every host must be able to receive (RFC 1812 4.3.2.3).
pub const LARGEST: usize = 576;

/// Precedence 6, internetwork control (RFC 1812 4.3.2.5).
const INTERNETWORK_CONTROL: u8 = 0xc0;
/// The bits of the offender's type of service that its error keeps: without precedence, and
/// without ECN, which an error must not claim (RFC 3168 6.1.4 in spirit, RFC 6040 in practice).
const KEPT_TYPE_OF_SERVICE: u8 = 0x1c;

/// What is wrong with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorMessage {
    /// Type 11, code 0: its TTL ended here.
    TimeExceeded,
    /// Type 3, code 0: no route.
    NetUnreachable,
    /// Type 3, code 1: the next hop does not say where it is (RFC 1812 5.2.7.1).
    HostUnreachable,
    /// Type 3, code 2: nothing here speaks the protocol.
    ProtocolUnreachable,
    /// Type 3, code 3: nothing here listens on the port.
    PortUnreachable,
    /// Type 3, code 4 (RFC 1191): too long for the next hop, Don't Fragment set.
    FragmentationNeeded {
        /// What the next hop carries, in bytes of IPv4 packet.
        mtu: u16,
    },
}

impl ErrorMessage {
    /// The verdict of a packet that is answered so.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::TimeExceeded => Verdict::IcmpTimeExceeded,
            // The two differ in code alone, and there is one counter.
            Self::NetUnreachable | Self::HostUnreachable => Verdict::IcmpNetUnreachable,
            Self::ProtocolUnreachable | Self::PortUnreachable => Verdict::IcmpPortUnreachable,
            Self::FragmentationNeeded { .. } => Verdict::IcmpFragmentationNeeded,
        }
    }

    /// The ICMP header, checksum 0.
    const fn header(self) -> [u8; HEADER] {
        let (kind, code, [mtu_high, mtu_low]) = match self {
            Self::TimeExceeded => (TIME_EXCEEDED, 0, [0, 0]),
            Self::NetUnreachable => (DESTINATION_UNREACHABLE, 0, [0, 0]),
            Self::HostUnreachable => (DESTINATION_UNREACHABLE, 1, [0, 0]),
            Self::ProtocolUnreachable => (DESTINATION_UNREACHABLE, 2, [0, 0]),
            Self::PortUnreachable => (DESTINATION_UNREACHABLE, 3, [0, 0]),
            Self::FragmentationNeeded { mtu } => (DESTINATION_UNREACHABLE, 4, mtu.to_be_bytes()),
        };
        [kind, code, 0, 0, 0, 0, mtu_high, mtu_low]
    }
}

/// Appends to `out` the IPv4 packet from `source` that tells the sender of `offender` about it.
///
/// Quotes as much of the offender as fits in [`LARGEST`] bytes (RFC 1812 4.3.2.3): traceroute
/// and path MTU discovery find their socket by what is quoted, also behind tunnels.
pub fn write(message: ErrorMessage, offender: &Ipv4<'_>, source: Ipv4Addr, out: &mut Vec<u8>) {
    let offending = offender.bytes();
    let quoted = offending.get(..LARGEST - IPV4_HEADER - HEADER).unwrap_or(offending);
    let header = Ipv4Header {
        type_of_service: INTERNETWORK_CONTROL | (offender.type_of_service() & KEPT_TYPE_OF_SERVICE),
        identification: 0,
        dont_fragment: true,
        ttl: FRESH_TTL,
        protocol: PROTOCOL_ICMP,
        source,
        destination: offender.source(),
    };
    out.extend_from_slice(&header.encode(HEADER + quoted.len()));
    let at = out.len();
    out.extend_from_slice(&message.header());
    out.extend_from_slice(quoted);
    let sum = checksum::internet(out.get(at..).unwrap_or_default());
    if let Some(field) = out.get_mut(at + 2..at + 4) {
        field.copy_from_slice(&sum.to_be_bytes());
    }
}

#[cfg(test)]
mod tests;
