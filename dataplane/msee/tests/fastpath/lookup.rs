//! Userspace's idea of the table equals the kernel's.

use std::{
    collections::{BTreeMap, HashMap},
    net::Ipv4Addr,
};

use abi::verdict::{Stage, Verdict};
use desired::Route;
use ipnetwork::{IpNetwork, Ipv4Network};
use msee::fastpath::Neighbours;
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::{
    frames::Packet,
    rig::{self, ETH1, Rig},
};

const ROUTES: usize = 2_000;

/// A prefix that nests with others: few high octets, lengths of 13 and more.
fn prefix(random: &mut TestRng) -> Ipv4Network {
    let [high, length, sparse, ..] = random.next_u32().to_ne_bytes();
    let address = u32::from(10 + high % 4) << 24 | random.next_u32() >> 8;
    let address = if sparse % 2 == 0 { address & 0xff07_ff0f } else { address };
    Ipv4Network::new(Ipv4Addr::from_bits(address), 13 + length % 20).unwrap()
}

/// First and last address of a prefix and their neighbours outside.
fn boundaries(prefix: Ipv4Network) -> [u32; 4] {
    let (first, last) = (prefix.network().to_bits(), prefix.broadcast().to_bits());
    [first.wrapping_sub(1), first, last, last.wrapping_add(1)]
}

#[test]
fn the_kernel_finds_what_userspace_and_a_prefix_trie_find() {
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut rig = Rig::start();
    let mut state = rig::state();
    let mut routes = BTreeMap::new();
    let mut oracle = prefix_trie::PrefixMap::new();
    for number in 0..ROUTES {
        let prefix = prefix(&mut random);
        let prefix = Ipv4Network::new(prefix.network(), prefix.prefix()).unwrap();
        // 251 next hops, so that neighbouring prefixes differ.
        let last = u8::try_from(number % 251).unwrap();
        let adjacency = rig::direct(last);
        routes.insert(IpNetwork::V4(prefix), Route { adjacency, why: String::new() });
        oracle.insert(prefix, rig::mac(last));
    }
    state.vrfs.get_mut("circuit").unwrap().routes = routes.clone();
    let compiled = rig.fast_path.apply(&state, &Neighbours::default()).unwrap();
    let roots = compiled.vrf_roots("circuit").unwrap();
    let edges = oracle.keys().flat_map(boundaries).collect::<Vec<_>>();
    let others = (0..4_000).map(|_| prefix(&mut random).ip().to_bits());
    let mut verdicts: HashMap<bool, usize> = HashMap::new();
    for address in edges.into_iter().chain(others) {
        let address = Ipv4Addr::from_bits(address);
        let own = address == Ipv4Addr::new(172, 16, 1, 2);
        if matches!(address.octets()[0], 0 | 127 | 224..) || own {
            continue;
        }
        let frame = Packet::udp(ETH1, [172, 16, 1, 1], address.octets()).bytes();
        let ifindex = rig.port("eth1").ifindex;
        let injection = rig.fast_path.inject(ifindex, &frame).unwrap();
        let steps = &injection.record.steps[..injection.record.length as usize];
        let lookup = steps.iter().find(|step| step.stage == Stage::Lookup as u16).unwrap();
        let in_kernel = (lookup.verdict == 0).then_some(lookup.value);
        assert!(in_kernel.is_some() || lookup.verdict == Verdict::NoRoute.number());
        assert_eq!(compiled.lookup(roots, address.into()), in_kernel, "{address}");
        let host = Ipv4Network::new(address, 32).unwrap();
        let expected = oracle.get_lpm(&host).map(|(_, mac)| mac);
        let found = in_kernel.map(|index| &compiled.adjacency(index).unwrap().header[..6]);
        assert_eq!(found, expected.map(<[u8; 6]>::as_slice), "{address}");
        *verdicts.entry(in_kernel.is_some()).or_default() += 1;
    }
    println!("found: {verdicts:?}");
    assert!(verdicts.values().all(|addresses| *addresses > 500), "{verdicts:?}");
    assert_eq!(verdicts.len(), 2);
}

#[test]
fn the_kernel_finds_the_vnet_that_userspace_finds() {
    let mut rig = Rig::start();
    let compiled = rig.fast_path.compiled();
    let fabric = rig.port("eth2").clone();
    let sources = ["10.255.0.0", "10.255.255.255", "10.254.0.0", "10.253.255.255", "10.0.0.1"];
    for source in sources {
        let source: Ipv4Addr = source.parse().unwrap();
        let frame = Packet::udp(rig::ETH2, source.octets(), [172, 16, 1, 1]).bytes();
        let injection = rig.fast_path.inject(fabric.ifindex, &frame).unwrap();
        let last = injection.record.steps[injection.record.length as usize - 1];
        let unknown = last.verdict == Verdict::SourceUnknown.number();
        assert_eq!(compiled.source_vnet(fabric.slot, source.into()).is_none(), unknown, "{source}");
    }
}
