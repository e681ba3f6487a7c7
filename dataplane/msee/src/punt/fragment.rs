//! Fragmentation (RFC 791 3.2, RFC 1812 4.2.2.7): an IPv4 packet longer than its next hop carries, sent
//! on in pieces. It is one hop of a forwarded packet, so the TTL falls by one.

use packet::{Ipv4, checksum};

/// Length of a header without options.
const HEADER: usize = 20;
/// The flag More Fragments, in the word of flags and offset.
const MORE: u16 = 0x2000;
/// Bytes that an offset counts.
const UNIT: usize = 8;

/// End of the list of options.
const END: u8 = 0;
/// An option without a length.
const NO_OPERATION: u8 = 1;
/// The bit of an option that wants to be in every fragment.
const COPIED: u8 = 0x80;

/// Calls `send` with each fragment of `packet` for a next hop that takes `mtu` bytes, first to last:
/// the header, then the data. `None` when it must not be cut, or `mtu` holds no data.
pub(super) fn fragment<'a>(
    packet: &Ipv4<'a>,
    mtu: usize,
    mut send: impl FnMut(&[u8], &'a [u8]),
) -> Option<()> {
    let whole = packet.bytes();
    let first_header = whole.get(..whole.len() - packet.payload().len())?;
    let options = first_header.get(HEADER..)?;
    let later_header = [first_header.get(..HEADER)?, &copied(options)].concat();
    if packet.dont_fragment() || packet.ttl() <= 1 {
        return None;
    }
    let (mut header, mut data) = (first_header, packet.payload());
    let mut offset = packet.fragment_offset();
    while !data.is_empty() {
        let room = mtu.checked_sub(header.len()).filter(|room| *room >= UNIT)?;
        let is_last = data.len() <= room;
        let length = if is_last { data.len() } else { room - room % UNIT };
        let (piece, rest) = data.split_at_checked(length)?;
        let more = if is_last && !packet.more_fragments() { 0 } else { MORE };
        send(&rewritten(header, piece.len(), offset | more, packet.ttl() - 1)?, piece);
        offset = offset.checked_add(u16::try_from(length / UNIT).ok()?)?;
        (header, data) = (&later_header, rest);
    }
    Some(())
}

/// The header of a fragment with `length` bytes of data.
fn rewritten(header: &[u8], length: usize, flags_and_offset: u16, ttl: u8) -> Option<Vec<u8>> {
    let mut header = header.to_vec();
    let total = u16::try_from(header.len() + length).ok()?;
    let words = u8::try_from(header.len() / 4).ok()?;
    *header.first_mut()? = 0x40 | words;
    header.get_mut(2..4)?.copy_from_slice(&total.to_be_bytes());
    header.get_mut(6..8)?.copy_from_slice(&flags_and_offset.to_be_bytes());
    *header.get_mut(8)? = ttl;
    header.get_mut(10..12)?.fill(0);
    let sum = checksum::internet(&header);
    header.get_mut(10..12)?.copy_from_slice(&sum.to_be_bytes());
    Some(header)
}

/// The options that are in every fragment, padded to whole words. An option of an impossible length
/// ends the list.
fn copied(mut options: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(options.len());
    while let [kind, rest @ ..] = options {
        let length = match *kind {
            END => break,
            NO_OPERATION => 1,
            _ => rest.first().map_or(0, |length| usize::from(*length)),
        };
        let Some((option, behind)) = options.split_at_checked(length).filter(|_| length > 0) else {
            break;
        };
        if kind & COPIED != 0 {
            kept.extend_from_slice(option);
        }
        options = behind;
    }
    kept.resize(kept.len().next_multiple_of(4), END);
    kept
}

#[cfg(test)]
mod tests;
