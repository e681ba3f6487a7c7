//! Addresses that are never routed, their neighbours that are, and whose a source is.

use std::net::Ipv6Addr;

use abi::verdict::Verdict::{
    CheckMartianDestination as MartianDestination, CheckMartianSource as MartianSource,
    ForwardedCe as Ce, ForwardedDirect as Direct, NoRoute, SourceUnknown,
};

use super::{Case, Groups, Side, address, circuit, fabric, from, table, to};
use crate::{compose::Ipv6, scene::ON_PREM6};

pub(super) fn cases() -> Vec<Case> {
    [source(), destination(), vnet()].concat()
}

const LAST: u16 = 0xffff;

fn source() -> Vec<Case> {
    circuit(
        "ipv6 source",
        &[
            ("::", || from([0; 8]), MartianSource),
            ("::1", || from([0, 0, 0, 0, 0, 0, 0, 1]), MartianSource),
            ("::2", || from([0, 0, 0, 0, 0, 0, 0, 2]), Direct),
            ("::172.16.1.1, once IPv4-compatible", || from(ipv4_in(0)), Direct),
            ("::ffff:0.0.0.0", || from([0, 0, 0, 0, 0, LAST, 0, 0]), MartianSource),
            ("::ffff:172.16.1.1", || from(ipv4_in(LAST)), MartianSource),
            ("::ffff:255.255.255.255", || from([0, 0, 0, 0, 0, LAST, LAST, LAST]), MartianSource),
            ("one before IPv4-mapped", || from([0, 0, 0, 0, 0, 0xfffe, LAST, LAST]), Direct),
            ("one behind IPv4-mapped", || from([0, 0, 0, 0, 1, 0, 0, 0]), Direct),
            ("::fffe:0:0", || from([0, 0, 0, 0, 0, 0xfffe, 0, 0]), Direct),
            ("64:ff9b::", || from([0x64, 0xff9b, 0, 0, 0, 0, 0xac10, 0x101]), Direct),
            ("unique local", || from([0xfd00, 0, 0, 0, 0, 0, 0, 1]), Direct),
            ("fe7f:..., before link-local", || from([0xfe7f, LAST, 0, 0, 0, 0, 0, LAST]), Direct),
            ("fec0::, once site-local", || from([0xfec0, 0, 0, 0, 0, 0, 0, 1]), Direct),
            ("feff:..., before multicast", || from([0xfeff, LAST, LAST, LAST, 0, 0, 0, 1]), Direct),
            ("ff00::", || from([0xff00, 0, 0, 0, 0, 0, 0, 0]), MartianSource),
            ("ff02::1", || from([0xff02, 0, 0, 0, 0, 0, 0, 1]), MartianSource),
            ("all ones", || from([LAST; 8]), MartianSource),
            ("the MSEE's own", || from([0x2001, 0xdb8, 0x172, 0, 0, 0, 0, 2]), Direct),
            ("the destination's own", || from([0x2001, 0xdb8, 0xff, 0xa, 0, 0, 0, 4]), Direct),
        ],
    )
}

fn destination() -> Vec<Case> {
    circuit(
        "ipv6 destination",
        &[
            ("::", || to([0; 8]), MartianDestination),
            ("::1", || to([0, 0, 0, 0, 0, 0, 0, 1]), MartianDestination),
            ("::2", || to([0, 0, 0, 0, 0, 0, 0, 2]), NoRoute),
            ("::172.16.1.1, once IPv4-compatible", || to(ipv4_in(0)), NoRoute),
            ("::ffff:172.16.1.1", || to(ipv4_in(LAST)), MartianDestination),
            ("one behind IPv4-mapped", || to([0, 0, 0, 0, 1, 0, 0, 0]), NoRoute),
            ("fec0::, once site-local", || to([0xfec0, 0, 0, 0, 0, 0, 0, 1]), NoRoute),
            ("ff00::", || to([0xff00, 0, 0, 0, 0, 0, 0, 0]), MartianDestination),
            ("ff01::1, of the interface", || to([0xff01, 0, 0, 0, 0, 0, 0, 1]), MartianDestination),
            ("ff02::1, sent to the port", || to([0xff02, 0, 0, 0, 0, 0, 0, 1]), MartianDestination),
            ("ff05::2, of the site", || to([0xff05, 0, 0, 0, 0, 0, 0, 2]), MartianDestination),
            ("ff0e::1, of the world", || to([0xff0e, 0, 0, 0, 0, 0, 0, 1]), MartianDestination),
            ("all ones", || to([LAST; 8]), MartianDestination),
            ("and source both martian", both, MartianSource),
        ],
    )
}

fn vnet() -> Vec<Case> {
    let near = fabric(
        "ipv6 source on a fabric",
        &[
            ("the hub's first", || sent_by([0x2001, 0xdb8, 0xff, 0, 0, 0, 0, 0]), Ce),
            ("the hub's last", || sent_by([0x2001, 0xdb8, 0xff, LAST, LAST, LAST, LAST, LAST]), Ce),
            ("the spoke's", || sent_by([0x2001, 0xdb8, 0xfe, 3, 0, 0, 0, 4]), Ce),
            ("one before the spoke's", || sent_by(before_spoke()), SourceUnknown),
            (
                "one behind the hub's",
                || sent_by([0x2001, 0xdb8, 0x100, 0, 0, 0, 0, 0]),
                SourceUnknown,
            ),
            ("another customer's, inside", || sent_by([0x2001, 0xdb8, 0xfe, 0xc0, 0, 0, 0, 7]), Ce),
            (
                "of the other fabric's VNet",
                || sent_by([0x2001, 0xdb8, 1, 3, 0, 0, 0, 4]),
                SourceUnknown,
            ),
            ("the customer's", || sent_by([0x2001, 0xdb8, 0x10, 0, 0, 0, 0, 9]), SourceUnknown),
            ("::", || sent_by([0; 8]), MartianSource),
            ("::ffff:10.255.10.4", || sent_by([0, 0, 0, 0, 0, LAST, 0xaff, 0xa04]), MartianSource),
        ],
    );
    let far = table(
        "ipv6 source on the far fabric",
        Side::FarFabric,
        0x86dd,
        &[
            ("its VNet's", || sent_by([0x2001, 0xdb8, 1, 3, 0, 0, 0, 4]), Ce),
            (
                "of the near fabric's hub",
                || sent_by([0x2001, 0xdb8, 0xff, 0xa, 0, 0, 0, 4]),
                SourceUnknown,
            ),
        ],
    );
    [near, far].concat()
}

fn ipv4_in(sixth: u16) -> Groups {
    [0, 0, 0, 0, 0, sixth, 0xac10, 0x0101]
}

fn before_spoke() -> Groups {
    [0x2001, 0xdb8, 0xfd, LAST, LAST, LAST, LAST, LAST]
}

fn both() -> Vec<u8> {
    Ipv6::udp(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST).bytes()
}

/// To the customer.
fn sent_by(source: Groups) -> Vec<u8> {
    Ipv6::udp(address(source), ON_PREM6[0]).bytes()
}
