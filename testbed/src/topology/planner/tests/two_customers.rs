//! Circuits that share a port of each MSEE.

use desired::ServiceEthertype;

use super::*;

const TWO_CUSTOMERS: &str = include_str!("../../../../../labs/two-customers.er.yml");

fn msee(plan: &Plan) -> &Node {
    plan.node("msee-a").unwrap()
}

#[test]
fn one_port_has_room_for_the_tags_and_a_cpu_veth_for_each_link() {
    let (_, plan) = planned(TWO_CUSTOMERS);
    let port = |port: &Interface| {
        let cpus = port.cpus.iter().map(|cpu| format!("{}/{} {}", cpu.name, cpu.far, cpu.circuit));
        format!("{} {} {}", port.name, port.mtu, cpus.collect::<Vec<_>>().join(" "))
    };
    assert_eq!(
        msee(&plan).interfaces.iter().map(port).collect::<Vec<_>>(),
        ["eth1 1508 cpu1-1/xcpu1-1 CONTOSO cpu1-2/xcpu1-2 FABRIKAM", "eth2 1500 ", "eth3 1500 "]
    );
    let [contoso, fabrikam] = msee(&plan).interfaces[0].cpus.as_slice() else { panic!("two") };
    assert_eq!(contoso.addresses, fabrikam.addresses);
    assert_eq!(contoso.peers[0].mac, plan.node("contoso-ce").unwrap().interfaces[1].mac);
    assert_eq!(fabrikam.peers[0].mac, plan.node("fabrikam-ce").unwrap().interfaces[1].mac);
    // One tag needs half the room, and the customers' side none.
    let single = TWO_CUSTOMERS.replace(", stag: 20, stag_ethertype: 0x88a8", "");
    let single = single.replace("vlan: 200, stag: 20", "vlan: 200");
    let (_, single) = planned(&single);
    assert_eq!(msee(&single).interfaces[0].mtu, 1504);
    let customers =
        ["contoso-ce", "fabrikam-pc", "contoso-vm"].map(|name| plan.node(name).unwrap());
    assert!(customers.iter().flat_map(|node| &node.interfaces).all(|port| port.mtu == 1500));
}

#[test]
fn names_of_cpu_veths_fit_an_interface() {
    let text = TWO_CUSTOMERS.replace("msee-a:eth1", "msee-a:eth997");
    let (_, plan) = planned(&text);
    let cpus = &msee(&plan).interfaces[0].cpus;
    assert_eq!(cpus[1].far, "xcpu997-2");
    // However many links a port has: 4,094 numbers of four digits.
    assert!("xcpu999-4094".len() <= 15);
}

#[test]
fn wires_of_one_port_share_its_end() {
    let (_, plan) = planned(TWO_CUSTOMERS);
    let wires = plan.wires();
    let wire = |wire: &crate::topology::plan::Wire| {
        format!("{} {} {} `{}`", wire.name, wire.a, wire.b, wire.tags)
    };
    assert_eq!(
        wires.iter().map(wire).collect::<Vec<_>>(),
        [
            "contoso-ce-msee-a wire0a wire0b `.20.100`",
            "contoso-ce-msee-b wire1a wire1b `.20.100`",
            "fabrikam-ce-msee-a wire2a wire0b `.20.200`",
            "fabrikam-ce-msee-b wire3a wire1b `.20.200`",
            "msee-a-fabric0 wire4a wire4b ``",
            "msee-b-fabric0 wire5a wire5b ``",
            "msee-a-fabric1 wire6a wire6b ``",
            "msee-b-fabric1 wire7a wire7b ``",
        ]
    );
    let Tags::Qinq { ethertype, .. } = wires[0].tags else { panic!("two tags") };
    assert_eq!(ethertype, ServiceEthertype::Dot1ad);
}

#[test]
fn equal_prefixes_are_routed_once_and_pinned_to_nobody() {
    let (_, plan) = planned(TWO_CUSTOMERS);
    let route = |route: &StaticRoute| format!("{} via {}", route.prefix, route.gateway);
    let routes = &plan.node("contoso-ce").unwrap().routes;
    assert_eq!(
        routes.iter().map(route).collect::<Vec<_>>(),
        [
            "fd00:255::/48 via fd00:172:16:1::2",
            "10.255.0.0/16 via 172.16.1.2",
            "fd00:255::/48 via fd00:172:16:2::2",
            "10.255.0.0/16 via 172.16.2.2",
        ]
    );
    let (_, lab) = planned(&TWO_CUSTOMERS.replace("ecmp: flow", "ecmp: lab"));
    assert_eq!(lab.ecmp_pins, []);
}

#[test]
fn routers_hear_of_each_link_with_its_own_cpu_veth() {
    let (topology, plan) = planned(TWO_CUSTOMERS);
    let [a, _] = routers(&topology, &plan).try_into().unwrap();
    let port = |port: &crate::topology::RouterCircuitPort| {
        format!("{} {} {} {}", port.interface, port.circuit, port.cpu, port.peer_mac)
    };
    let mac = |node: &str| plan.node(node).unwrap().interfaces[1].mac;
    assert_eq!(
        a.circuit_ports.iter().map(port).collect::<Vec<_>>(),
        [
            format!("eth1 CONTOSO xcpu1-1 {}", mac("contoso-ce")),
            format!("eth1 FABRIKAM xcpu1-2 {}", mac("fabrikam-ce")),
        ]
    );
    let fabrics: Vec<_> = a.fabric_ports.iter().map(|port| port.vnets.join("+")).collect();
    assert_eq!(fabrics, ["contoso", "fabrikam"]);
}

#[test]
fn its_plan_survives_its_json() {
    let (topology, plan) = planned(TWO_CUSTOMERS);
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    let text = serde_json::to_string(&topology).unwrap();
    let again: Topology = serde_json::from_str(&text).unwrap();
    assert_eq!(super::super::plan(&again).unwrap(), plan);
}

fn listed<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

/// Address and node of each neighbour of a node's interface.
fn neighbours(plan: &Plan, node: &str, port: usize) -> Vec<String> {
    let neighbours = plan.node(node).unwrap().interfaces[port].neighbours.iter();
    let named = neighbours.map(|it| (it.address, plan.node_with_mac(it.mac).unwrap()));
    named.map(|(address, node)| format!("{address} {}", node.name)).collect()
}

#[test]
fn every_node_has_its_place_in_both_families() {
    let (_, plan) = planned(TWO_CUSTOMERS);
    let addresses =
        |node: &str, port: usize| listed(&plan.node(node).unwrap().interfaces[port].addresses);
    assert_eq!(addresses("contoso-ce", 0), ["10.10.10.1/24", "fd00:10:10:10::1/64"]);
    assert_eq!(addresses("contoso-pc", 0), ["10.10.10.4/24", "fd00:10:10:10::4/64"]);
    assert_eq!(addresses("contoso-ce", 2), ["172.16.2.1/30", "fd00:172:16:2::1/126"]);
    assert_eq!(addresses("contoso-vm", 0), ["10.255.10.4/32", "fd00:255:0:10::4/128"]);
    let cpu = &msee(&plan).interfaces[0].cpus[1];
    assert_eq!(listed(&cpu.addresses), ["172.16.1.2/30", "fd00:172:16:1::2/126"]);
    let peers: Vec<String> = cpu.peers.iter().map(|peer| peer.address.to_string()).collect();
    assert_eq!(peers, ["172.16.1.1", "fd00:172:16:1::1"]);
    assert_eq!(
        neighbours(&plan, "contoso-vm", 0),
        ["10.255.0.4 msee-a", "fd00:255::4 msee-a", "10.255.0.5 msee-b", "fd00:255::5 msee-b"]
    );
    assert_eq!(
        neighbours(&plan, "contoso-ce", 1),
        ["172.16.1.2 msee-a", "fd00:172:16:1::2 msee-a"]
    );
    let on_link = listed(&plan.node("contoso-vm").unwrap().interfaces[0].on_link);
    assert_eq!(on_link, ["10.255.0.0/16", "fd00:255::/48"]);
    let routes = &plan.node("contoso-pc").unwrap().routes;
    let routes: Vec<String> =
        routes.iter().map(|it| format!("{} via {}", it.prefix, it.gateway)).collect();
    assert_eq!(routes, ["::/0 via fd00:10:10:10::1", "0.0.0.0/0 via 10.10.10.1"]);
    let of = |address: &str| {
        let nodes = plan.nodes_with_address(address.parse().unwrap());
        nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("fd00:255:0:10::4"), ["contoso-vm", "fabrikam-vm"]);
}

#[test]
fn a_vm_without_ipv6_has_nothing_of_it() {
    let text = TWO_CUSTOMERS
        .replace("contoso-vm:  [10.255.10.4, fd00:255:0:10::4]", "contoso-vm: 10.255.10.4");
    let (_, plan) = planned(&text);
    let eth1 = &plan.node("contoso-vm").unwrap().interfaces[0];
    assert_eq!(listed(&eth1.addresses), ["10.255.10.4/32"]);
    assert_eq!(listed(&eth1.on_link), ["10.255.0.0/16"]);
    assert_eq!(neighbours(&plan, "contoso-vm", 0), ["10.255.0.4 msee-a", "10.255.0.5 msee-b"]);
}
