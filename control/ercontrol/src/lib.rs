//! The control daemon.
//!
//! Resources arrive in ARM's shape ([`api`]), are parsed ([`resource`]) and checked against each
//! other ([`rules`]), and are committed to the [`store`] under a revision. The whole set is then
//! compiled by a pure function ([`compile`]) into one desired state for each router, each gateway
//! and the hosts, and sent to whichever [`dataplanes`] are connected. [`control`] ties these
//! together.
//!
//! `ercontrol` plays the ExpressRoute gateway for the control plane only: no data packet ever
//! enters it, and its death stops no forwarding.

pub mod api;
pub mod code;
pub mod compile;
pub mod control;
pub mod daemon;
pub mod dataplanes;
pub mod fastpath;
#[cfg(test)]
mod lab;
pub mod resource;
pub mod resources;
pub mod rules;
pub mod store;
