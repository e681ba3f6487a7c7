//! Fabrics whose frames travel in VXLAN.

use desired::{Tunnel, Underlay, UnderlayHost};

use super::*;
use crate::{
    fastpath::{Neighbour, Resolver, tables::tunnels::Tunnels},
    vxlan::{self, Ends},
};

const HUB: u32 = 5_001;
const SPOKE: u32 = 5_002;

/// `eth2` is an underlay, and hub and spoke are in networks of their own.
fn ports() -> Vec<BoundPort> {
    let mut ports = super::ports();
    for port in ports.iter_mut().filter(|port| port.name == "eth2") {
        port.kind = PortKind::Underlay;
    }
    for (slot, vni) in [(20, HUB), (21, SPOKE)] {
        let underlay = ports.iter().find(|port| port.name == "eth2").unwrap();
        let (name, kind) = (format!("eth2.vni{vni}"), PortKind::Vxlan { vni });
        ports.push(BoundPort { slot, name, kind, ..underlay.clone() });
    }
    ports
}

fn host(last: u8, mac: Option<MacAddress>) -> (String, UnderlayHost) {
    let address = Ipv4Addr::new(192, 0, 2, last);
    (format!("host{last}"), UnderlayHost { address, mac })
}

/// The hub VM is on `host11`; of the gateway's instances one is there, and one on `host12`, which has yet
/// to be found.
fn state() -> MseeState {
    let mut state = super::state();
    let fabric = state.fabric_ports.get_mut("eth2").unwrap();
    fabric.vnets.get_mut("hub").unwrap().vni = Some(HUB);
    fabric.vnets.get_mut("spoke").unwrap().vni = Some(SPOKE);
    fabric.vxlan = Some(Underlay {
        address: "192.0.2.1/24".parse().unwrap(),
        hosts: [host(11, Some(mac(0xb1))), host(12, None)].into(),
    });
    let tunnel = |host: &str| Some(Tunnel { host: host.to_owned(), vni: HUB });
    for route in state.vrfs.get_mut("circuit").unwrap().routes.values_mut() {
        match &mut route.adjacency {
            Adjacency::Direct { tunnel: vm, .. } => *vm = tunnel("host11"),
            Adjacency::Gateway { instances, .. } => {
                for (instance, host) in instances.iter_mut().zip(["host11", "host12"]) {
                    instance.tunnel = tunnel(host);
                }
            }
            Adjacency::Ce { .. } => {}
        }
    }
    state
}

fn compile(learned: &Neighbours) -> Compiled {
    Compiled::new(&state(), &ports(), learned, 1).unwrap()
}

fn leaf(compiled: &Compiled, address: &str) -> u32 {
    let roots = compiled.vrf_roots("circuit").unwrap();
    compiled.lookup(roots, address.parse().unwrap()).unwrap()
}

/// The adjacencies that packets to an address may take, by the instance they lead to.
fn members(compiled: &Compiled, address: &str) -> Vec<image::Adjacency> {
    let leaf = leaf(compiled, address);
    let places = 0..limits::GROUP_PLACES as u32;
    let indices: std::collections::BTreeSet<u32> =
        places.map(|place| compiled.member(leaf, place).unwrap()).collect();
    indices.into_iter().map(|index| *compiled.adjacency(index).unwrap()).collect()
}

fn ends(host: u8, host_mac: MacAddress) -> Ends {
    let (endpoint, host) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, host));
    Ends { mac: ports()[1].mac, endpoint, host_mac, host }
}

#[test]
fn a_next_hop_leads_into_the_tunnel_of_its_host_and_network() {
    let compiled = compile(&Neighbours::default());
    let vm = compiled.adjacency(leaf(&compiled, "10.255.10.4")).unwrap();
    assert_eq!((vm.kind, vm.port), (ADJACENCY_DIRECT, 20), "the hub's port");
    assert_eq!(vm.mtu, 1_450, "the tunnel takes 50 bytes");
    assert_eq!(vm.header[..6], mac(0x44).0, "the VM's own, inside");
    let tunnel = compiled.tunnel(vm.tunnel).unwrap();
    assert_eq!(tunnel.header, ends(11, mac(0xb1)).tunnel(HUB).header);
    // One tunnel for all that is on a host in a network.
    let [first, second] = members(&compiled, "10.255.0.9")[..] else { panic!() };
    assert_eq!(first.tunnel, vm.tunnel);
    assert_ne!(second.tunnel, vm.tunnel);
    let customer = compiled.adjacency(leaf(&compiled, "172.16.1.1")).unwrap();
    assert_eq!((customer.tunnel, customer.mtu), (0, 1_500));
    assert_eq!(compiled.tunnel(0), None);
}

#[test]
fn a_host_that_is_not_known_closes_its_tunnel_until_it_is_learned() {
    let unknown = compile(&Neighbours::default());
    let [first, second] = members(&unknown, "10.255.0.9")[..] else { panic!() };
    assert_eq!((first.kind, second.kind), (ADJACENCY_GATEWAY, ADJACENCY_UNRESOLVED));
    let host = Neighbour::new(ports()[1].key(), Ipv4Addr::new(192, 0, 2, 12).into());
    assert_eq!(unknown.tunnel_host(second.tunnel).unwrap().neighbour, host);
    assert_eq!(unknown.resolver(&host), Some(Resolver::Msee));
    let declared = Neighbour::new(ports()[1].key(), Ipv4Addr::new(192, 0, 2, 11).into());
    assert_eq!(unknown.resolver(&declared), Some(Resolver::Declared));

    let learned = compile(&[(host, mac(0xb2))].into_iter().collect());
    let [_, second] = members(&learned, "10.255.0.9")[..] else { panic!() };
    assert_eq!(second.kind, ADJACENCY_GATEWAY);
    let tunnel = learned.tunnel(second.tunnel).unwrap();
    assert_eq!(tunnel.header, ends(12, mac(0xb2)).tunnel(HUB).header);
}

/// What an adopted image says of hosts is what it was compiled from; and to learn anew is to compile anew.
#[test]
fn an_image_says_who_is_at_the_far_ends() {
    let host = Neighbour::new(ports()[1].key(), Ipv4Addr::new(192, 0, 2, 12).into());
    let learned: Neighbours = [(host, mac(0xb2))].into_iter().collect();
    let (unknown, known) = (compile(&Neighbours::default()), compile(&learned));
    assert_eq!((unknown.learned(), known.learned()), (Neighbours::default(), learned.clone()));
    for (from, to, neighbours) in
        [(&unknown, &known, &learned), (&known, &unknown, &Neighbours::default())]
    {
        assert_eq!(from.relearned(neighbours).adjacencies, to.adjacencies);
        assert_eq!(from.relearned(neighbours).tunnels.entries(), to.tunnels.entries());
    }
    for compiled in [&unknown, &known] {
        // What an image leaves in its bank does not end with the next one.
        let mut entries = compiled.tunnels.entries();
        entries.extend(entries.clone());
        let mut next_hops = compiled.next_hops.clone();
        let port = |slot| compiled.bound_port(slot).map(BoundPort::key);
        let recovered = Tunnels::recover(&entries, &compiled.adjacencies, &mut next_hops, port);
        assert_eq!(recovered.entries(), compiled.tunnels.entries());
        for index in 0..4 {
            assert_eq!(recovered.host(index), compiled.tunnels.host(index));
        }
        assert_eq!(next_hops.undeclared, compiled.next_hops.undeclared);
        assert_eq!(recovered.learned().collect::<Neighbours>(), compiled.learned());
    }
}

/// The station behind a tunnel is a neighbour in the network, and is asked for in the tunnel.
#[test]
fn a_vm_that_is_not_known_is_behind_its_tunnel() {
    let mut state = state();
    for route in state.vrfs.get_mut("circuit").unwrap().routes.values_mut() {
        if let Adjacency::Direct { mac, .. } = &mut route.adjacency {
            *mac = None;
        }
    }
    let compiled = Compiled::new(&state, &ports(), &Neighbours::default(), 1).unwrap();
    let vm = *compiled.adjacency(leaf(&compiled, "10.255.10.4")).unwrap();
    let neighbour = Neighbour::new(
        image::PortKey::in_tunnel(ports()[1].ifindex, HUB),
        Ipv4Addr::new(10, 255, 10, 4).into(),
    );
    assert_eq!(vm.kind, ADJACENCY_UNRESOLVED);
    assert_eq!(compiled.resolver(&neighbour), Some(Resolver::Msee));
    assert_eq!(compiled.tunnel_of(&neighbour), vm.tunnel);
    assert!(vxlan::is_resolved(compiled.tunnel(vm.tunnel).unwrap()));
}

#[test]
fn an_underlay_knows_its_hosts_and_each_network_its_vnets() {
    let compiled = compile(&Neighbours::default());
    let underlay = *compiled.port(ports()[1].slot).unwrap();
    assert_eq!(underlay.kind, image::PORT_UNDERLAY);
    assert_eq!(underlay.address_ipv4, [192, 0, 2, 1]);
    let host = |address: &str| {
        compiled.prefixes.lookup(underlay.root_ipv4, address.parse().unwrap()).is_some()
    };
    assert!(host("192.0.2.11") && host("192.0.2.12"));
    assert!(!host("192.0.2.1") && !host("192.0.2.13") && !host("10.255.10.4"));
    let vnet = |slot, address: &str| {
        let index = compiled.source_vnet(slot, address.parse().unwrap())?;
        Some(compiled.vnet(index).unwrap().name.as_str())
    };
    assert_eq!(vnet(20, "10.255.10.4"), Some("hub"));
    assert_eq!(vnet(20, "10.254.10.4"), None, "a spoke's address in the hub's network");
    assert_eq!(vnet(21, "10.254.10.4"), Some("spoke"));
}

#[test]
fn what_does_not_fit_together_is_refused_by_name() {
    type Change = fn(&mut MseeState);
    let cases: [(Change, &str); 8] = [
        (|state| fabric(state).vnets.get_mut("hub").unwrap().vni = None, "VNet `hub` on `eth2`"),
        (|state| set_tunnel(state, None), "a next hop of VRF `circuit` on `eth2` must have"),
        (
            |state| set_tunnel(state, Some(("host99", HUB))),
            "is behind host `host99`, which the underlay of `eth2` lacks",
        ),
        (|state| set_tunnel(state, Some(("host11", 9))), "has the VNI 9, which no VNet on `eth2`"),
        (
            |state| move_host(state, 12, [192, 0, 3, 12]),
            "host `host12` of `eth2` has the address 192.0.3.12, which is not in 192.0.2.1/24",
        ),
        (|state| move_host(state, 12, [192, 0, 2, 11]), "hosts `host11` and `host12` of `eth2`"),
        (|state| move_host(state, 12, [192, 0, 2, 1]), "hosts `the MSEE` and `host12` of `eth2`"),
        (
            |state| {
                let vnets = &mut fabric(state).vnets;
                vnets.get_mut("spoke").unwrap().vni = Some(HUB);
                vnets.get_mut("spoke").unwrap().prefixes = vnets["hub"].prefixes.clone();
            },
            "VNets `hub` and `spoke` on `eth2` both have the prefix 10.255.0.0/16",
        ),
    ];
    for (change, expected) in cases {
        let mut state = state();
        change(&mut state);
        let error = Compiled::new(&state, &ports(), &Neighbours::default(), 1).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    // And a tunnel where there are none.
    let mut plain = super::state();
    set_tunnel(&mut plain, Some(("host11", HUB)));
    let error = Compiled::new(&plain, &super::ports(), &Neighbours::default(), 1).unwrap_err();
    assert!(matches!(error, CompileError::Tunnel { .. }), "{error}");
    let mut plain = super::state();
    fabric(&mut plain).vnets.get_mut("hub").unwrap().vni = Some(HUB);
    let error = Compiled::new(&plain, &super::ports(), &Neighbours::default(), 1).unwrap_err();
    assert!(matches!(error, CompileError::VnetVni { .. }), "{error}");
}

fn fabric(state: &mut MseeState) -> &mut FabricPort {
    state.fabric_ports.get_mut("eth2").unwrap()
}

fn move_host(state: &mut MseeState, host: u8, address: [u8; 4]) {
    let underlay = fabric(state).vxlan.as_mut().unwrap();
    underlay.hosts.get_mut(&format!("host{host}")).unwrap().address = address.into();
}

fn set_tunnel(state: &mut MseeState, to: Option<(&str, u32)>) {
    for route in state.vrfs.get_mut("circuit").unwrap().routes.values_mut() {
        if let Adjacency::Direct { tunnel, .. } = &mut route.adjacency {
            *tunnel = to.map(|(host, vni)| Tunnel { host: host.to_owned(), vni });
        }
    }
}

#[test]
fn more_tunnels_than_an_image_holds_are_refused() {
    let mut state = state();
    let hosts = (0..limits::TUNNELS).map(|number| {
        let address = Ipv4Addr::from_bits(0x0a64_0000 + number + 2);
        (format!("host{number}"), UnderlayHost { address, mac: None })
    });
    fabric(&mut state).vxlan =
        Some(Underlay { address: "10.100.0.1/16".parse().unwrap(), hosts: hosts.collect() });
    let routes = &mut state.vrfs.get_mut("circuit").unwrap().routes;
    routes.clear();
    for number in 0..limits::TUNNELS {
        let Adjacency::Direct { port, mac, vm, connection, .. } = direct() else { panic!() };
        let address = Ipv4Addr::from_bits(0x0aff_0000 + number).into();
        let tunnel = Some(Tunnel { host: format!("host{number}"), vni: HUB });
        let adjacency = Adjacency::Direct { port, address, mac, vm, connection, tunnel };
        routes.insert(IpNetwork::from(address), Route { adjacency, why: String::new() });
    }
    let error = Compiled::new(&state, &ports(), &Neighbours::default(), 1).unwrap_err();
    assert_eq!(error, CompileError::TooManyTunnels);
    let routes = &mut state.vrfs.get_mut("circuit").unwrap().routes;
    routes.pop_last();
    assert!(Compiled::new(&state, &ports(), &Neighbours::default(), 1).is_ok());
}
