//! Longest-prefix match, by trying every length.

use std::{collections::BTreeMap, net::IpAddr};

use ipnetwork::IpNetwork;

/// Values by prefix, both families.
#[derive(Clone, Debug)]
pub(crate) struct Prefixes<T> {
    /// By length, then by network.
    ipv4: BTreeMap<u8, BTreeMap<u32, T>>,
    ipv6: BTreeMap<u8, BTreeMap<u128, T>>,
}

impl<T> Prefixes<T> {
    pub(crate) const fn new() -> Self {
        Self { ipv4: BTreeMap::new(), ipv6: BTreeMap::new() }
    }

    /// Adds a prefix, whose host bits do not count; false if it is there already.
    pub(crate) fn insert(&mut self, prefix: IpNetwork, value: T) -> bool {
        let length = prefix.prefix();
        let before = match prefix.ip() {
            IpAddr::V4(address) => self
                .ipv4
                .entry(length)
                .or_default()
                .insert(address.to_bits() & ipv4_mask(length), value),
            IpAddr::V6(address) => self
                .ipv6
                .entry(length)
                .or_default()
                .insert(address.to_bits() & ipv6_mask(length), value),
        };
        before.is_none()
    }

    /// The value of the longest prefix that holds an address (RFC 1812 5.2.4.3).
    pub(crate) fn longest_match(&self, address: IpAddr) -> Option<&T> {
        match address {
            IpAddr::V4(address) => self.ipv4.iter().rev().find_map(|(length, networks)| {
                networks.get(&(address.to_bits() & ipv4_mask(*length)))
            }),
            IpAddr::V6(address) => self.ipv6.iter().rev().find_map(|(length, networks)| {
                networks.get(&(address.to_bits() & ipv6_mask(*length)))
            }),
        }
    }
}

fn ipv4_mask(length: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0)
}

fn ipv6_mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
