//! Destination address to a VM.

use std::net::Ipv6Addr;

use abi::verdict::Verdict;

use super::frame::Ip;
use crate::state::{Endpoint, Snapshot};

/// The VM with the packet's destination address, in the gateway's VNet or a spoke that uses it.
///
/// Ends with `gw_link_local` or `gw_no_endpoint`: the latter also for an address inside a VNet's
/// prefix where no VM lives.
pub fn lookup<'s>(ip: &Ip<'_>, state: &'s Snapshot) -> Result<&'s Endpoint, Verdict> {
    let destination = match ip {
        Ip::V4(header) => header.destination.into(),
        Ip::V6(header) => {
            // Judged here and not with the header: flooded neighbour discovery, which has such
            // addresses by right, has ended as `gw_wrong_mac`.
            if stays_on_its_link(header.source) || stays_on_its_link(header.destination) {
                return Err(Verdict::GwLinkLocal);
            }
            header.destination.into()
        }
    };
    state.endpoint(destination).ok_or(Verdict::GwNoEndpoint)
}

/// Whether a router must not forward a packet with this address: link-local (RFC 4291 2.5.6),
/// loopback (2.5.3) or unspecified (2.5.2).
fn stays_on_its_link(address: [u8; 16]) -> bool {
    Ipv6Addr::from(address).is_unicast_link_local() || u128::from_be_bytes(address) <= 1
}

#[cfg(test)]
mod tests;
