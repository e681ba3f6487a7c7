//! Destination address to a VM.

use abi::verdict::Verdict;

use super::frame::Headers;
use crate::state::{Endpoint, Snapshot};

/// The VM with the packet's destination address, in the gateway's VNet or a spoke that uses it.
///
/// Ends with `gw_no_endpoint`: also for an address inside a VNet's prefix where no VM lives.
pub fn lookup<'s>(headers: &Headers, state: &'s Snapshot) -> Result<&'s Endpoint, Verdict> {
    state.endpoint(headers.destination).ok_or(Verdict::GwNoEndpoint)
}

#[cfg(test)]
mod tests;
