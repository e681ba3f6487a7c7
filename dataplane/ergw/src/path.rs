//! The way of one packet, as pure functions over its bytes: no socket, no clock, no counter.
//!
//! Stages in order, each with the verdicts it can end a packet with:
//!
//! | stage | ends with |
//! |---|---|
//! | [`check`](mod@check) | `gw_truncated`, `gw_not_ip`, `gw_header` |
//! | [`instance`](mod@instance) | `gw_no_state`, `gw_wrong_mac`, `gw_instance_failed` |
//! | [`lookup`](mod@lookup) | `gw_link_local`, `gw_no_endpoint` |
//! | [`ttl`](mod@ttl) | `gw_ttl_expired_silent` |
//! | [`out`](mod@out) | - |
//!
//! Sending is the packet thread's: `gw_tx_full`, `gw_forwarded`.

pub mod check;
pub mod frame;
pub mod instance;
pub mod lookup;
pub mod out;
pub mod ttl;

use abi::verdict::Verdict;

use self::frame::Packet;
use crate::state::{Endpoint, Snapshot};

/// Judges a frame and, when it is to be forwarded, rewrites it. The VM it goes to, or the verdict
/// that ended it. A frame that ends here is left as it was.
pub fn forward<'s>(frame: &mut [u8], state: Option<&'s Snapshot>) -> Result<&'s Endpoint, Verdict> {
    let Packet { ethernet, mut ip } = check::check(frame)?;
    let state = state.ok_or(Verdict::GwNoState)?;
    let instance = instance::instance(ethernet, state)?;
    let endpoint = lookup::lookup(&ip, state)?;
    ttl::ttl(&mut ip)?;
    out::out(ethernet, instance, endpoint);
    Ok(endpoint)
}

#[cfg(test)]
pub(crate) mod tests;
