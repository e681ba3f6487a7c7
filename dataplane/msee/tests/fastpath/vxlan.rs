//! Fabrics in VXLAN, where the reference forwarder has nothing to say: counters, what userspace is told,
//! source ports, restarts.

use std::{collections::BTreeSet, os::fd::AsFd as _};

use abi::verdict::Verdict;
use desired::{Adjacency, MacAddress, MseeState, Tunnel, Underlay, UnderlayHost};
use msee::fastpath::{FastPath, Neighbours, PortKind};

use crate::{
    fixtures::{Output::Dropped, fixture},
    frames::{Packet, ethernet},
    rig::{CE, ETH1, ETH2, Rig, mac, state},
};

/// What this file has packets for.
pub const VERDICTS: [Verdict; 5] = [
    Verdict::TunnelNotVxlan,
    Verdict::TunnelFragment,
    Verdict::TunnelHostUnknown,
    Verdict::TunnelMalformed,
    Verdict::TunnelVniUnknown,
];

const HUB: u32 = 5_001;
const HOST: [u8; 4] = [192, 0, 2, 11];
const HOST_MAC: u8 = 0xb1;
const ENDPOINT: [u8; 4] = [192, 0, 2, 1];
const CUSTOMER: [u8; 4] = [172, 16, 1, 1];
const VM: [u8; 4] = [10, 255, 10, 4];

/// The lab's state, its fabric in VXLAN.
fn tunnelled() -> MseeState {
    let mut state = state();
    let fabric = state.fabric_ports.get_mut("eth2").unwrap();
    for (vnet, vni) in fabric.vnets.values_mut().zip([HUB, HUB + 1]) {
        vnet.vni = Some(vni);
    }
    let host = UnderlayHost { address: HOST.into(), mac: Some(MacAddress(mac(HOST_MAC))) };
    fabric.vxlan = Some(Underlay {
        address: "192.0.2.1/24".parse().unwrap(),
        hosts: [("host".to_owned(), host)].into(),
    });
    let to_host = || Some(Tunnel { host: "host".to_owned(), vni: HUB });
    for route in state.vrfs.values_mut().flat_map(|vrf| vrf.routes.values_mut()) {
        match &mut route.adjacency {
            Adjacency::Direct { tunnel, .. } => *tunnel = to_host(),
            Adjacency::Gateway { instances, .. } => {
                for instance in instances {
                    instance.tunnel = to_host();
                }
            }
            Adjacency::Ce { .. } => {}
        }
    }
    state
}

fn rig() -> (Rig, afxdp::Socket) {
    let mut rig = Rig::start();
    rig.fast_path.apply(&tunnelled(), &Neighbours::default()).unwrap();
    let socket = afxdp::Socket::bind("eth2", 0, &afxdp::Config::default()).unwrap();
    for slot in rig
        .fast_path
        .ports()
        .iter()
        .filter(|it| it.interface == "eth2")
        .map(|it| it.slot)
        .collect::<Vec<_>>()
    {
        rig.fast_path.bind_punt(slot, socket.as_fd()).unwrap();
    }
    (rig, socket)
}

/// A frame of the host, with a VXLAN header of these flags.
fn from_host(flags: u8, vni: u32, frame: &[u8]) -> Packet {
    let vni = vni.to_be_bytes();
    let mut packet = Packet::udp(ETH2, HOST, ENDPOINT);
    let length = (16 + frame.len()) as u16;
    let udp = [[0xc0, 0x01], 4_789_u16.to_be_bytes(), length.to_be_bytes(), [0, 0]].concat();
    packet.payload = [&udp[..], &[flags, 0, 0, 0], &vni[1..], &[0], frame].concat();
    packet
}

fn to_customer() -> Packet {
    Packet::udp(ETH2, VM, CUSTOMER)
}

#[test]
fn every_verdict_of_a_tunnel_is_counted() {
    let (mut rig, _socket) = rig();
    let inner = to_customer().bytes();
    let good = || from_host(8, HUB, &inner);
    let frames = [
        ethernet(mac(ETH2), 0x86dd, &[0x60; 60]),
        good().with(|header| header.more_fragments = true).bytes(),
        good().with(|header| header.source = [192, 0, 2, 99]).bytes(),
        from_host(0, HUB, &inner).bytes(),
        from_host(8, HUB + 2, &inner).bytes(),
    ];
    for (verdict, frame) in VERDICTS.into_iter().zip(frames) {
        fixture(verdict.name(), "eth2", frame, verdict, Dropped).check(&mut rig);
    }
    let out = [&mac(CE)[..], &mac(ETH1), &inner[12..]].concat();
    let (_, sent) = rig.run("eth2", &good().bytes());
    assert_eq!(sent[..14], out[..14]);
    assert_eq!((sent.len(), rig.count(Verdict::ForwardedCe)), (inner.len(), 1));
}

/// Userspace is to answer in the tunnel: it is told the network, the host, and the way to it.
#[test]
fn what_is_punted_says_which_tunnel_it_came_in() {
    let (mut rig, _socket) = rig();
    let inner = to_customer().with(|header| header.time_to_live = 1).bytes();
    let frame = from_host(8, HUB, &inner).bytes();
    let slot = rig.port("eth2.vni5001").slot;
    let injection = rig.fast_path.inject(rig.port("eth2").ifindex, &frame).unwrap();
    let (metadata, punted) = injection.bytes.split_at(32);
    assert_eq!(punted, inner);
    assert_eq!(metadata[4..6], Verdict::TtlExpired.number().to_ne_bytes());
    assert_eq!(u32::from(u16::from_ne_bytes([metadata[6], metadata[7]])), slot);
    assert_eq!(metadata[16..20], HOST);
    assert_eq!(metadata[20..26], mac(0xee), "whoever sent the outer frame");
    assert_eq!(metadata[28..32], HUB.to_ne_bytes());
    // Outside of a tunnel there is none of that.
    let arp = crate::frames::arp(ENDPOINT);
    let injection = rig.fast_path.inject(rig.port("eth2").ifindex, &arp).unwrap();
    assert_eq!(injection.bytes[16..32], [0; 16]);
    assert_eq!(injection.bytes[32..], arp);
}

#[test]
fn a_flow_has_one_source_port_and_flows_have_many() {
    let (rig, _socket) = rig();
    let port_of = |flow: u16, ttl: u8| {
        let mut packet = Packet::udp(ETH1, CUSTOMER, VM).with(|header| header.time_to_live = ttl);
        packet.payload[..2].copy_from_slice(&flow.to_be_bytes());
        let (_, sent) = rig.run("eth1", &packet.bytes());
        assert_eq!((&sent[..6], &sent[6..12]), (&mac(HOST_MAC)[..], &mac(ETH2)[..]));
        u16::from_be_bytes([sent[34], sent[35]])
    };
    let ports: BTreeSet<u16> = (0..1_000).map(|flow| port_of(flow, 64)).collect();
    assert!(ports.iter().all(|port| *port >= 49_152));
    // Of 16,384 ports a thousand flows have 970, if they fall evenly.
    assert!(ports.len() > 900, "{}", ports.len());
    for flow in 0..100 {
        assert_eq!(port_of(flow, 64), port_of(flow, 9), "what is no part of a flow");
    }
}

/// A restart finds the networks in the tables, and answers in them before it is told a state.
#[test]
fn a_restart_knows_the_networks_again() {
    let (rig, _socket) = rig();
    let Rig { fast_path, namespace } = rig;
    let before: Vec<_> = fast_path.ports().iter().map(|it| (it.slot, it.kind, it.key())).collect();
    let tunnels = |fast_path: &FastPath| -> Vec<_> {
        let compiled = fast_path.compiled();
        (1..3).filter_map(|index| compiled.tunnel(index).copied()).collect()
    };
    let (generation, known) = (fast_path.compiled().generation(), tunnels(&fast_path));
    drop(fast_path);
    let adopted = FastPath::load(&namespace.pins()).unwrap();
    let after: Vec<_> = adopted.ports().iter().map(|it| (it.slot, it.kind, it.key())).collect();
    assert_eq!(after, before);
    let networks = adopted.ports().iter().filter(|it| matches!(it.kind, PortKind::Vxlan { .. }));
    assert_eq!(networks.count(), 2);
    assert_eq!(adopted.compiled().generation(), generation);
    assert_eq!(tunnels(&adopted)[..known.len()], known);
    let slot =
        adopted.ports().iter().find(|it| it.kind == PortKind::Vxlan { vni: HUB }).unwrap().slot;
    let compiled = adopted.compiled();
    let vnet = compiled.source_vnet(slot, VM.map(u8::from).into()).and_then(|it| compiled.vnet(it));
    assert_eq!(vnet.unwrap().port, slot);
}

/// A fabric becomes one in VXLAN, and a plain one again, in one flip each.
#[test]
fn a_fabric_changes_over_and_back() {
    let (mut rig, _socket) = rig();
    let (plain, in_tunnel) =
        (to_customer().bytes(), from_host(8, HUB, &to_customer().bytes()).bytes());
    let mut count = |state: &MseeState| {
        rig.fast_path.apply(state, &Neighbours::default()).unwrap();
        let before = rig.count(Verdict::ForwardedCe);
        rig.run("eth2", &plain);
        let by_plain = rig.count(Verdict::ForwardedCe) - before;
        rig.run("eth2", &in_tunnel);
        (by_plain, rig.count(Verdict::ForwardedCe) - before - by_plain)
    };
    for _ in 0..2 {
        assert_eq!(count(&state()), (1, 0));
        assert_eq!(count(&tunnelled()), (0, 1));
    }
}
