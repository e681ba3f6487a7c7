//! IPv6: stage 2, is this a packet a router may touch? And what the stages behind it ask of the header.
//!
//! RFC 8200 leaves less to check than RFC 1812: no checksum, no header length. Instead there are
//! scopes: a link-local address means something else on each link, so it never crosses the router
//! (RFC 4291 2.5.6), and Neighbour Discovery lives on such addresses and on multicast.

use abi::{
    image::{PORT_FABRIC, Port, Vnet},
    police::Class,
    verdict::{Stage, Verdict},
};
use programs::header::{HOP_BY_HOP, ICMPV6, IPV6, Ipv6, TCP, UDP};

use crate::{end::End, flow::Hash, network::Network, packet::Packet, port};

/// ICMPv6 type of an echo request.
const ECHO_REQUEST: u8 = 128;
/// ICMPv6 types of Neighbour Discovery (RFC 4861 4): router solicitation to redirect.
const ROUTER_SOLICITATION: u8 = 133;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const REDIRECT: u8 = 137;

/// Bytes of an ICMPv6 message up to its type and code.
const MESSAGE_TYPE: usize = 2;

/// Neighbour Discovery that passed a router is none: its hop limit tells (RFC 4861 7.1.1).
const NEVER_FORWARDED: u8 = 255;

impl Network for Ipv6 {
    type Octets = [u8; 16];

    #[inline(always)]
    fn check<const TRACED: bool>(
        packet: &mut Packet<'_, TRACED>,
        port: &Port,
    ) -> Result<Self, End> {
        let header: Self =
            *packet.frame.at(packet.network).ok_or(End::drop(Verdict::PortTruncated))?;
        if header.version() != 6 {
            return Err(End::drop(Verdict::CheckVersion));
        }
        // The frame holds the payload; a longer one is padded. A payload of 0 with hop-by-hop options
        // is a jumbogram (RFC 2675), longer than any frame here.
        let is_jumbogram = header.payload_length() == 0 && header.next_header() == HOP_BY_HOP;
        if header.length() > packet.carried() || is_jumbogram {
            return Err(End::drop(Verdict::CheckTotalLength));
        }
        let (source, destination) = (header.source(), header.destination());
        if is_martian(source) {
            return Err(End::drop(Verdict::CheckMartianSource));
        }
        if is_martian(destination) {
            return Err(End::drop(Verdict::CheckMartianDestination));
        }
        packet.trace.step(Stage::Check, 0, 0);
        if !is_link_local(source) && !is_link_local(destination) {
            return Ok(header);
        }
        // What stays on the link is for the MSEE, or for nobody.
        Err(if port.kind == PORT_FABRIC {
            if header.is_neighbour_discovery(packet) {
                End::punt(Verdict::LocalNd)
            } else {
                End::drop(Verdict::CheckLinkLocal)
            }
        } else if is_link_local(destination) || header.is_for_port(port) {
            let is_nd = header.is_neighbour_discovery(packet);
            let class = if is_nd { Class::NeighbourUnicast } else { Class::Control };
            port::to_kernel(packet, port, class)
        } else {
            End::drop(Verdict::CheckLinkLocal)
        })
    }

    #[inline(always)]
    fn source_octets(&self) -> [u8; 16] {
        octets(self.source())
    }

    #[inline(always)]
    fn destination_octets(&self) -> [u8; 16] {
        octets(self.destination())
    }

    #[inline(always)]
    fn root_of_port(port: &Port) -> u32 {
        port.root_ipv6
    }

    #[inline(always)]
    fn root_of_vnet(vnet: &Vnet) -> u32 {
        vnet.root_ipv6
    }

    #[inline(always)]
    fn is_for_port(&self, port: &Port) -> bool {
        is_same(self.destination(), &port.address_ipv6)
    }

    #[inline(always)]
    fn is_for_vnet(&self, vnet: &Vnet) -> bool {
        is_same(self.destination(), &vnet.address_ipv6)
    }

    #[inline(always)]
    fn length(&self) -> usize {
        IPV6.wrapping_add(self.payload_length())
    }

    #[inline(always)]
    fn hops(&self) -> u8 {
        self.hop_limit()
    }

    /// Only the source fragments (RFC 8200 section 5).
    #[inline(always)]
    fn may_be_fragmented(&self) -> bool {
        false
    }

    #[inline(always)]
    fn take_hop<const TRACED: bool>(&self, packet: &mut Packet<'_, TRACED>) -> Option<()> {
        let header: &mut Self = packet.frame.at_mut(packet.network)?;
        header.set_hop_limit(self.hop_limit().wrapping_sub(1));
        Some(())
    }

    #[inline(always)]
    fn is_echo_request<const TRACED: bool>(&self, packet: &Packet<'_, TRACED>) -> bool {
        message(self, packet) == Some(ECHO_REQUEST)
    }

    #[inline(always)]
    fn is_neighbour_discovery<const TRACED: bool>(&self, packet: &Packet<'_, TRACED>) -> bool {
        self.hop_limit() == NEVER_FORWARDED
            && message(self, packet)
                .is_some_and(|it| it == NEIGHBOUR_SOLICITATION || it == NEIGHBOUR_ADVERTISEMENT)
    }

    /// Addresses, ports and next header. Behind an extension header no ports are looked for: a
    /// fragment has them in its first part only.
    #[inline(always)]
    fn flow<const TRACED: bool>(&self, packet: &Packet<'_, TRACED>) -> u32 {
        let protocol = self.next_header();
        let has_ports = protocol == TCP || protocol == UDP;
        let behind = packet.network.wrapping_add(IPV6);
        let mut hash = Hash::default();
        for address in [self.source(), self.destination()] {
            let (pairs, _) = address.as_chunks::<2>();
            for [high, low] in pairs {
                hash = hash.mix(u32::from(*high) << 16 | u32::from(*low));
            }
        }
        hash.mix(if has_ports { Hash::ports(&packet.frame, behind) } else { 0 })
            .mix(u32::from(protocol))
            .finish()
    }
}

/// What a frame to a group address is: Neighbour Discovery for the kernel behind a circuit's link or
/// for userspace behind a fabric, or nothing that anybody here takes part in.
#[inline(always)]
pub fn to_group<const TRACED: bool>(packet: &mut Packet<'_, TRACED>, port: &Port) -> End {
    let Some(header) = packet.frame.at::<Ipv6>(packet.network).copied() else {
        return End::drop(Verdict::PortGroup);
    };
    let [group, ..] = header.destination();
    let [first, second] = group.to_ne_bytes();
    let kind = message(&header, packet).unwrap_or(0);
    // A well-known group of link-local scope (RFC 4291 2.7).
    let on_link = first == 0xff && second == 0x02;
    let is_discovery = header.version() == 6
        && header.length() <= packet.carried()
        && on_link
        && header.hop_limit() == NEVER_FORWARDED
        && (ROUTER_SOLICITATION..=REDIRECT).contains(&kind);
    if !is_discovery {
        End::drop(Verdict::PortGroup)
    } else if port.kind != PORT_FABRIC {
        port::to_kernel(packet, port, Class::Neighbour)
    } else if kind == NEIGHBOUR_SOLICITATION || kind == NEIGHBOUR_ADVERTISEMENT {
        End::punt_of_group(Verdict::LocalNd)
    } else {
        End::drop(Verdict::PortGroup)
    }
}

/// The type of the ICMPv6 message directly behind the header.
#[inline(always)]
fn message<const TRACED: bool>(header: &Ipv6, packet: &Packet<'_, TRACED>) -> Option<u8> {
    // Behind the packet is padding: a type there is nobody's.
    if header.next_header() != ICMPV6 || header.payload_length() < MESSAGE_TYPE {
        return None;
    }
    packet.frame.message_type(packet.network.wrapping_add(IPV6))
}

/// `::` (unspecified), `::1` (loopback), ff00::/8 (multicast), ::ffff:0:0/96 (IPv4-mapped).
#[inline(always)]
fn is_martian([first, b, c, d, e, f, g, h]: [u16; 8]) -> bool {
    if first.to_ne_bytes()[0] == 0xff {
        return true;
    }
    if first | b | c | d | e != 0 {
        return false;
    }
    let last = u16::from_be(h);
    f == 0xffff || (f | g == 0 && last <= 1)
}

/// fe80::/10.
#[inline(always)]
fn is_link_local([first, ..]: [u16; 8]) -> bool {
    u16::from_be(first) & 0xffc0 == 0xfe80
}

#[inline(always)]
fn is_same(words: [u16; 8], octets: &[u8; 16]) -> bool {
    let (pairs, _) = octets.as_chunks::<2>();
    let mut difference = 0;
    for (word, pair) in words.into_iter().zip(pairs) {
        difference |= word ^ u16::from_ne_bytes(*pair);
    }
    difference == 0
}

#[inline(always)]
fn octets([a, b, c, d, e, f, g, h]: [u16; 8]) -> [u8; 16] {
    let [[a, i], [b, j], [c, k], [d, l]] =
        [a.to_ne_bytes(), b.to_ne_bytes(), c.to_ne_bytes(), d.to_ne_bytes()];
    let [[e, m], [f, n], [g, o], [h, p]] =
        [e.to_ne_bytes(), f.to_ne_bytes(), g.to_ne_bytes(), h.to_ne_bytes()];
    [a, i, b, j, c, k, d, l, e, m, f, n, g, o, h, p]
}
