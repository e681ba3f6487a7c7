//! Frame and header checks.

mod ipv4;
mod ipv6;

use abi::verdict::Verdict;
use zerocopy::FromBytes as _;

use super::frame::{Ethernet, IPV4, IPV6, Ip, Packet};

/// The headers of the frame, when it is a well-formed IP packet.
///
/// Ends with `gw_truncated` (shorter than its headers), `gw_not_ip` (flooded ARP and such) or
/// `gw_header`. Bytes behind the packet, Ethernet's padding, are allowed.
pub fn check(frame: &mut [u8]) -> Result<Packet<'_>, Verdict> {
    let (ethernet, packet) = Ethernet::mut_from_prefix(frame).map_err(|_| Verdict::GwTruncated)?;
    let ip = match ethernet.ether_type {
        IPV4 => Ip::V4(ipv4::check(packet)?),
        IPV6 => Ip::V6(ipv6::check(packet)?),
        _ => return Err(Verdict::GwNotIp),
    };
    Ok(Packet { ethernet, ip })
}

#[cfg(test)]
mod tests;
