//! What the MSEE's kernel sends: all of it leaves, but nothing with tags of its own.

use abi::verdict::Verdict::{LocalFromKernel as Out, PortTagged, PortTruncated};
use desired::MacAddress;

use super::{C, FrameCase, S, good, misdirected, table, with};
use crate::compose::cut;

pub(super) fn cases() -> Vec<FrameCase> {
    table(&[
        ("IPv4 of the kernel, untagged link", "xcpu1", |_| misdirected(&[]), Out),
        ("IPv4 of the kernel, 802.1Q link", "xcpu2", |_| misdirected(&[]), Out),
        ("IPv4 of the kernel, QinQ link", "xcpu3", |_| misdirected(&[]), Out),
        ("IPv4 of the kernel, QinQ link of the other type", "xcpu4", |_| misdirected(&[]), Out),
        ("IPv4 of the kernel, to its own MAC address", "xcpu2", |mac| good(mac, &[]), Out),
        ("ARP of the kernel", "xcpu3", |_| to_all(0x0806, &[0; 28]), Out),
        ("IPv6 of the kernel, cut short", "xcpu2", |_| to_all(0x86dd, &[0x60; 7]), Out),
        ("IPv4 of the kernel, all of it wrong", "xcpu2", |_| to_all(0x0800, &[0xff; 60]), Out),
        ("nothing but a header of the kernel", "xcpu3", |_| to_all(0x0800, &[]), Out),
        ("LLDP of the kernel", "xcpu2", |_| to_all(0x88cc, &[0; 46]), Out),
        ("802.1Q of the kernel", "xcpu2", |_| misdirected(&[(C, 100)]), PortTagged),
        ("802.1ad of the kernel", "xcpu2", |_| misdirected(&[(S, 100)]), PortTagged),
        ("QinQ of the kernel", "xcpu3", |_| misdirected(&[(C, 20), (C, 100)]), PortTagged),
        (
            "17 bytes of 802.1Q of the kernel",
            "xcpu2",
            |_| cut(misdirected(&[(C, 100)]), 17),
            PortTruncated,
        ),
    ])
}

fn to_all(ethertype: u16, carried: &[u8]) -> Vec<u8> {
    with(MacAddress([0xff; 6]), &[], ethertype, carried)
}
