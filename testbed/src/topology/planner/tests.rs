mod mtu;
mod two_customers;

use std::{collections::BTreeSet, time::Duration};

use super::*;
use crate::topology::{parse, routers};

const FASTPATH: &str = include_str!("../../../../labs/fastpath.er.yml");

fn fastpath() -> (Topology, Plan) {
    planned(FASTPATH)
}

fn planned(text: &str) -> (Topology, Plan) {
    let topology = parse(text, "fastpath.er.yml").unwrap();
    let plan = plan(&topology).unwrap();
    (topology, plan)
}

#[test]
fn the_lab_has_its_nodes_and_interfaces() {
    let (_, plan) = fastpath();
    let node = |node: &Node| {
        let ports = node.interfaces.iter().map(|port| {
            let addresses: Vec<String> = port.addresses.iter().map(ToString::to_string).collect();
            format!("{}={}", port.name, addresses.join(","))
        });
        format!("{} {}", node.namespace, ports.collect::<Vec<_>>().join(" "))
    };
    let nodes: Vec<String> = plan.nodes.iter().map(node).collect();
    assert_eq!(
        nodes,
        [
            "fastpath-ce1 eth1=10.10.10.1/24 eth2=172.16.1.1/30 eth3=172.16.2.1/30",
            "fastpath-onprem-vm eth1=10.10.10.4/24",
            "fastpath-msee-a eth1= eth2= eth3=",
            "fastpath-msee-b eth1= eth2= eth3=",
            "fastpath-hub-vm eth1=10.255.10.4/32",
            "fastpath-spoke-vm eth1=10.254.10.4/32",
            "fastpath-remote-vm eth1=10.253.10.4/32",
            "fastpath-ERGW1 eth1=",
            "fastpath-ERGW2 eth1=",
        ]
    );
}

#[test]
fn mac_addresses_are_unique_and_independent_of_the_labs_name() {
    let (_, plan) = fastpath();
    let macs = |plan: &Plan| -> Vec<String> {
        let ports = plan.nodes.iter().flat_map(|node| &node.interfaces);
        ports.flat_map(Interface::macs).map(|mac| mac.to_string()).collect()
    };
    let all = macs(&plan);
    // 13 interfaces and the second instance of two gateways.
    assert_eq!(all.len(), 17);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    assert!(all.iter().all(|mac| mac.starts_with("02:")));
    assert_eq!(all, macs(&planned(&FASTPATH.replace("name: fastpath", "name: other")).1));
}

#[test]
fn the_customer_edge_prefers_the_primary() {
    let (_, plan) = fastpath();
    let ce1 = plan.node("ce1").unwrap();
    let route = |route: &StaticRoute| {
        format!("{} via {} metric {}", route.prefix, route.gateway, route.metric)
    };
    assert_eq!(
        ce1.routes.iter().map(route).collect::<Vec<_>>(),
        [
            "10.255.0.0/16 via 172.16.1.2 metric 10",
            "10.254.0.0/16 via 172.16.1.2 metric 10",
            "10.253.0.0/16 via 172.16.1.2 metric 10",
            "10.255.0.0/16 via 172.16.2.2 metric 20",
            "10.254.0.0/16 via 172.16.2.2 metric 20",
            "10.253.0.0/16 via 172.16.2.2 metric 20",
        ]
    );
    let host = plan.node("onprem-vm").unwrap();
    assert_eq!(
        host.routes.iter().map(route).collect::<Vec<_>>(),
        ["0.0.0.0/0 via 10.10.10.1 metric 0"]
    );
    let mac = |node: &str, port: usize| plan.node(node).unwrap().interfaces[port].mac;
    let eth2 = &ce1.interfaces[1];
    let msee = Neighbour { address: Ipv4Addr::new(172, 16, 1, 2).into(), mac: mac("msee-a", 0) };
    assert_eq!(eth2.neighbours, [msee]);
    let [cpu] = plan.node("msee-b").unwrap().interfaces[0].cpus.as_slice() else {
        panic!("one link")
    };
    assert_eq!((cpu.name.as_str(), cpu.far.as_str()), ("cpu1", "xcpu1"));
    assert_eq!(cpu.addresses, ["172.16.2.2/30".parse().unwrap()]);
    assert_eq!(cpu.peers[0].mac, ce1.interfaces[2].mac);
}

#[test]
fn vms_know_their_fabric() {
    let (_, plan) = fastpath();
    let spoke = &plan.node("spoke-vm").unwrap().interfaces[0];
    let on_link: Vec<String> = spoke.on_link.iter().map(ToString::to_string).collect();
    assert_eq!(on_link, ["10.255.0.0/16", "10.254.0.0/16"]);
    let neighbour = |neighbour: &Neighbour| {
        let node = plan.node_with_mac(neighbour.mac).unwrap();
        format!("{} {}", neighbour.address, node.name)
    };
    let of = |vm: &str| -> Vec<String> {
        plan.node(vm).unwrap().interfaces[0].neighbours.iter().map(neighbour).collect()
    };
    // The spoke has no GatewaySubnet: it knows the MSEEs by the hub's.
    assert_eq!(of("spoke-vm"), ["10.255.10.4 hub-vm", "10.255.0.4 msee-a", "10.255.0.5 msee-b"]);
    assert_eq!(of("remote-vm"), ["10.253.0.4 msee-a", "10.253.0.5 msee-b"]);
    let answering = |address: [u8; 4]| plan.node_with_address(address.into()).map(|n| &n.name[..]);
    assert_eq!(answering([10, 253, 0, 5]), Some("msee-b"));
    assert_eq!(answering([172, 16, 1, 2]), Some("msee-a"));
    assert_eq!(answering([10, 254, 10, 4]), Some("spoke-vm"));
    assert_eq!(answering([10, 254, 10, 5]), None);
}

#[test]
fn wires_carry_the_declared_delays() {
    let (_, plan) = fastpath();
    let wire = |wire: crate::topology::plan::Wire| {
        format!("{} {} {} {:?}", wire.name, wire.a, wire.b, wire.impairment.delay)
    };
    assert_eq!(
        plan.wires().into_iter().map(wire).collect::<Vec<_>>(),
        [
            "ce1-msee-a wire0a wire0b 500µs",
            "ce1-msee-b wire1a wire1b 500µs",
            "msee-a-fabric0 wire2a wire2b 35ms",
            "msee-b-fabric0 wire3a wire3b 35ms",
            "msee-a-fabric1 wire4a wire4b 35ms",
            "msee-b-fabric1 wire5a wire5b 35ms",
        ]
    );
    let (_, bench) = planned(&FASTPATH.replace("wires: on", "wires: off"));
    assert_eq!(bench.wires(), []);
    let impaired = FASTPATH.replace(
        r#"["onprem-vm:eth1", "ce1:eth1"]"#,
        r#"["onprem-vm:eth1", "ce1:eth1"]
      impair: { delay: 2ms }"#,
    );
    let (_, plan) = planned(&impaired);
    assert_eq!(plan.wires()[0].name, "onprem-vm-ce1");
    assert_eq!(plan.links[0].wire, Some(Impairment { delay: Duration::from_millis(2) }));
}

#[test]
fn pins_follow_the_labs_traceroutes() {
    let (_, plan) = fastpath();
    let pin = |pin: &EcmpPin| format!("{} {} {}", pin.vm, pin.destination, pin.path.as_str());
    assert_eq!(
        plan.ecmp_pins.iter().map(pin).collect::<Vec<_>>(),
        [
            "hub-vm 10.253.10.4 primary",
            "spoke-vm 10.253.10.4 primary",
            "remote-vm 10.255.10.4 primary",
            "remote-vm 10.254.10.4 secondary",
        ]
    );
    assert_eq!(planned(&FASTPATH.replace("ecmp: lab", "ecmp: flow")).1.ecmp_pins, []);
}

#[test]
fn routers_are_told_about_their_ports() {
    let (topology, plan) = fastpath();
    let [a, b] = routers(&topology, &plan).try_into().unwrap();
    assert_eq!((a.path, b.path), (MseePath::Primary, MseePath::Secondary));
    let port = &a.circuit_ports[0];
    assert_eq!((port.interface.as_str(), port.circuit.as_str()), ("eth1", "CIRCUIT_EQUINIX"));
    assert_eq!(port.peer_mac, plan.node("ce1").unwrap().interfaces[1].mac);
    let announced: Vec<String> = port.static_routes.iter().map(ToString::to_string).collect();
    assert_eq!(announced, ["10.10.0.0/16", "172.16.1.0/30", "172.16.2.0/30"]);
    let fabric = |port: &crate::topology::RouterFabricPort| {
        format!("{} {}", port.interface, port.vnets.join("+"))
    };
    assert_eq!(
        b.fabric_ports.iter().map(fabric).collect::<Vec<_>>(),
        ["eth2 hub+spoke", "eth3 remote"]
    );
}

#[test]
fn the_plan_survives_its_json() {
    let (topology, plan) = fastpath();
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    // So does the topology, without the places in its text.
    let text = serde_json::to_string(&topology).unwrap();
    let again: Topology = serde_json::from_str(&text).unwrap();
    assert_eq!(super::plan(&again).unwrap(), plan);
}
