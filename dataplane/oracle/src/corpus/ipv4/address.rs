//! Addresses that are never routed, their neighbours that are, and whose a source is.

use std::net::Ipv4Addr;

use abi::verdict::Verdict::{
    CheckMartianDestination as MartianDestination, CheckMartianSource as MartianSource,
    ForwardedCe as Ce, ForwardedDirect as Direct, NoRoute, SourceUnknown,
};

use super::{Case, Side, circuit, fabric, from, table, to};
use crate::{compose::Ipv4, scene::ON_PREM};

pub(super) fn cases() -> Vec<Case> {
    [source(), destination(), vnet()].concat()
}

fn source() -> Vec<Case> {
    circuit(
        "ipv4 source",
        &[
            ("0.0.0.0", || from(0, 0, 0, 0), MartianSource),
            ("0.0.0.1", || from(0, 0, 0, 1), MartianSource),
            ("0.255.255.255", || from(0, 255, 255, 255), MartianSource),
            ("1.0.0.0", || from(1, 0, 0, 0), Direct),
            ("126.255.255.255", || from(126, 255, 255, 255), Direct),
            ("127.0.0.0", || from(127, 0, 0, 0), MartianSource),
            ("127.0.0.1", || from(127, 0, 0, 1), MartianSource),
            ("127.255.255.255", || from(127, 255, 255, 255), MartianSource),
            ("128.0.0.0", || from(128, 0, 0, 0), Direct),
            ("223.255.255.255", || from(223, 255, 255, 255), Direct),
            ("224.0.0.0", || from(224, 0, 0, 0), MartianSource),
            ("224.0.0.1", || from(224, 0, 0, 1), MartianSource),
            ("239.255.255.255", || from(239, 255, 255, 255), MartianSource),
            ("240.0.0.0", || from(240, 0, 0, 0), MartianSource),
            ("255.255.255.254", || from(255, 255, 255, 254), MartianSource),
            ("255.255.255.255", || from(255, 255, 255, 255), MartianSource),
            ("169.254.0.1, which is not IPv6", || from(169, 254, 0, 1), Direct),
            ("the MSEE's own", || from(172, 16, 1, 2), Direct),
            ("the destination's own", || from(10, 255, 10, 4), Direct),
            ("of a VNet, from the customer", || from(10, 254, 3, 4), Direct),
        ],
    )
}

fn destination() -> Vec<Case> {
    circuit(
        "ipv4 destination",
        &[
            ("0.0.0.0", || to(0, 0, 0, 0), MartianDestination),
            ("0.255.255.255", || to(0, 255, 255, 255), MartianDestination),
            ("1.0.0.0", || to(1, 0, 0, 0), NoRoute),
            ("126.255.255.255", || to(126, 255, 255, 255), NoRoute),
            ("127.0.0.1", || to(127, 0, 0, 1), MartianDestination),
            ("127.255.255.255", || to(127, 255, 255, 255), MartianDestination),
            ("128.0.0.0", || to(128, 0, 0, 0), NoRoute),
            ("169.254.169.254", || to(169, 254, 169, 254), NoRoute),
            ("223.255.255.255", || to(223, 255, 255, 255), NoRoute),
            ("224.0.0.1", || to(224, 0, 0, 1), MartianDestination),
            ("224.0.0.5, sent to the port", || to(224, 0, 0, 5), MartianDestination),
            ("239.255.255.255", || to(239, 255, 255, 255), MartianDestination),
            ("240.0.0.1", || to(240, 0, 0, 1), MartianDestination),
            ("255.255.255.255", || to(255, 255, 255, 255), MartianDestination),
            ("and source both martian", both, MartianSource),
        ],
    )
}

fn vnet() -> Vec<Case> {
    let near = fabric(
        "ipv4 source on a fabric",
        &[
            ("the hub's first", || sent_by(10, 255, 0, 0), Ce),
            ("the hub's last", || sent_by(10, 255, 255, 255), Ce),
            ("the spoke's first", || sent_by(10, 254, 0, 0), Ce),
            ("one before the spoke's", || sent_by(10, 253, 255, 255), SourceUnknown),
            ("one behind the hub's", || sent_by(11, 0, 0, 0), SourceUnknown),
            ("another customer's, inside the spoke's", || sent_by(10, 254, 192, 7), Ce),
            ("of the other fabric's VNet", || sent_by(10, 1, 3, 4), SourceUnknown),
            ("the customer's", || sent_by(10, 10, 0, 9), SourceUnknown),
            ("169.254.0.1", || sent_by(169, 254, 0, 1), SourceUnknown),
            ("0.0.0.0", || sent_by(0, 0, 0, 0), MartianSource),
            ("127.0.0.1", || sent_by(127, 0, 0, 1), MartianSource),
        ],
    );
    let far = table(
        "ipv4 source on the far fabric",
        Side::FarFabric,
        0x0800,
        &[
            ("its VNet's", || sent_by(10, 1, 3, 4), Ce),
            ("of the near fabric's hub", || sent_by(10, 255, 10, 4), SourceUnknown),
        ],
    );
    [near, far].concat()
}

fn both() -> Vec<u8> {
    Ipv4::udp(Ipv4Addr::LOCALHOST, Ipv4Addr::BROADCAST).bytes()
}

/// To the customer.
fn sent_by(a: u8, b: u8, c: u8, d: u8) -> Vec<u8> {
    Ipv4::udp(Ipv4Addr::new(a, b, c, d), ON_PREM[0]).bytes()
}
