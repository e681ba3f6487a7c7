//! The new Ethernet header.

use super::frame::Ethernet;
use crate::state::{Endpoint, Instance};

/// Addresses the frame to the VM, from the instance that took it.
pub fn out(ethernet: &mut Ethernet, instance: &Instance, endpoint: &Endpoint) {
    ethernet.destination = endpoint.mac;
    ethernet.source = instance.mac;
}

#[cfg(test)]
mod tests;
