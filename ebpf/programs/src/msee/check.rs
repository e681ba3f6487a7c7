//! Stage 2: is this a packet a router may touch?
//!
//! RFC 1812 5.2.2, numbered as there. The order differs in one place: the version and the header
//! length are read before the checksum, whose extent they give; the total length is believed only
//! once the checksum holds.
//!
//! Passes on: [`Header`].

use abi::verdict::{Stage, Verdict};
use programs::header::{ETHERNET, IPV4, Ipv4};

use crate::{checksum, end::End, packet::Packet};

/// Most 32-bit words of options: a header length of 15 words, without the 5 that are always there.
const OPTION_WORDS: usize = 10;

/// Checks the header, and returns a copy of its first 20 bytes.
#[inline(always)]
pub fn header<const TRACED: bool>(packet: &mut Packet<'_, TRACED>) -> Result<Ipv4, End> {
    // (1) The link layer's length holds a minimum datagram.
    let header: Ipv4 = *packet.frame.at(ETHERNET).ok_or(End::drop(Verdict::PortTruncated))?;
    // (3) The version is 4.
    if header.version() != 4 {
        return Err(End::drop(Verdict::CheckVersion));
    }
    // (4) The header length is at least 5 words, and the header is there.
    let length = header.header_length();
    let carried = packet.frame.length().wrapping_sub(ETHERNET);
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

/// Sum of the options. They are not interpreted (RFC 1812 4.2.2.1 lets a router ignore what it
/// does not know), only covered by the checksum.
#[inline(always)]
fn options<const TRACED: bool>(packet: &Packet<'_, TRACED>, header_words: usize) -> u32 {
    let mut sum = 0_u32;
    for word in 0..OPTION_WORDS {
        if word.wrapping_add(IPV4 / 4) >= header_words {
            break;
        }
        let offset = (ETHERNET + IPV4).wrapping_add(word << 2);
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
