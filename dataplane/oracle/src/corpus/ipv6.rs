//! IPv6.

mod address;
mod discovery;
mod extension;
mod header;
mod hops;
mod link_local;
mod local;
mod route;
mod size;

use std::net::Ipv6Addr;

use super::{Case, Row, Side, table};
use crate::{
    compose::Ipv6,
    scene::{CE6, VM6},
};

pub(super) fn cases() -> Vec<Case> {
    [
        header::cases(),
        address::cases(),
        link_local::cases(),
        discovery::cases(),
        extension::cases(),
        local::cases(),
        route::cases(),
        hops::cases(),
        size::cases(),
    ]
    .concat()
}

fn circuit(group: &'static str, rows: &[Row]) -> Vec<Case> {
    table(group, Side::Circuit, 0x86dd, rows)
}

fn kernelless(group: &'static str, rows: &[Row]) -> Vec<Case> {
    table(group, Side::Kernelless, 0x86dd, rows)
}

fn fabric(group: &'static str, rows: &[Row]) -> Vec<Case> {
    table(group, Side::Fabric, 0x86dd, rows)
}

/// From the customer edge to the VM: forwarded, whatever is not changed about it.
fn good() -> Ipv6 {
    Ipv6::udp(CE6, VM6)
}

/// Eight groups of an address.
type Groups = [u16; 8];

fn address(groups: Groups) -> Ipv6Addr {
    Ipv6Addr::from(groups)
}

/// From the customer edge.
fn to(destination: Groups) -> Vec<u8> {
    Ipv6::udp(CE6, address(destination)).bytes()
}

/// To the VM.
fn from(source: Groups) -> Vec<u8> {
    Ipv6::udp(address(source), VM6).bytes()
}
