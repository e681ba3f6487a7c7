//! IPv4 packets: a view of one, and the header of one of our own.

use std::net::Ipv4Addr;

/// Length of an IPv4 header without options.
pub const IPV4_HEADER: usize = 20;

/// An IPv4 packet (RFC 791), cut to its total length.
#[derive(Clone, Copy, Debug)]
pub struct Ipv4<'a> {
    header: &'a [u8; IPV4_HEADER],
    bytes: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Ipv4<'a> {
    /// Reads a packet by the checks of RFC 1812 5.2.2; `None` when one fails. The header checksum
    /// is not checked here.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let header: &[u8; IPV4_HEADER] = bytes.first_chunk()?;
        let [version_and_length, _, total_high, total_low, ..] = *header;
        let header_length = usize::from(version_and_length & 0x0f) * 4;
        let total_length = usize::from(u16::from_be_bytes([total_high, total_low]));
        if version_and_length >> 4 != 4 || header_length < IPV4_HEADER {
            return None;
        }
        let bytes = bytes.get(..total_length)?;
        Some(Self { header, bytes, payload: bytes.get(header_length..)? })
    }

    /// The whole packet, header first, without padding.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What follows the header and its options.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Type of service (RFC 791), now DSCP and ECN.
    pub fn type_of_service(&self) -> u8 {
        let [_, type_of_service, ..] = *self.header;
        type_of_service
    }

    /// The identification field.
    pub fn identification(&self) -> u16 {
        let [_, _, _, _, high, low, ..] = *self.header;
        u16::from_be_bytes([high, low])
    }

    /// Where this fragment belongs, in units of 8 bytes; 0 for a whole packet or a first fragment.
    pub fn fragment_offset(&self) -> u16 {
        self.flags_and_offset() & 0x1fff
    }

    /// Whether more fragments follow.
    pub fn more_fragments(&self) -> bool {
        self.flags_and_offset() & 0x2000 != 0
    }

    /// Whether no router may fragment it.
    pub fn dont_fragment(&self) -> bool {
        self.flags_and_offset() & 0x4000 != 0
    }

    /// Time to live as it arrived.
    pub fn ttl(&self) -> u8 {
        let [_, _, _, _, _, _, _, _, ttl, ..] = *self.header;
        ttl
    }

    /// Protocol number of the payload.
    pub fn protocol(&self) -> u8 {
        let [_, _, _, _, _, _, _, _, _, protocol, ..] = *self.header;
        protocol
    }

    /// Source address.
    pub fn source(&self) -> Ipv4Addr {
        let [.., a, b, c, d, _, _, _, _] = *self.header;
        Ipv4Addr::new(a, b, c, d)
    }

    /// Destination address.
    pub fn destination(&self) -> Ipv4Addr {
        let [.., a, b, c, d] = *self.header;
        Ipv4Addr::new(a, b, c, d)
    }

    fn flags_and_offset(&self) -> u16 {
        let [_, _, _, _, _, _, high, low, ..] = *self.header;
        u16::from_be_bytes([high, low])
    }
}

/// The fields of an IPv4 header that this program chooses; the rest follows from them.
#[derive(Clone, Copy, Debug)]
pub struct Ipv4Header {
    /// Type of service.
    pub type_of_service: u8,
    /// Identification; meaningless under Don't Fragment (RFC 6864).
    pub identification: u16,
    /// Don't Fragment.
    pub dont_fragment: bool,
    /// Time to live.
    pub ttl: u8,
    /// Protocol of the payload.
    pub protocol: u8,
    /// Source address.
    pub source: Ipv4Addr,
    /// Destination address.
    pub destination: Ipv4Addr,
}

impl Ipv4Header {
    /// The header in wire order, without options and with its checksum, for `payload` bytes.
    ///
    /// A payload that no total length can express gives a header with the largest one; callers
    /// bound theirs by the longest frame (`abi::limits::FRAME`), far below.
    pub fn encode(&self, payload: usize) -> [u8; IPV4_HEADER] {
        let total = u16::try_from(IPV4_HEADER + payload).unwrap_or(u16::MAX);
        let [total_high, total_low] = total.to_be_bytes();
        let [id_high, id_low] = self.identification.to_be_bytes();
        let flags = if self.dont_fragment { 0x40 } else { 0 };
        let [s0, s1, s2, s3] = self.source.octets();
        let [d0, d1, d2, d3] = self.destination.octets();
        let with_checksum = |[high, low]: [u8; 2]| {
            [
                0x45,
                self.type_of_service,
                total_high,
                total_low,
                id_high,
                id_low,
                flags,
                0,
                self.ttl,
                self.protocol,
                high,
                low,
                s0,
                s1,
                s2,
                s3,
                d0,
                d1,
                d2,
                d3,
            ]
        };
        with_checksum(crate::checksum::internet(&with_checksum([0, 0])).to_be_bytes())
    }
}
