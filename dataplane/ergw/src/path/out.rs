//! The new Ethernet header.

use super::frame::Headers;
use crate::state::{Endpoint, Instance};

/// Addresses the frame to the VM, from the instance that took it.
pub fn out(headers: &mut Headers, instance: &Instance, endpoint: &Endpoint) {
    headers.destination_mac = endpoint.mac;
    headers.source_mac = instance.mac;
}

#[cfg(test)]
mod tests;
