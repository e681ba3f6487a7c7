//! Which instance of the gateway was addressed.

use abi::verdict::Verdict;

use super::frame::Ethernet;
use crate::state::{Instance, Snapshot};

/// The instance that the frame's destination MAC address names.
///
/// Ends with `gw_wrong_mac` (a fabric floods what it has not learned) or `gw_instance_failed`.
pub fn instance<'s>(ethernet: &Ethernet, state: &'s Snapshot) -> Result<&'s Instance, Verdict> {
    let instance = state.instance(ethernet.destination).ok_or(Verdict::GwWrongMac)?;
    if instance.in_service { Ok(instance) } else { Err(Verdict::GwInstanceFailed) }
}

#[cfg(test)]
mod tests;
