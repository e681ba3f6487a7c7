//! Time to live, or hop limit: one hop, and the reason a traceroute through a gateway shows `*`.
//!
//! The TTL shares a 16-bit word of the header with the protocol. RFC 1141's shortcut (add 0x0100)
//! leaves 0xffff where a checksum from scratch is 0x0000; RFC 1624 equation 3 does not:
//! `HC' = ~(~HC + ~m + m')`. IPv6 has no checksum to update.

use abi::verdict::Verdict;

use super::frame::{Ip, Ipv4};

/// Takes one off the TTL and updates the header checksum by RFC 1624, or one off the hop limit.
///
/// Ends with `gw_ttl_expired_silent` when no hop is left; a router would owe the sender a Time
/// Exceeded here (RFC 1812 5.3.1, RFC 4443 3.3), an ExpressRoute gateway sends none.
pub fn ttl(ip: &mut Ip<'_>) -> Result<(), Verdict> {
    match ip {
        Ip::V4(header) => {
            // Never forwarded with 0 (RFC 1812 5.3.1).
            if header.ttl <= 1 {
                return Err(Verdict::GwTtlExpiredSilent);
            }
            decrement(header);
        }
        Ip::V6(header) => {
            // Discarded when it was zero or is decremented to zero (RFC 8200 3).
            if header.hop_limit <= 1 {
                return Err(Verdict::GwTtlExpiredSilent);
            }
            header.hop_limit -= 1;
        }
    }
    Ok(())
}

/// Takes one off a TTL that is not 0.
fn decrement(header: &mut Ipv4) {
    let before = u16::from_be_bytes([header.ttl, header.protocol]);
    header.ttl -= 1;
    let after = u16::from_be_bytes([header.ttl, header.protocol]);
    let checksum = u16::from_be_bytes(header.checksum);
    let sum = u32::from(!checksum) + u32::from(!before) + u32::from(after);
    let folded = (sum >> 16) + (sum & 0xffff);
    let folded = (folded >> 16) + (folded & 0xffff);
    header.checksum = (!(folded as u16)).to_be_bytes();
}

#[cfg(test)]
mod tests;
