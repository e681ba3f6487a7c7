//! Time to live: one hop, and the reason a traceroute through a gateway shows `*`.
//!
//! The TTL shares a 16-bit word of the header with the protocol. RFC 1141's shortcut (add 0x0100)
//! leaves 0xffff where a checksum from scratch is 0x0000; RFC 1624 equation 3 does not:
//! `HC' = ~(~HC + ~m + m')`.

use abi::verdict::Verdict;

use super::frame::Headers;

/// Takes one off the TTL and updates the header checksum by RFC 1624.
///
/// Ends with `gw_ttl_expired_silent` when no hop is left; a router would owe the sender a Time
/// Exceeded here (RFC 1812 5.3.1), an ExpressRoute gateway sends none.
pub fn ttl(headers: &mut Headers) -> Result<(), Verdict> {
    if headers.ttl <= 1 {
        return Err(Verdict::GwTtlExpiredSilent);
    }
    let before = u16::from_be_bytes([headers.ttl, headers.protocol]);
    headers.ttl -= 1;
    let after = u16::from_be_bytes([headers.ttl, headers.protocol]);
    let checksum = u16::from_be_bytes(headers.checksum);
    let sum = u32::from(!checksum) + u32::from(!before) + u32::from(after);
    let folded = (sum >> 16) + (sum & 0xffff);
    let folded = (folded >> 16) + (folded & 0xffff);
    headers.checksum = (!(folded as u16)).to_be_bytes();
    Ok(())
}

#[cfg(test)]
mod tests;
