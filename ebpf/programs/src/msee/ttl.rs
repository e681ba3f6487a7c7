//! Stage 6: time to live or hop limit, after the lookup (RFC 1812 5.2.1.2) and only when forwarding (5.3.1).
//! The decrement itself belongs to the rewrite in `out`.

use abi::verdict::{Stage, Verdict};

use crate::{end::End, network::Network, packet::Packet};

/// Lets pass what may live one hop longer. A TTL of 0 must not have been sent, and ends as well.
#[inline(always)]
pub fn pass<const TRACED: bool, N: Network>(
    packet: &mut Packet<'_, TRACED>,
    header: &N,
) -> Result<(), End> {
    let before = header.hops();
    let after = before.saturating_sub(1);
    let step = u32::from(before) << 8 | u32::from(after);
    if after == 0 {
        return Err(End::punt_with(Verdict::TtlExpired, step));
    }
    packet.trace.step(Stage::Ttl, 0, step);
    Ok(())
}
