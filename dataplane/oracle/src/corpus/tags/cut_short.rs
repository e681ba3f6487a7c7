//! Frames that end in their tags or right behind them.

use abi::verdict::Verdict::{
    LocalKernel, PortGroup, PortNotIp, PortTagged, PortTruncated, PortUnknown, PortWrongMac,
};
use desired::MacAddress;

use super::{C, FrameCase, S, good, table, with};
use crate::compose::{Tag, cut};

pub(super) fn cases() -> Vec<FrameCase> {
    table(&[
        ("14 bytes of 802.1Q", "eth1", |mac| short(mac, &[(C, 100)], 14), PortTruncated),
        ("14 bytes of 802.1ad", "eth1", |mac| short(mac, &[(S, 100)], 14), PortTruncated),
        ("16 bytes of 802.1Q", "eth1", |mac| short(mac, &[(C, 100)], 16), PortTruncated),
        ("17 bytes of 802.1Q", "eth1", |mac| short(mac, &[(C, 100)], 17), PortTruncated),
        ("17 bytes of 802.1Q of no link", "eth1", |mac| short(mac, &[(C, 7)], 17), PortTruncated),
        ("18 bytes of 802.1Q", "eth1", |mac| short(mac, &[(C, 100)], 18), PortTruncated),
        ("18 bytes of 802.1Q of no link", "eth1", |mac| short(mac, &[(C, 7)], 18), PortTagged),
        (
            "18 bytes of 802.1Q and ARP",
            "eth1",
            |mac| with(mac, &[(C, 100)], 0x0806, &[]),
            LocalKernel,
        ),
        (
            "18 bytes of 802.1Q and MPLS",
            "eth1",
            |mac| with(mac, &[(C, 100)], 0x8847, &[]),
            PortNotIp,
        ),
        ("18 bytes of QinQ", "eth1", |mac| short(mac, &[(C, 20), (C, 100)], 18), PortTruncated),
        (
            "18 bytes, 802.1ad innermost",
            "eth1",
            |mac| short(mac, &[(C, 100), (S, 7)], 18),
            PortTagged,
        ),
        ("20 bytes of QinQ", "eth1", |mac| short(mac, &[(C, 20), (C, 100)], 20), PortTruncated),
        ("21 bytes of QinQ", "eth1", |mac| short(mac, &[(S, 20), (C, 100)], 21), PortTruncated),
        (
            "21 bytes of QinQ of no link",
            "eth1",
            |mac| short(mac, &[(C, 1), (C, 2)], 21),
            PortTruncated,
        ),
        ("22 bytes of QinQ", "eth1", |mac| short(mac, &[(C, 20), (C, 100)], 22), PortTruncated),
        (
            "22 bytes of QinQ of no link",
            "eth1",
            |mac| short(mac, &[(C, 1), (C, 2)], 22),
            PortTagged,
        ),
        (
            "22 bytes of three tags",
            "eth1",
            |mac| short(mac, &[(C, 20), (C, 100), (C, 7)], 22),
            PortTagged,
        ),
        (
            "41 bytes of QinQ, 19 of IPv4",
            "eth1",
            |mac| short(mac, &[(C, 20), (C, 100)], 41),
            PortTruncated,
        ),
        (
            "17 bytes of 802.1Q on a fabric",
            "eth2",
            |mac| short(mac, &[(C, 100)], 17),
            PortTruncated,
        ),
        ("17 bytes of 802.1Q on no port", "eth6", |mac| short(mac, &[(C, 100)], 17), PortTruncated),
        ("14 bytes of IPv4 on no port", "eth6", |mac| short(mac, &[], 14), PortUnknown),
        ("14 bytes of IPv4", "eth1", |mac| short(mac, &[], 14), PortTruncated),
        ("14 bytes of IPv6", "eth1", |mac| with(mac, &[], 0x86dd, &[]), PortTruncated),
        ("14 bytes of ARP", "eth1", |mac| with(mac, &[], 0x0806, &[]), LocalKernel),
        ("14 bytes of IPv4 for another", "eth1", |_| short(super::OTHER, &[], 14), PortWrongMac),
        ("14 bytes of IPv4 to all", "eth1", |_| short(MacAddress([0xff; 6]), &[], 14), PortGroup),
        ("14 bytes of zeroes", "eth1", |_| vec![0; 14], PortWrongMac),
        ("14 bytes of ones", "eth1", |_| vec![0xff; 14], PortNotIp),
    ])
}

fn short(mac: MacAddress, tags: &[Tag], length: usize) -> Vec<u8> {
    cut(good(mac, tags), length)
}
