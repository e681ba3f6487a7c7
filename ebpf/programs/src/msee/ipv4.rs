//! IPv4: stage 2, is this a packet a router may touch? And what the stages behind it ask of the header.
//!
//! RFC 1812 5.2.2, numbered as there. The order differs in one place: the version and the header
//! length are read before the checksum, whose extent they give; the total length is believed only
//! once the checksum holds.

use abi::{
    image::{Port, Vnet},
    verdict::{Stage, Verdict},
};
use programs::header::{ICMP, IPV4, Ipv4, TCP, UDP};

use crate::{checksum, end::End, flow::Hash, network::Network, packet::Packet};

/// Most 32-bit words of options: a header length of 15 words, without the 5 that are always there.
const OPTION_WORDS: usize = 10;

/// ICMP type of an echo request.
const ECHO_REQUEST: u8 = 8;

/// Bytes of an ICMP message up to its type and code.
const MESSAGE_TYPE: usize = 2;

/// The TTL is the high byte of its word.
const ONE_HOP: u16 = 0x0100;

impl Network for Ipv4 {
    type Octets = [u8; 4];

    #[inline(always)]
    fn check<const TRACED: bool>(packet: &mut Packet<'_, TRACED>, _: &Port) -> Result<Self, End> {
        // (1) The link layer's length holds a minimum datagram.
        let header: Self =
            *packet.frame.at(packet.network).ok_or(End::drop(Verdict::PortTruncated))?;
        // (3) The version is 4.
        if header.version() != 4 {
            return Err(End::drop(Verdict::CheckVersion));
        }
        // (4) The header length is at least 5 words, and the header is there.
        let length = header.header_length();
        let carried = packet.carried();
        if length < IPV4 || length > carried {
            return Err(End::drop(Verdict::CheckHeaderLength));
        }
        // (2) The checksum is right.
        let sum = header.sum().wrapping_add(options(packet, header.header_words()));
        if !checksum::is_intact(sum) {
            return Err(End::drop(Verdict::CheckChecksum));
        }
        // (5) The total length holds the header; and the frame holds the total length. A longer frame
        // is padded, and trimmed on its way out.
        if header.total_length() < length || header.total_length() > carried {
            return Err(End::drop(Verdict::CheckTotalLength));
        }
        // 5.3.7: sources and destinations that no router passes on. 255.255.255.255 is in 240/4.
        if is_martian(header.source()) {
            return Err(End::drop(Verdict::CheckMartianSource));
        }
        if is_martian(header.destination()) {
            return Err(End::drop(Verdict::CheckMartianDestination));
        }
        packet.trace.step(Stage::Check, 0, 0);
        Ok(header)
    }

    #[inline(always)]
    fn source_octets(&self) -> [u8; 4] {
        self.source()
    }

    #[inline(always)]
    fn destination_octets(&self) -> [u8; 4] {
        self.destination()
    }

    #[inline(always)]
    fn root_of_port(port: &Port) -> u32 {
        port.root_ipv4
    }

    #[inline(always)]
    fn root_of_vnet(vnet: &Vnet) -> u32 {
        vnet.root_ipv4
    }

    #[inline(always)]
    fn is_for_port(&self, port: &Port) -> bool {
        u32::from_ne_bytes(self.destination()) == u32::from_ne_bytes(port.address_ipv4)
    }

    #[inline(always)]
    fn is_for_vnet(&self, vnet: &Vnet) -> bool {
        u32::from_ne_bytes(self.destination()) == u32::from_ne_bytes(vnet.address_ipv4)
    }

    #[inline(always)]
    fn length(&self) -> usize {
        self.total_length()
    }

    #[inline(always)]
    fn hops(&self) -> u8 {
        self.ttl()
    }

    #[inline(always)]
    fn may_be_fragmented(&self) -> bool {
        !self.dont_fragment()
    }

    #[inline(always)]
    fn take_hop<const TRACED: bool>(&self, packet: &mut Packet<'_, TRACED>) -> Option<()> {
        let before = self.ttl_protocol();
        let after = before.wrapping_sub(ONE_HOP);
        let checksum = checksum::updated(self.checksum(), before, after);
        let header: &mut Self = packet.frame.at_mut(packet.network)?;
        header.set_ttl_protocol_and_checksum(after, checksum);
        Some(())
    }

    #[inline(always)]
    fn is_echo_request<const TRACED: bool>(&self, packet: &Packet<'_, TRACED>) -> bool {
        // Behind the packet is padding: a type there is nobody's.
        let has_type = self.total_length() >= self.header_length().wrapping_add(MESSAGE_TYPE);
        if self.protocol() != ICMP || self.is_fragment() || !has_type {
            return false;
        }
        let behind = packet.network.wrapping_add(self.header_length());
        packet.frame.message_type(behind) == Some(ECHO_REQUEST)
    }

    #[inline(always)]
    fn is_neighbour_discovery<const TRACED: bool>(&self, _: &Packet<'_, TRACED>) -> bool {
        false
    }

    /// The 5-tuple. Any fragment, the first included, is hashed without ports, or the parts of a
    /// packet would take different ways (RFC 1812 4.2.2.7); ICMP has none.
    #[inline(always)]
    fn flow<const TRACED: bool>(&self, packet: &Packet<'_, TRACED>) -> u32 {
        let protocol = self.protocol();
        let has_ports = (protocol == TCP || protocol == UDP) && !self.is_fragment();
        let behind = packet.network.wrapping_add(self.header_length());
        Hash::default()
            .mix(u32::from_ne_bytes(self.source()))
            .mix(u32::from_ne_bytes(self.destination()))
            .mix(if has_ports { Hash::ports(&packet.frame, behind) } else { 0 })
            .mix(u32::from(protocol))
            .finish()
    }
}

/// Sum of the options. They are not interpreted (RFC 1812 4.2.2.1 lets a router ignore what it
/// does not know), only covered by the checksum.
#[inline(always)]
fn options<const TRACED: bool>(packet: &Packet<'_, TRACED>, header_words: usize) -> u32 {
    let mut sum = 0_u32;
    for word in 0..OPTION_WORDS {
        if word.wrapping_add(IPV4 / 4) >= header_words {
            break;
        }
        let offset = packet.network.wrapping_add(IPV4).wrapping_add(word << 2);
        let Some([high, low]) = packet.frame.at::<[u16; 2]>(offset) else { break };
        sum = sum.wrapping_add(u32::from(*high)).wrapping_add(u32::from(*low));
    }
    sum
}

/// 0/8 (this network), 127/8 (loopback), 224/4 (multicast), 240/4 (reserved, broadcast).
#[inline(always)]
fn is_martian([first, ..]: [u8; 4]) -> bool {
    first == 0 || first == 127 || first >= 224
}
