//! Every interface on the way has the MTU of the file's link or region.

use super::*;

/// The lab's file, with `mtu:` wherever it may stand.
fn jumbo(file: &str, mtu: u32) -> Plan {
    let text = file
        .replace("\"ce1:eth1\"]", &format!("\"ce1:eth1\"]\n      mtu: {mtu}"))
        .replace("impair:", &format!("mtu: {mtu}, impair:"))
        .replace("delay: 35ms", &format!("delay: 35ms, mtu: {mtu}"))
        .replace("delay: 10ms", &format!("delay: 10ms, mtu: {mtu}"));
    planned(&text).1
}

fn mtus(plan: &Plan, node: &str) -> Vec<u32> {
    plan.node(node).unwrap().interfaces.iter().map(|port| port.mtu).collect()
}

#[test]
fn links_and_regions_have_the_mtu_of_the_file_and_1500_without() {
    for mtu in [1_280, 9_000, 9_216] {
        let plan = jumbo(FASTPATH, mtu);
        for node in &plan.nodes {
            assert!(mtus(&plan, &node.name).iter().all(|it| *it == mtu), "{}", node.name);
            let mut cpus = node.interfaces.iter().flat_map(|port| &port.cpus);
            assert!(cpus.all(|cpu| cpu.mtu == mtu), "{}", node.name);
        }
    }
    let plan = planned(FASTPATH).1;
    for node in &plan.nodes {
        assert!(mtus(&plan, &node.name).iter().all(|it| *it == MTU), "{}", node.name);
    }
}

#[test]
fn one_region_leaves_the_other_as_it_is() {
    let text = FASTPATH.replace("hub-region:    { delay", "hub-region:    { mtu: 9000, delay");
    let (_, plan) = planned(&text);
    assert_eq!(mtus(&plan, "msee-a"), [1_500, 9_000, 1_500]);
    assert_eq!(mtus(&plan, "ce1"), [1_500; 3]);
    for (node, mtu) in [("spoke-vm", 9_000), ("ERGW1", 9_000), ("remote-vm", 1_500)] {
        assert_eq!(mtus(&plan, node), [mtu], "{node}");
    }
}

#[test]
fn tags_and_tunnels_come_on_top() {
    let plan = jumbo(include_str!("../../../../../labs/two-customers.er.yml"), 9_216);
    let port = &plan.node("msee-a").unwrap().interfaces[0];
    assert_eq!(port.mtu, 9_224);
    assert!(port.cpus.iter().all(|cpu| cpu.mtu == 9_216));
    let plan = jumbo(include_str!("../../../../../labs/vxlan.er.yml"), 9_000);
    assert_eq!(mtus(&plan, "msee-a"), [9_004, 9_050]);
    assert_eq!(mtus(&plan, "contoso-vm"), [9_000]);
    assert_eq!(mtus(&plan, "contoso-vm-host"), [9_050]);
    assert_eq!(mtus(&plan, "ERGW-CONTOSO-host"), [9_050]);
}
