//! One MSEE router: the XDP fast path and its tables, and what the fast path leaves to userspace.
//!
//! The path of an exception: the XDP program punts a frame over AF_XDP, [`punt`] decides what the
//! MSEE says about it ([`icmp`], [`icmpv6`], [`arp`]) and sends the answer by the MSEE's own table. A
//! packet whose next hop is not known waits until it is found ([`neighbours`]). [`daemon`] holds it
//! together: desired state in, counters and injected packets out.
#![deny(clippy::indexing_slicing)]

pub mod arp;
pub mod daemon;
pub mod fastpath;
pub mod icmp;
pub mod icmpv6;
pub mod neighbours;
pub mod punt;
pub mod vxlan;

#[cfg(test)]
mod example;
