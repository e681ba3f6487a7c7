//! Ethernet, IPv4 and IPv6 headers as they lie in a frame.
//!
//! Fields are 16-bit words in network byte order: a frame starts on an even address, so every word
//! is aligned and loads in one instruction, while a packed struct would be read byte by byte (BPF
//! has no unaligned load that the compiler may use).

/// Length of an Ethernet header without tags, in bytes.
pub const ETHERNET: usize = 14;
/// Length of a VLAN tag, in bytes.
pub const TAG: usize = 4;
/// Length of an IPv4 header without options, in bytes.
pub const IPV4: usize = 20;
/// Length of an IPv6 header, in bytes.
pub const IPV6: usize = 40;

/// EtherType of IPv4.
pub const ETHERTYPE_IPV4: u16 = 0x0800;
/// EtherType of IPv6.
pub const ETHERTYPE_IPV6: u16 = 0x86dd;
/// EtherType of ARP.
pub const ETHERTYPE_ARP: u16 = 0x0806;
/// EtherType of an 802.1Q C-tag.
pub const ETHERTYPE_CTAG: u16 = 0x8100;
/// EtherType of an 802.1ad S-tag.
pub const ETHERTYPE_STAG: u16 = 0x88a8;

/// IP protocol number of ICMP.
pub const ICMP: u8 = 1;
/// IP protocol number of TCP.
pub const TCP: u8 = 6;
/// IP protocol number of UDP.
pub const UDP: u8 = 17;
/// IPv6 next header: hop-by-hop options.
pub const HOP_BY_HOP: u8 = 0;
/// IPv6 next header: ICMPv6.
pub const ICMPV6: u8 = 58;

/// An Ethernet header.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Ethernet {
    /// Destination MAC address.
    pub destination: [u16; 3],
    /// Source MAC address.
    pub source: [u16; 3],
    /// EtherType, network byte order.
    pub ethertype: u16,
}

impl Ethernet {
    /// Broadcast or multicast: the group bit of the first octet.
    #[inline(always)]
    pub fn is_group(&self) -> bool {
        let [first, ..] = self.destination;
        first.to_ne_bytes()[0] & 1 == 1
    }
}

/// A VLAN tag, as it follows the two MAC addresses or another tag: its own EtherType is in front of
/// it, that of what follows is in it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Tag {
    control: u16,
    /// EtherType of what follows, network byte order.
    pub ethertype: u16,
}

impl Tag {
    /// VLAN id, 0 to 4095; priority and drop eligibility are not looked at.
    #[inline(always)]
    pub fn vlan(&self) -> u16 {
        u16::from_be(self.control) & 0x0fff
    }
}

/// The 20 bytes of an IPv4 header that are always there.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Ipv4 {
    version_length_service: u16,
    total_length: u16,
    identification: u16,
    flags_fragment: u16,
    ttl_protocol: u16,
    checksum: u16,
    source: [u16; 2],
    destination: [u16; 2],
}

const _: () = assert!(size_of::<Ethernet>() == ETHERNET && align_of::<Ethernet>() == 2);
const _: () = assert!(size_of::<Tag>() == TAG && align_of::<Tag>() == 2);
const _: () = assert!(size_of::<Ipv4>() == IPV4 && align_of::<Ipv4>() == 2);
const _: () = assert!(size_of::<Ipv6>() == IPV6 && align_of::<Ipv6>() == 2);

const DONT_FRAGMENT: u16 = 0x4000;
const MORE_FRAGMENTS: u16 = 0x2000;
const FRAGMENT_OFFSET: u16 = 0x1fff;

impl Ipv4 {
    /// IP version.
    #[inline(always)]
    pub fn version(&self) -> u8 {
        self.version_length_service.to_ne_bytes()[0] >> 4
    }

    /// Header length in 32-bit words (IHL), 0 to 15.
    #[inline(always)]
    pub fn header_words(&self) -> usize {
        usize::from(self.version_length_service.to_ne_bytes()[0] & 0x0f)
    }

    /// Header length in bytes, 0 to 60.
    #[inline(always)]
    pub fn header_length(&self) -> usize {
        self.header_words() << 2
    }

    /// Total length in bytes, header included.
    #[inline(always)]
    pub fn total_length(&self) -> usize {
        usize::from(u16::from_be(self.total_length))
    }

    /// Whether the packet must not be fragmented.
    #[inline(always)]
    pub fn dont_fragment(&self) -> bool {
        u16::from_be(self.flags_fragment) & DONT_FRAGMENT != 0
    }

    /// Any fragment, the first included: none of them is judged by what lies behind the header.
    #[inline(always)]
    pub fn is_fragment(&self) -> bool {
        u16::from_be(self.flags_fragment) & (MORE_FRAGMENTS | FRAGMENT_OFFSET) != 0
    }

    /// Time to live.
    #[inline(always)]
    pub fn ttl(&self) -> u8 {
        self.ttl_protocol.to_ne_bytes()[0]
    }

    /// Number of the protocol behind the header.
    #[inline(always)]
    pub fn protocol(&self) -> u8 {
        self.ttl_protocol.to_ne_bytes()[1]
    }

    /// The word of TTL and protocol, host byte order.
    #[inline(always)]
    pub fn ttl_protocol(&self) -> u16 {
        u16::from_be(self.ttl_protocol)
    }

    /// Header checksum, host byte order.
    #[inline(always)]
    pub fn checksum(&self) -> u16 {
        u16::from_be(self.checksum)
    }

    /// Replaces the word of TTL and protocol and the checksum, both in host byte order.
    #[inline(always)]
    pub fn set_ttl_protocol_and_checksum(&mut self, ttl_protocol: u16, checksum: u16) {
        self.ttl_protocol = ttl_protocol.to_be();
        self.checksum = checksum.to_be();
    }

    /// Source address, network byte order.
    #[inline(always)]
    pub fn source(&self) -> [u8; 4] {
        octets(self.source)
    }

    /// Destination address, network byte order.
    #[inline(always)]
    pub fn destination(&self) -> [u8; 4] {
        octets(self.destination)
    }

    /// Ones' complement sum of the 20 bytes, not folded (RFC 1071 sums in any byte order).
    #[inline(always)]
    pub fn sum(&self) -> u32 {
        let Self {
            version_length_service,
            total_length,
            identification,
            flags_fragment,
            ttl_protocol,
            checksum,
            source: [s0, s1],
            destination: [d0, d1],
        } = *self;
        let head =
            add(add(version_length_service, total_length), add(identification, flags_fragment));
        let tail = add(add(s0, s1), add(d0, d1));
        head.wrapping_add(u32::from(ttl_protocol))
            .wrapping_add(u32::from(checksum))
            .wrapping_add(tail)
    }
}

/// An IPv6 header (RFC 8200 section 3).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Ipv6 {
    version_class_flow: [u16; 2],
    payload_length: u16,
    next_hop: u16,
    source: [u16; 8],
    destination: [u16; 8],
}

impl Ipv6 {
    /// IP version.
    #[inline(always)]
    pub fn version(&self) -> u8 {
        let [first, _] = self.version_class_flow;
        first.to_ne_bytes()[0] >> 4
    }

    /// Bytes behind this header, extension headers included.
    #[inline(always)]
    pub fn payload_length(&self) -> usize {
        usize::from(u16::from_be(self.payload_length))
    }

    /// Number of the header behind this one.
    #[inline(always)]
    pub fn next_header(&self) -> u8 {
        self.next_hop.to_ne_bytes()[0]
    }

    /// Hop limit.
    #[inline(always)]
    pub fn hop_limit(&self) -> u8 {
        self.next_hop.to_ne_bytes()[1]
    }

    /// Replaces the hop limit.
    #[inline(always)]
    pub fn set_hop_limit(&mut self, hop_limit: u8) {
        self.next_hop = u16::from_ne_bytes([self.next_header(), hop_limit]);
    }

    /// Source address: its words as they lie in memory.
    #[inline(always)]
    pub fn source(&self) -> [u16; 8] {
        self.source
    }

    /// Destination address: its words as they lie in memory.
    #[inline(always)]
    pub fn destination(&self) -> [u16; 8] {
        self.destination
    }
}

#[inline(always)]
fn octets([high, low]: [u16; 2]) -> [u8; 4] {
    let [[a, b], [c, d]] = [high.to_ne_bytes(), low.to_ne_bytes()];
    [a, b, c, d]
}

/// At most 30 words of 16 bits are added up: 32 bits cannot overflow.
#[inline(always)]
fn add(a: impl Into<u32>, b: impl Into<u32>) -> u32 {
    a.into().wrapping_add(b.into())
}
