use std::collections::BTreeSet;

use super::*;
use crate::topology;

fn fastpath(wires: bool) -> Plan {
    let text = include_str!("../../../../labs/fastpath.er.yml");
    let text = if wires { text.to_owned() } else { text.replace("wires: on", "wires: off") };
    topology::plan(&topology::parse(&text, "fastpath").unwrap()).unwrap()
}

fn pairs(layout: &Layout) -> BTreeSet<String> {
    let name = |end: &VethEnd| format!("{}:{}", end.namespace.replace("fastpath-", ""), end.name);
    layout.veths.iter().map(|[a, b]| format!("{} {}", name(a), name(b))).collect()
}

#[test]
fn wires_stand_between_the_ends() {
    let layout = layout(&fastpath(true));
    let expected = [
        "msee-a:cpu1 msee-a:xcpu1",
        "msee-b:cpu1 msee-b:xcpu1",
        "onprem-vm:eth1 ce1:eth1",
        "ce1:eth2 fabric:wire0a",
        "msee-a:eth1 fabric:wire0b",
        "ce1:eth3 fabric:wire1a",
        "msee-b:eth1 fabric:wire1b",
        "msee-a:eth2 fabric:wire2a",
        "fabric:wire2b fabric:wire2p",
        "msee-b:eth2 fabric:wire3a",
        "fabric:wire3b fabric:wire3p",
        "hub-vm:eth1 fabric:port2",
        "spoke-vm:eth1 fabric:port3",
        "ERGW1:eth1 fabric:port4",
        "msee-a:eth3 fabric:wire4a",
        "fabric:wire4b fabric:wire4p",
        "msee-b:eth3 fabric:wire5a",
        "fabric:wire5b fabric:wire5p",
        "remote-vm:eth1 fabric:port7",
        "ERGW2:eth1 fabric:port8",
    ];
    assert_eq!(pairs(&layout), expected.map(str::to_owned).into());
    // Both instances of a gateway are behind its port.
    let behind = |port: &str| layout.stations.iter().filter(|station| station.port == port).count();
    assert_eq!((behind("port4"), behind("wire2p"), behind("port2")), (2, 1, 1));
}

#[test]
fn without_wires_the_ends_meet() {
    let pairs = pairs(&layout(&fastpath(false)));
    for pair in ["ce1:eth2 msee-a:eth1", "msee-a:eth2 fabric:port0", "msee-b:eth3 fabric:port6"] {
        assert!(pairs.contains(pair), "{pair} in {pairs:?}");
    }
    assert!(!pairs.iter().any(|pair| pair.contains("wire")));
}

#[test]
fn only_the_kernels_ports_have_arp() {
    let layout = layout(&fastpath(true));
    let ends = || layout.veths.iter().flatten();
    let arp = |name: &str| ends().find(|end| format!("{}:{}", end.namespace, end.name) == name);
    for (name, expected) in [
        ("fastpath-msee-a:eth1", false),
        ("fastpath-msee-a:eth2", false),
        ("fastpath-msee-a:cpu1", true),
        ("fastpath-msee-a:xcpu1", false),
        ("fastpath-ERGW1:eth1", false),
        ("fastpath-hub-vm:eth1", true),
        ("fastpath-ce1:eth2", true),
    ] {
        assert_eq!(arp(name).unwrap().arp, expected, "{name}");
    }
}

#[test]
fn circuits_on_one_port_share_its_pair_and_have_a_cpu_veth_each() {
    let text = include_str!("../../../../labs/two-customers.er.yml");
    let plan = topology::plan(&topology::parse(text, "two-customers").unwrap()).unwrap();
    let layout = layout(&plan);
    let pair = |[a, b]: &[VethEnd; 2]| {
        let place = |end: &VethEnd| {
            let namespace = end.namespace.replace("two-customers-", "");
            format!("{namespace}:{} {}", end.name, end.mtu)
        };
        format!("{} - {}", place(a), place(b))
    };
    let pairs: Vec<String> = layout.veths.iter().map(pair).collect();
    for expected in [
        "msee-a:cpu1-1 1500 - msee-a:xcpu1-1 1500",
        "msee-a:cpu1-2 1500 - msee-a:xcpu1-2 1500",
        "contoso-ce:eth2 1500 - fabric:wire0a 1500",
        "fabrikam-ce:eth2 1500 - fabric:wire2a 1500",
        "msee-a:eth1 1508 - fabric:wire0b 1508",
        "msee-b:eth1 1508 - fabric:wire1b 1508",
        "msee-a:eth2 1500 - fabric:wire4a 1500",
    ] {
        assert!(pairs.iter().any(|pair| pair == expected), "{expected} in {pairs:#?}");
    }
    let of_port = pairs.iter().filter(|pair| pair.contains("msee-a:eth1"));
    assert_eq!(of_port.count(), 1);
}

#[test]
fn both_ends_of_every_pair_and_all_between_have_the_mtu_of_the_way() {
    let text = include_str!("../../../../labs/vxlan.er.yml");
    let text = text
        .replace("delay: 10ms", "delay: 10ms, mtu: 9000")
        .replace("impair:", "mtu: 9000, impair:");
    let plan = topology::plan(&topology::parse(&text, "vxlan").unwrap()).unwrap();
    let layout = layout(&plan);
    for [a, b] in &layout.veths {
        assert_eq!(a.mtu, b.mtu, "{}:{} {}:{}", a.namespace, a.name, b.namespace, b.name);
        // The hosts' own links have no `mtu:`.
        let expected = match (a.name.as_str(), b.name.as_str()) {
            ("eth1", "eth1") => 1_500,
            (_, "guest0") => 9_000,
            (_, far) if far.starts_with("xcpu") => 9_000,
            _ if a.namespace.ends_with("-ce") => 9_000,
            ("eth1", "wire0b" | "wire1b") => 9_004,
            _ => 9_050,
        };
        assert_eq!(a.mtu, expected, "{}:{} {}:{}", a.namespace, a.name, b.namespace, b.name);
    }
    for bridge in &layout.bridges {
        let expected = if bridge.name == HOST_BRIDGE { 9_000 } else { 9_050 };
        assert_eq!(bridge.mtu, expected, "{}", bridge.name);
    }
    assert!(layout.tunnels.iter().all(|tunnel| tunnel.mtu == 9_000));
}
