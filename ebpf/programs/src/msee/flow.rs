//! The flow hash: packets of one flow take one way (RFC 2992).

use programs::{
    frame::Frame,
    header::{ETHERNET, Ipv4, TCP, UDP},
};

/// Hashes the 5-tuple. Any fragment, the first included, is hashed without ports, or the parts of
/// a packet would take different ways; ICMP has none.
#[inline(always)]
pub fn hash(frame: &Frame<'_>, header: &Ipv4) -> u32 {
    let protocol = header.protocol();
    let has_ports = (protocol == TCP || protocol == UDP) && !header.is_fragment();
    let ports = if has_ports { ports(frame, header) } else { 0 };
    let mut hash = mix(0, u32::from_ne_bytes(header.source()));
    hash = mix(hash, u32::from_ne_bytes(header.destination()));
    hash = mix(hash, ports);
    finish(mix(hash, u32::from(protocol)))
}

#[inline(always)]
fn ports(frame: &Frame<'_>, header: &Ipv4) -> u32 {
    let behind = ETHERNET.wrapping_add(header.header_length());
    let Some([source, destination]) = frame.at::<[u16; 2]>(behind) else { return 0 };
    u32::from(*source) << 16 | u32::from(*destination)
}

/// One round of MurmurHash3 (x86, 32 bits).
#[inline(always)]
fn mix(hash: u32, word: u32) -> u32 {
    let word = word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    (hash ^ word).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

/// Its finaliser: every bit of the tuple reaches the low bits, which choose the member.
#[inline(always)]
fn finish(hash: u32) -> u32 {
    let hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}
