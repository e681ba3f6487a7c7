//! What was learned of neighbours is part of the image: a restart adopts it, and a change of it is
//! published whole or not at all.

use desired::{Adjacency, MacAddress, MseeState};
use msee::fastpath::{FastPath, Loader, Neighbour, Neighbours};
use nix::errno::Errno;

use crate::{
    bench::Bench,
    faults::Fault,
    frames::Packet,
    object,
    rig::{self, CE, ETH1, GATEWAY, HUB_VM, mac},
    soak,
    traffic::Traffic,
};

/// The lab's state, which leaves all MAC addresses to be found.
pub fn silent() -> MseeState {
    let mut state = rig::state();
    for port in state.circuit_ports.values_mut() {
        port.peer_mac = None;
    }
    for route in state.vrfs.values_mut().flat_map(|vrf| vrf.routes.values_mut()) {
        match &mut route.adjacency {
            Adjacency::Direct { mac, .. } => *mac = None,
            Adjacency::Gateway { instances, .. } => {
                for instance in instances {
                    instance.mac = None;
                }
            }
            Adjacency::Ce { .. } => {}
        }
    }
    state
}

/// Both ends of the traffic, and an instance of the gateway at `gateway`.
pub fn learned(fast_path: &FastPath, gateway: u8) -> Neighbours {
    let at = |name: &str, address: &str, last| {
        let port = fast_path.ports().iter().find(|port| port.name == name).unwrap();
        (Neighbour::new(port.key(), address.parse().unwrap()), MacAddress(mac(last)))
    };
    let instance = format!("10.255.0.{GATEWAY}");
    [
        at("eth1", "172.16.1.1", CE),
        at("eth2", &format!("10.255.10.{HUB_VM}"), HUB_VM),
        at("eth2", &instance, gateway),
    ]
    .into_iter()
    .collect()
}

/// Where packets for the gateway go; nowhere while it is to be found.
fn gateway(bench: &Bench, fast_path: &FastPath) -> Option<u8> {
    let port = fast_path.ports().iter().find(|port| port.name == "eth1").unwrap();
    let frame = Packet::udp(ETH1, [172, 16, 1, 1], [10, 255, 200, 1]).bytes();
    let (action, bytes) = rig::run(&rig::program(&bench.pins()), Some(port.ifindex), &frame);
    (action == 4).then(|| bytes[5])
}

#[test]
fn restarts_and_upgrades_keep_what_was_learned() {
    let builds = [0x0eb_0001, 0x0eb_0002].map(|number| object::directory(&object::build(number)));
    let loaders = builds.each_ref().map(|build| Loader::default().objects(build.path()));
    let bench = Bench::empty();
    let mut fast_path = bench.load(&loaders[0]);
    let learned = learned(&fast_path, GATEWAY);
    fast_path.apply(&silent(), &learned).unwrap();
    let traffic = Traffic::start(&bench.hosts);
    for round in 0..soak::rounds(6, 100) as usize {
        let before = fast_path.compiled();
        drop(fast_path);
        // Every other one is an upgrade.
        fast_path = loaders[round / 2 % 2].load(&bench.pins()).unwrap();
        let adopted = fast_path.compiled();
        assert_eq!(adopted.learned(), before.learned());
        assert_eq!(adopted.learned(), learned);
        for (neighbour, _) in learned.iter() {
            assert_eq!(adopted.resolver(neighbour), before.resolver(neighbour));
        }
        assert_eq!(adopted.kernel_links(), before.kernel_links());
        // Without a state: somebody else is found, or has moved.
        let moved = crate::neighbours::learned(&fast_path, GATEWAY + 1);
        fast_path.learn(&moved).unwrap();
        assert_eq!(gateway(&bench, &fast_path), Some(GATEWAY + 1));
        fast_path.learn(&learned).unwrap();
        assert_eq!(gateway(&bench, &fast_path), Some(GATEWAY));
        fast_path.apply(&silent(), &adopted.learned()).unwrap();
        assert_eq!(fast_path.compiled().generation(), before.generation() + 3);
    }
    traffic.stop("restarts with learned neighbours");
    fast_path.shutdown().unwrap();
}

#[test]
fn what_is_learned_is_published_whole_or_not_at_all() {
    let fault = Fault::default();
    let bench = Bench::empty();
    let mut fast_path = bench.load(&Loader::default().steps(fault.steps()));
    let known = learned(&fast_path, GATEWAY);
    fast_path.apply(&silent(), &known).unwrap();
    let traffic = Traffic::start(&bench.hosts);
    let mut failed = 0;
    let elsewhere = learned(&fast_path, GATEWAY + 1);
    let forgotten = known.iter().filter(|(_, at)| at.0 != mac(GATEWAY));
    let forgotten: Neighbours = forgotten.map(|(neighbour, at)| (*neighbour, *at)).collect();
    let rounds = soak::rounds(100, 1_000) as usize;
    for moved in [elsewhere, forgotten, known].iter().cycle().take(3 * rounds) {
        let before = (fast_path.compiled(), gateway(&bench, &fast_path));
        for number in 1.. {
            fault.arm(number, Errno::ENOMEM);
            let result = fast_path.learn(moved);
            let (_, has_struck) = fault.disarm();
            if !has_struck {
                result.unwrap();
                break;
            }
            failed += 1;
            result.unwrap_err();
            assert_eq!(fast_path.compiled().generation(), before.0.generation());
            assert_eq!(fast_path.compiled().learned(), before.0.learned());
            assert_eq!(gateway(&bench, &fast_path), before.1);
        }
        assert_eq!(fast_path.compiled().learned(), *moved);
        assert_ne!(gateway(&bench, &fast_path), before.1);
        let generation = fast_path.compiled().generation();
        assert_eq!(generation, before.0.generation() + 1);
        fast_path.learn(moved).unwrap();
        assert_eq!(fast_path.compiled().generation(), generation, "nothing is new");
    }
    assert!(failed >= 3 * rounds, "{failed}");
    traffic.stop(&format!("{failed} failed images of neighbours"));
    fast_path.shutdown().unwrap();
}
