//! A restart adopts what is pinned when ABI version and layouts are ours, and flushes nothing; what it
//! cannot adopt it refuses by name.

use std::{collections::BTreeSet, fs, net::IpAddr};

use abi::{image, limits};
use aya::{
    maps::{MapData, MapInfo},
    programs::Xdp,
};
use aya_obj::programs::XdpAttachType;
use msee::fastpath::{Compiled, FastPath, Loader, Neighbours};

use crate::{
    bench::{Bench, names},
    kernel::{Objects, pinned_maps, pinned_tags},
    object, rig, soak,
    traffic::Traffic,
};

/// Everything that is pinned, by path and kernel's id.
fn pinned(bench: &Bench) -> Vec<(String, u32)> {
    let maps = bench.pins().join(format!("abi-{}", abi::VERSION));
    let programs = ["msee_port", "msee_inject"];
    let id_of_map = |name: &String| MapInfo::from_pin(maps.join(name)).unwrap().id();
    let id_of_program = |name: &str| {
        let program = Xdp::from_pin(bench.pins().join(name), XdpAttachType::Interface).unwrap();
        program.info().unwrap().id()
    };
    let mut pinned: Vec<_> =
        names(&maps).into_iter().map(|name| (name.clone(), id_of_map(&name))).collect();
    pinned.extend(programs.map(|name| (name.to_owned(), id_of_program(name))));
    let links = Objects::of(&pinned_tags(&bench.pins())).links;
    pinned.extend(links.into_iter().map(|id| ("link".to_owned(), id)));
    pinned
}

#[test]
fn a_restart_adopts_what_is_pinned_and_flushes_nothing() {
    let build = object::directory(&object::build(0x0ada_0001));
    let loader = Loader::default().objects(build.path());
    let bench = Bench::empty();
    let mut fast_path = bench.load(&loader);
    let before = pinned(&bench);
    let mut generation = fast_path.compiled().generation();
    let traffic = Traffic::start(&bench.hosts);
    for _ in 0..soak::rounds(5, 100) {
        let compiled = fast_path.compiled();
        drop(fast_path);
        fast_path = loader.load(&bench.pins()).unwrap();
        assert_same_image(&compiled, &fast_path.compiled());
        assert_eq!(pinned(&bench), before, "opened, not made");
        fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
        generation += 1;
        assert_eq!(fast_path.compiled().generation(), generation);
        let slots = |ports: &[msee::fastpath::BoundPort]| -> Vec<(String, u32)> {
            ports.iter().map(|port| (port.name.clone(), port.slot)).collect()
        };
        assert_eq!(slots(compiled.bound_ports()), slots(fast_path.ports()), "slots stay");
        assert_eq!(pinned(&bench), before, "opened, not made");
    }
    traffic.stop("restarts");
    fast_path.shutdown().unwrap();
}

/// Whether an image read back from the tables says what the one says that was written.
fn assert_same_image(written: &Compiled, read: &Compiled) {
    assert_eq!(written.generation(), read.generation());
    assert_eq!(written.bound_ports().len(), read.bound_ports().len());
    for (written_port, read_port) in written.bound_ports().iter().zip(read.bound_ports()) {
        // The rig's ports are named like their interfaces.
        assert_eq!(written_port, read_port);
        assert_eq!(written.port(written_port.slot), read.port(read_port.slot));
    }
    let addresses: [IpAddr; 6] = [
        "172.16.1.1".parse().unwrap(),
        "10.255.10.4".parse().unwrap(),
        "10.254.1.1".parse().unwrap(),
        "192.0.2.1".parse().unwrap(),
        "fd00:255:0:10::4".parse().unwrap(),
        "fd00:254::1".parse().unwrap(),
    ];
    for port in written.bound_ports() {
        let image = written.port(port.slot).unwrap();
        for address in addresses {
            let vnet = written.source_vnet(port.slot, address);
            assert_eq!(vnet, read.source_vnet(port.slot, address));
            if let Some(index) = vnet {
                let (written, read) = (written.vnet(index).unwrap(), read.vnet(index).unwrap());
                let essence = |vnet: &msee::fastpath::CompiledVnet| {
                    (vnet.port, vnet.roots, vnet.address, vnet.address_ipv6)
                };
                assert_eq!(essence(written), essence(read));
            }
            if image.kind == image::PORT_CIRCUIT {
                let roots = Compiled::port_roots(image);
                let leaf = written.lookup(roots, address);
                assert_eq!(leaf, read.lookup(roots, address));
                for hash in 0..limits::GROUP_PLACES as u32 {
                    let next_hop = |compiled: &Compiled| {
                        let member = leaf.and_then(|leaf| compiled.member(leaf, hash));
                        member.and_then(|index| compiled.adjacency(index)).copied()
                    };
                    assert_eq!(next_hop(written), next_hop(read));
                }
            }
        }
    }
}

#[test]
fn an_interface_that_went_meanwhile_costs_only_its_own_port() {
    let (bench, fast_path) = Bench::start();
    let slot_of = |fast_path: &FastPath, name: &str| {
        fast_path.ports().iter().find(|port| port.name == name).map(|port| port.slot)
    };
    let slots = ["eth1", "eth2"].map(|name| slot_of(&fast_path, name));
    let eth3 = slot_of(&fast_path, "eth3");
    let traffic = Traffic::start(&bench.hosts);
    drop(fast_path);
    crate::namespace::ip("link del eth3");
    let mut fast_path = FastPath::load(&bench.pins()).unwrap();
    assert!(!bench.pins().join("links/eth3").exists());
    assert_eq!(["eth1", "eth2"].map(|name| slot_of(&fast_path, name)), slots);
    // Its slot is not given to another port while packets may know it.
    let gone = fast_path.ports().iter().find(|port| Some(port.slot) == eth3).unwrap();
    assert_eq!(gone.interface, "");
    crate::namespace::veth("eth3", rig::ETH3, "eth3p", 0x33);
    fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
    assert_eq!(["eth1", "eth2"].map(|name| slot_of(&fast_path, name)), slots);
    assert!(bench.pins().join("links/eth3").exists());
    traffic.stop("an interface deleted and made anew between two processes");
    fast_path.shutdown().unwrap();
}

#[test]
fn another_abi_version_is_refused_and_taken_over_only_on_request() {
    let build = object::directory(&object::build(0x0ada_0002));
    let loader = Loader::default().objects(build.path());
    let bench = Bench::empty();
    let mut fast_path = bench.load(&loader);
    let tags = pinned_tags(&bench.pins());
    let maps = pinned_maps(&bench.pins());
    let traffic = Traffic::start(&bench.hosts);
    // Older and newer: two versions take over from each other.
    for other in [abi::VERSION - 1, abi::VERSION + 1].repeat(soak::rounds(1, 10) as usize) {
        drop(fast_path);
        let directory = |version: u32| bench.pins().join(format!("abi-{version}"));
        fs::rename(directory(abi::VERSION), directory(other)).unwrap();
        let error = loader.load(&bench.pins()).unwrap_err().to_string();
        assert!(error.contains(&format!("version {other},")), "{error}");
        assert!(error.contains(&format!("has version {}:", abi::VERSION)), "{error}");
        assert!(error.contains("--replace") && error.contains("SIGTERM"), "{error}");
        assert!(directory(other).exists(), "refused, and nothing changed");

        fast_path = loader.clone().replace(true).load(&bench.pins()).unwrap();
        assert_eq!(fast_path.compiled().generation(), 0, "nothing adopted");
        assert!(directory(other).exists(), "the other forwards until the first state");
        fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
        assert!(directory(abi::VERSION).exists() && !directory(other).exists());
        assert_eq!(names(bench.namespace.bpffs()), ["msee-a"]);
        Objects::settle(&tags, 2, 4, maps);
    }
    traffic.stop("takeovers between ABI versions");
    fast_path.shutdown().unwrap();
    Objects::settle(&tags, 0, 0, 0);
}

#[test]
fn maps_that_are_not_what_they_should_be_are_never_written() {
    let (bench, fast_path) = Bench::start();
    let traffic = Traffic::start(&bench.hosts);
    drop(fast_path);
    let pin = |name: &str| bench.pins().join(format!("abi-{}/{name}", abi::VERSION));
    let spoil: [(&str, &dyn Fn()); 2] = [
        ("PORTS", &|| {
            // An array in another's place.
            fs::remove_file(pin("PORTS")).unwrap();
            MapData::from_pin(pin("VNETS")).unwrap().pin(pin("PORTS")).unwrap();
        }),
        ("NODES", &|| fs::remove_file(pin("NODES")).unwrap()),
    ];
    for (name, spoil) in spoil {
        spoil();
        let error = FastPath::load(&bench.pins()).unwrap_err();
        let chain = msee::daemon::chain(&error);
        assert!(chain.contains(name) && chain.contains("--replace"), "{chain}");
        drop(bench.load(&Loader::default().replace(true)));
    }
    traffic.stop("spoiled pins");
    let distinct: BTreeSet<u32> = pinned(&bench).into_iter().map(|(_, id)| id).collect();
    assert!(distinct.len() > 4);
    bench.load(&Loader::default()).shutdown().unwrap();
}
