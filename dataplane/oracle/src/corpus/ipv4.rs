//! IPv4.

mod address;
mod fragment;
mod header;
mod length;
mod local;
mod options;
mod route;
mod size;
mod ttl;

use std::net::Ipv4Addr;

use super::{Case, Row, Side, table};
use crate::{
    compose::Ipv4,
    scene::{CE, VM},
};

pub(super) fn cases() -> Vec<Case> {
    [
        header::cases(),
        length::cases(),
        address::cases(),
        options::cases(),
        fragment::cases(),
        local::cases(),
        route::cases(),
        ttl::cases(),
        size::cases(),
    ]
    .concat()
}

fn circuit(group: &'static str, rows: &[Row]) -> Vec<Case> {
    table(group, Side::Circuit, 0x0800, rows)
}

fn fabric(group: &'static str, rows: &[Row]) -> Vec<Case> {
    table(group, Side::Fabric, 0x0800, rows)
}

/// From the customer edge to the VM: forwarded, whatever is not changed about it.
fn good() -> Ipv4 {
    Ipv4::udp(CE, VM)
}

/// From the customer edge.
fn to(a: u8, b: u8, c: u8, d: u8) -> Vec<u8> {
    Ipv4::udp(CE, Ipv4Addr::new(a, b, c, d)).bytes()
}

/// To the VM.
fn from(a: u8, b: u8, c: u8, d: u8) -> Vec<u8> {
    Ipv4::udp(Ipv4Addr::new(a, b, c, d), VM).bytes()
}
