//! Ethernet frames.

use abi::image::UNTAGGED;

/// EtherType of IPv4.
pub const ETHERTYPE_IPV4: u16 = 0x0800;
/// EtherType of IPv6.
pub const ETHERTYPE_IPV6: u16 = 0x86dd;
/// EtherType of ARP (RFC 826).
pub const ETHERTYPE_ARP: u16 = 0x0806;
/// Length of an untagged Ethernet header; its first 12 bytes are the two MAC addresses.
pub const ETHERNET_HEADER: usize = 14;

const ETHERTYPE_CTAG: u16 = 0x8100;
const ETHERTYPE_STAG: u16 = 0x88a8;

/// An Ethernet II frame with up to two VLAN tags.
#[derive(Clone, Copy, Debug)]
pub struct Ethernet<'a> {
    /// Destination MAC address.
    pub destination: [u8; 6],
    /// Source MAC address.
    pub source: [u8; 6],
    /// VLAN id of the outer one of two tags, else [`UNTAGGED`].
    pub outer: u16,
    /// VLAN id of the inner or only tag, else [`UNTAGGED`].
    pub inner: u16,
    /// What the payload is.
    pub ethertype: u16,
    /// Everything behind the header and the tags, padding included.
    pub payload: &'a [u8],
}

impl<'a> Ethernet<'a> {
    /// Reads a frame; `None` when it is shorter than its header and tags.
    pub fn parse(frame: &'a [u8]) -> Option<Self> {
        let (destination, rest) = frame.split_first_chunk()?;
        let (source, rest) = rest.split_first_chunk()?;
        let (mut outer, mut inner) = (UNTAGGED, UNTAGGED);
        let (mut ethertype, mut payload) = field(rest)?;
        if matches!(ethertype, ETHERTYPE_CTAG | ETHERTYPE_STAG) {
            (inner, (ethertype, payload)) = tag(payload)?;
            if ethertype == ETHERTYPE_CTAG {
                outer = inner;
                (inner, (ethertype, payload)) = tag(payload)?;
            }
        }
        let (destination, source) = (*destination, *source);
        Some(Self { destination, source, outer, inner, ethertype, payload })
    }

    /// Whether the frame is for more than one station (broadcast or multicast): the group bit.
    pub fn is_group_addressed(&self) -> bool {
        let [first, ..] = self.destination;
        first & 1 == 1
    }
}

fn field(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (field, rest) = bytes.split_first_chunk()?;
    Some((u16::from_be_bytes(*field), rest))
}

/// VLAN id, and the EtherType and bytes behind the tag.
fn tag(bytes: &[u8]) -> Option<(u16, (u16, &[u8]))> {
    let (control, rest) = field(bytes)?;
    Some((control & 0x0fff, field(rest)?))
}
