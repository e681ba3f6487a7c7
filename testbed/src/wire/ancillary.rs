//! What the kernel reports beside a message: arrival time, VLAN tag, TTL, overflow.
//!
//! Control messages are `cmsghdr`s one after another, each aligned to the machine word (cmsg(3)).

use std::time::Duration;

/// A VLAN tag as on the wire, both halves in host order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VlanTag {
    /// Tag protocol identifier: 0x8100 (802.1Q) or 0x88a8 (802.1ad).
    pub(crate) protocol: u16,
    /// Priority, drop eligibility and VLAN number.
    pub(crate) control: u16,
}

impl VlanTag {
    /// Bits of the VLAN number in `control`.
    const NUMBER: u16 = 0x0fff;

    /// A tag without priority.
    pub(crate) fn new(protocol: u16, number: u16) -> Self {
        Self { protocol, control: number & Self::NUMBER }
    }

    /// The tag in four bytes behind a frame's addresses, if they are one.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, d] = *bytes.first_chunk()?;
        let protocol = u16::from_be_bytes([a, b]);
        let is_tag = [CUSTOMER_TAG, SERVICE_TAG].contains(&protocol);
        is_tag.then(|| Self { protocol, control: u16::from_be_bytes([c, d]) })
    }

    /// The VLAN's number.
    pub(crate) fn number(self) -> u16 {
        self.control & Self::NUMBER
    }

    /// Whether both name the same VLAN: priorities have no part in that.
    pub(crate) fn names_as(self, other: Self) -> bool {
        (self.protocol, self.number()) == (other.protocol, other.number())
    }
}

/// The control messages of one received message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ancillary {
    /// When the kernel received it, since the epoch (`SO_TIMESTAMPNS`).
    pub(crate) stamp: Option<Duration>,
    /// The tag the kernel took out of it (`PACKET_AUXDATA`).
    pub(crate) tag: Option<VlanTag>,
    /// Time to live in its IP header (`IP_RECVTTL`), or hop limit (`IPV6_RECVHOPLIMIT`).
    pub(crate) ttl: Option<u8>,
    /// How many messages the socket has lost to a full buffer since it was opened
    /// (`SO_RXQ_OVFL`); absent until the first loss.
    pub(crate) overflows: Option<u32>,
}

const WORD: usize = size_of::<usize>();
/// Length, level and type.
const HEADER: usize = WORD + 8;
/// `TP_STATUS_VLAN_VALID` and `TP_STATUS_VLAN_TPID_VALID` of linux/if_packet.h.
const TAG_VALID: u32 = 1 << 4;
const TAG_PROTOCOL_VALID: u32 = 1 << 6;
/// 802.1Q; also for kernels that do not report the tag's protocol.
const CUSTOMER_TAG: u16 = 0x8100;
/// 802.1ad.
const SERVICE_TAG: u16 = 0x88a8;

impl Ancillary {
    /// Reads all control messages in `control`; unknown and malformed ones are passed over.
    pub(crate) fn parse(mut control: &[u8]) -> Self {
        let mut found = Self::default();
        while let Some((length, level, kind)) = header(control) {
            let Some(data) = control.get(HEADER..length) else {
                break;
            };
            match (level, kind) {
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => found.stamp = stamp(data),
                (libc::SOL_PACKET, libc::PACKET_AUXDATA) => found.tag = tag(data),
                (libc::SOL_IP, libc::IP_TTL) | (libc::SOL_IPV6, libc::IPV6_HOPLIMIT) => {
                    found.ttl = word(data, 0).and_then(|ttl| u8::try_from(ttl).ok());
                }
                (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => found.overflows = word(data, 0),
                _ => {}
            }
            control = control.get(length.next_multiple_of(WORD)..).unwrap_or_default();
        }
        found
    }
}

fn header(control: &[u8]) -> Option<(usize, i32, i32)> {
    let length = usize::from_ne_bytes(*control.first_chunk()?);
    let level = i32::from_ne_bytes(*control.get(WORD..)?.first_chunk()?);
    let kind = i32::from_ne_bytes(*control.get(WORD + 4..)?.first_chunk()?);
    (length >= HEADER).then_some((length, level, kind))
}

/// A `struct timespec`.
fn stamp(data: &[u8]) -> Option<Duration> {
    let seconds = i64::from_ne_bytes(*data.first_chunk()?);
    let nanoseconds = i64::from_ne_bytes(*data.get(8..)?.first_chunk()?);
    Some(Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanoseconds).ok()?))
}

/// A `struct tpacket_auxdata`: status, length, captured length, two offsets, tag, tag protocol.
fn tag(data: &[u8]) -> Option<VlanTag> {
    let status = word(data, 0)?;
    if status & TAG_VALID == 0 {
        return None;
    }
    let half = |at| Some(u16::from_ne_bytes(*data.get(at..)?.first_chunk()?));
    let reported = if status & TAG_PROTOCOL_VALID == 0 { None } else { half(18) };
    Some(VlanTag { protocol: reported.unwrap_or(CUSTOMER_TAG), control: half(16)? })
}

fn word(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*data.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests;
