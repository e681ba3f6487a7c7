//! Into how many pieces a packet is cut: the slow path cuts it, the fast path has it pay for them.

/// Bytes of an IPv4 header without options.
const HEADER: usize = 20;

/// Pieces but the first of an IPv4 packet of `length` bytes without options, whole or a piece itself, that
/// is cut for a link that takes `mtu` bytes. All but the last carry a multiple of 8 bytes (RFC 791 3.2);
/// the last carries what fits. 0 where it fits whole, or the link takes no piece.
#[allow(clippy::inline_always, reason = "in eBPF a call costs more than the division")]
#[inline(always)]
pub fn later_pieces(length: usize, mtu: usize) -> usize {
    let room = mtu.saturating_sub(HEADER);
    let data = length.saturating_sub(HEADER);
    if data <= room {
        return 0;
    }
    let beyond = data.wrapping_sub(room).wrapping_sub(1);
    beyond.checked_div(room & !7).map_or(0, |full| full.wrapping_add(1))
}
