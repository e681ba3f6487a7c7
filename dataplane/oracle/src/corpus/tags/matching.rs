//! Which tags are a link's.

use abi::verdict::Verdict::{
    ForwardedDirect as Direct, LocalArp, LocalKernel, PortNotIp, PortTagged, PortUnknown,
    PortWrongMac,
};

use super::{C, FrameCase, S, good, misdirected, table, with};

pub(super) fn cases() -> Vec<FrameCase> {
    [one(), two(), more(), elsewhere()].concat()
}

fn one() -> Vec<FrameCase> {
    table(&[
        ("802.1Q of a link", "eth1", |mac| good(mac, &[(C, 100)]), Direct),
        ("802.1Q of a link, priority 7", "eth1", |mac| good(mac, &[(C, 0xe064)]), Direct),
        ("802.1Q of a link, drop eligible", "eth1", |mac| good(mac, &[(C, 0x1064)]), Direct),
        ("802.1Q of no link", "eth1", |mac| good(mac, &[(C, 101)]), PortTagged),
        ("802.1Q of a link of another interface", "eth1", |mac| good(mac, &[(C, 200)]), PortTagged),
        ("802.1Q of priority only", "eth1", |mac| good(mac, &[(C, 0)]), PortTagged),
        ("802.1Q of priority 5 only", "eth1", |mac| good(mac, &[(C, 0xa000)]), PortTagged),
        ("802.1Q of VLAN 1", "eth1", |mac| good(mac, &[(C, 1)]), PortTagged),
        ("802.1Q of VLAN 4095", "eth1", |mac| good(mac, &[(C, 4_095)]), PortTagged),
        ("802.1Q of the S-tag alone", "eth1", |mac| good(mac, &[(C, 20)]), PortTagged),
        ("802.1ad alone, of the C-tag", "eth1", |mac| good(mac, &[(S, 100)]), PortTagged),
        ("802.1ad alone, of the S-tag", "eth1", |mac| good(mac, &[(S, 21)]), PortTagged),
        (
            "802.1Q of a link, for another station",
            "eth1",
            |_| misdirected(&[(C, 100)]),
            PortWrongMac,
        ),
        ("802.1Q of no link, for another station", "eth1", |_| misdirected(&[(C, 7)]), PortTagged),
        ("802.1Q and ARP", "eth1", |mac| with(mac, &[(C, 100)], 0x0806, &[0; 28]), LocalKernel),
        ("802.1Q and MPLS", "eth1", |mac| with(mac, &[(C, 100)], 0x8847, &[0; 28]), PortNotIp),
    ])
}

fn two() -> Vec<FrameCase> {
    table(&[
        ("QinQ of a link", "eth1", |mac| good(mac, &[(C, 20), (C, 100)]), Direct),
        (
            "QinQ of a link that sends 802.1Q, by 802.1ad",
            "eth1",
            |mac| good(mac, &[(S, 20), (C, 100)]),
            Direct,
        ),
        (
            "QinQ of a link that sends 802.1ad",
            "eth1",
            |mac| good(mac, &[(S, 21), (C, 100)]),
            Direct,
        ),
        (
            "QinQ of a link that sends 802.1ad, by 802.1Q",
            "eth1",
            |mac| good(mac, &[(C, 21), (C, 100)]),
            Direct,
        ),
        (
            "QinQ of a link, all priority bits",
            "eth1",
            |mac| good(mac, &[(S, 0xf014), (C, 0xf064)]),
            Direct,
        ),
        ("QinQ the wrong way round", "eth1", |mac| good(mac, &[(C, 100), (C, 20)]), PortTagged),
        ("QinQ of another S-tag", "eth1", |mac| good(mac, &[(C, 22), (C, 100)]), PortTagged),
        ("QinQ of another C-tag", "eth1", |mac| good(mac, &[(C, 20), (C, 101)]), PortTagged),
        ("QinQ of the C-tag twice", "eth1", |mac| good(mac, &[(C, 100), (C, 100)]), PortTagged),
        (
            "QinQ of priority only around a C-tag",
            "eth1",
            |mac| good(mac, &[(C, 0), (C, 100)]),
            PortTagged,
        ),
        (
            "QinQ of priority only in an S-tag",
            "eth1",
            |mac| good(mac, &[(S, 20), (C, 0)]),
            PortTagged,
        ),
        ("802.1ad in 802.1Q", "eth1", |mac| good(mac, &[(C, 20), (S, 100)]), PortTagged),
        ("802.1ad in 802.1ad", "eth1", |mac| good(mac, &[(S, 20), (S, 100)]), PortTagged),
        ("QinQ of type 0x9100", "eth1", |mac| good(mac, &[(0x9100, 20), (C, 100)]), PortNotIp),
        (
            "QinQ and ARP",
            "eth1",
            |mac| with(mac, &[(C, 20), (C, 100)], 0x0806, &[0; 28]),
            LocalKernel,
        ),
        (
            "QinQ of a link, for another station",
            "eth1",
            |_| misdirected(&[(S, 20), (C, 100)]),
            PortWrongMac,
        ),
    ])
}

fn more() -> Vec<FrameCase> {
    table(&[
        (
            "802.1Q of a link, and 802.1ad in it",
            "eth1",
            |mac| good(mac, &[(C, 100), (S, 7)]),
            PortTagged,
        ),
        (
            "three tags, 802.1Q innermost",
            "eth1",
            |mac| good(mac, &[(C, 20), (C, 100), (C, 7)]),
            PortTagged,
        ),
        (
            "three tags, 802.1ad innermost",
            "eth1",
            |mac| good(mac, &[(S, 21), (C, 100), (S, 7)]),
            PortTagged,
        ),
        (
            "three tags, of another station",
            "eth1",
            |_| misdirected(&[(C, 20), (C, 100), (C, 7)]),
            PortTagged,
        ),
        ("three tags of no link", "eth1", |mac| good(mac, &[(C, 1), (C, 2), (C, 3)]), PortTagged),
        ("eight tags", "eth1", |mac| good(mac, &[(C, 100); 8]), PortTagged),
    ])
}

fn elsewhere() -> Vec<FrameCase> {
    table(&[
        ("802.1Q on a fabric", "eth2", |mac| good(mac, &[(C, 100)]), PortTagged),
        ("802.1Q of priority only on a fabric", "eth2", |mac| good(mac, &[(C, 0)]), PortTagged),
        ("802.1ad on a fabric", "eth2", |mac| good(mac, &[(S, 100)]), PortTagged),
        ("QinQ on a fabric", "eth2", |mac| good(mac, &[(C, 20), (C, 100)]), PortTagged),
        ("ARP on a fabric", "eth2", |mac| with(mac, &[], 0x0806, &[0; 28]), LocalArp),
        (
            "802.1Q and ARP on a fabric",
            "eth2",
            |mac| with(mac, &[(C, 100)], 0x0806, &[0; 28]),
            PortTagged,
        ),
        ("untagged where every link has tags", "eth5.200", |mac| good(mac, &[]), PortUnknown),
        ("802.1Q where every link has tags", "eth5.200", |mac| good(mac, &[(C, 200)]), Direct),
        (
            "802.1Q of a link of the other interface",
            "eth5.200",
            |mac| good(mac, &[(C, 100)]),
            PortTagged,
        ),
        ("untagged on an interface of no port", "eth6", |mac| good(mac, &[]), PortUnknown),
        ("untagged there, for another station", "eth6", |_| misdirected(&[]), PortUnknown),
        ("untagged ARP there", "eth6", |mac| with(mac, &[], 0x0806, &[0; 28]), PortUnknown),
        ("802.1Q there", "eth6", |mac| good(mac, &[(C, 100)]), PortTagged),
        ("QinQ there", "eth6", |mac| good(mac, &[(S, 20), (C, 100)]), PortTagged),
    ])
}
