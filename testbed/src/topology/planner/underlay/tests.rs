use std::collections::BTreeSet;

use super::*;
use crate::topology::{
    self,
    plan::{MTU, Plan, VXLAN_OVERHEAD},
};

fn planned(file: &str) -> Plan {
    let text = file.replace("expressroute:\n", "expressroute:\n  fabric: vxlan\n");
    assert_ne!(text, file);
    topology::plan(&topology::parse(&text, "lab.er.yml").unwrap()).unwrap()
}

fn fastpath() -> Plan {
    planned(include_str!("../../../../../labs/fastpath.er.yml"))
}

fn two_customers() -> Plan {
    planned(include_str!("../../../../../labs/two-customers.er.yml"))
}

fn underlay(plan: &Plan, index: usize) -> &Underlay {
    plan.fabrics[index].underlay.as_ref().unwrap()
}

#[test]
fn each_vm_and_each_gateway_has_a_host_on_the_underlay_of_its_region() {
    let plan = fastpath();
    let host = |host: &FabricHost| format!("{} {} {}", host.node, host.address, host.guest.node);
    let hosts = |index| underlay(&plan, index).hosts.iter().map(host).collect::<Vec<_>>();
    assert_eq!(
        hosts(0),
        [
            "hub-vm-host 100.64.0.3 hub-vm",
            "spoke-vm-host 100.64.0.4 spoke-vm",
            "ERGW1-host 100.64.0.5 ERGW1",
        ]
    );
    assert_eq!(hosts(1), ["remote-vm-host 100.65.0.3 remote-vm", "ERGW2-host 100.65.0.4 ERGW2"]);
    let msees: Vec<String> =
        underlay(&plan, 0).msees.iter().map(|(msee, at)| format!("{msee} {at}")).collect();
    assert_eq!(msees, ["msee-a 100.64.0.1", "msee-b 100.64.0.2"]);
    let vnis: Vec<_> = underlay(&plan, 0).vnis.iter().collect();
    assert_eq!(vnis, [(&"hub".to_owned(), &5001), (&"spoke".to_owned(), &5002)]);
    assert_eq!(underlay(&plan, 1).vnis["remote"], 5003);
    // Behind its host a VM is no station of the underlay.
    let ports: Vec<_> = plan.fabrics[0].ports.iter().map(|port| port.end.node.as_str()).collect();
    assert_eq!(ports, ["msee-a", "msee-b", "hub-vm-host", "spoke-vm-host", "ERGW1-host"]);
}

#[test]
fn a_station_is_behind_the_device_of_its_own_vnet_and_an_msee_behind_the_senders() {
    let plan = fastpath();
    let remotes = |node: &str| {
        let hosts = plan.fabrics.iter().flat_map(|fabric| &fabric.underlay);
        let host = hosts.flat_map(|it| &it.hosts).find(|host| host.node == node).unwrap();
        let remotes = |device: &VxlanDevice| {
            let remote = |remote: &Remote| {
                format!("{}@{}", plan.node_with_mac(remote.mac).unwrap().name, remote.endpoint)
            };
            (device.name(), device.remotes.iter().map(remote).collect::<Vec<_>>().join(" "))
        };
        host.devices.iter().map(remotes).collect::<Vec<_>>()
    };
    let own = "ERGW1@100.64.0.5 ERGW1@100.64.0.5 msee-a@100.64.0.1 msee-b@100.64.0.2";
    let spoke = "spoke-vm@100.64.0.4";
    assert_eq!(
        remotes("hub-vm-host"),
        [("vxlan5001".to_owned(), own.to_owned()), ("vxlan5002".to_owned(), spoke.to_owned())]
    );
    let own = "hub-vm@100.64.0.3 msee-a@100.64.0.1 msee-b@100.64.0.2";
    assert_eq!(
        remotes("ERGW1-host"),
        [("vxlan5001".to_owned(), own.to_owned()), ("vxlan5002".to_owned(), spoke.to_owned())]
    );
    let own = "ERGW2@100.65.0.4 ERGW2@100.65.0.4 msee-a@100.65.0.1 msee-b@100.65.0.2";
    assert_eq!(remotes("remote-vm-host"), [("vxlan5003".to_owned(), own.to_owned())]);
}

#[test]
fn vnets_of_a_region_share_an_underlay_also_when_they_are_equal() {
    let plan = two_customers();
    assert_eq!(plan.fabrics.len(), 1);
    assert_eq!(plan.fabrics[0].vnets, ["contoso", "fabrikam"]);
    let msee = plan.node("msee-a").unwrap();
    let ports: Vec<_> = msee.interfaces.iter().map(|port| (port.name.as_str(), port.mtu)).collect();
    assert_eq!(ports, [("eth1", MTU + 8), ("eth2", MTU + VXLAN_OVERHEAD)]);
    // A VM knows its own customer's MSEE addresses, each once: the other's VNet is none of its peers.
    let neighbours = &plan.node("contoso-vm").unwrap().interfaces[0].neighbours;
    let addresses: BTreeSet<_> = neighbours.iter().map(|it| it.address).collect();
    assert_eq!((neighbours.len(), addresses.len()), (4, 4), "{neighbours:?}");
    for host in &underlay(&plan, 0).hosts {
        assert_eq!(host.devices.len(), 1, "{host:?}");
    }
}

#[test]
fn the_lab_of_vxlan_has_two_equal_vnets_and_a_spoke_on_one_underlay() {
    let file = include_str!("../../../../../labs/vxlan.er.yml");
    let plan = topology::plan(&topology::parse(file, "vxlan.er.yml").unwrap()).unwrap();
    assert_eq!(plan.fabrics.len(), 1);
    let vnis: Vec<_> =
        underlay(&plan, 0).vnis.iter().map(|(vnet, vni)| (vnet.as_str(), *vni)).collect();
    assert_eq!(vnis, [("contoso", 5001), ("fabrikam", 5003), ("spoke", 5002)]);
    assert_eq!(underlay(&plan, 0).hosts.len(), 5);
}

#[test]
fn every_station_of_an_underlay_knows_every_other() {
    let plan = fastpath();
    let host = &plan.node("spoke-vm-host").unwrap().interfaces[0];
    assert_eq!(host.mtu, 1_550);
    assert_eq!(host.addresses, ["100.64.0.4/16".parse().unwrap()]);
    let known: Vec<String> = host
        .neighbours
        .iter()
        .map(|known| format!("{} {}", known.address, plan.node_with_mac(known.mac).unwrap().name))
        .collect();
    let expected = [
        "100.64.0.1 msee-a",
        "100.64.0.2 msee-b",
        "100.64.0.3 hub-vm-host",
        "100.64.0.5 ERGW1-host",
    ];
    assert_eq!(known, expected);
}

#[test]
fn a_plain_fabric_is_as_it_was() {
    let file = include_str!("../../../../../labs/fastpath.er.yml");
    let plain = topology::plan(&topology::parse(file, "plain").unwrap()).unwrap();
    let vxlan = fastpath();
    assert!(plain.fabrics.iter().all(|fabric| fabric.underlay.is_none()));
    // Hosts come last, so everything else has the same MAC addresses, routes and neighbours.
    for node in &plain.nodes {
        let other = vxlan.node(&node.name).unwrap();
        let ports = node.interfaces.iter().zip(&other.interfaces);
        for (plain, vxlan) in ports {
            let mtu = plain.mtu;
            assert_eq!(*plain, super::super::Interface { mtu, ..vxlan.clone() }, "{}", node.name);
        }
    }
}
