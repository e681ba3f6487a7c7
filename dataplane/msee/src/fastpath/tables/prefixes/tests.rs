use std::net::{Ipv4Addr, Ipv6Addr};

use ipnetwork::{Ipv4Network, Ipv6Network};
use prefix_trie::PrefixMap;
use proptest::prelude::*;

use super::*;

fn network(address: u32, length: u8) -> Ipv4Network {
    let address = Ipv4Addr::from_bits(address);
    let masked = Ipv4Network::new(address, length).unwrap().network();
    Ipv4Network::new(masked, length).unwrap()
}

/// The first and last address of a prefix, and its neighbours outside.
fn boundaries(prefix: Ipv4Network) -> [Ipv4Addr; 4] {
    let (first, last) = (prefix.network().to_bits(), prefix.broadcast().to_bits());
    [first.wrapping_sub(1), first, last, last.wrapping_add(1)].map(Ipv4Addr::from_bits)
}

fn agree(prefixes: &[(Ipv4Network, u32)], addresses: impl IntoIterator<Item = Ipv4Addr>) {
    let mut nodes = Prefixes::default();
    let oracle: PrefixMap<Ipv4Network, u32> = prefixes.iter().copied().collect();
    let root =
        nodes.add_table(oracle.iter().map(|(prefix, index)| (prefix.into(), *index))).unwrap();
    let edges = prefixes.iter().flat_map(|(prefix, _)| boundaries(*prefix));
    for address in edges.chain(addresses) {
        let host = Ipv4Network::new(address, 32).unwrap();
        let expected = oracle.get_lpm(&host).map(|(_, index)| *index);
        assert_eq!(nodes.lookup(root, address.into()), expected, "{address} in {prefixes:?}");
    }
}

#[test]
fn an_empty_table_costs_no_node_and_has_no_route() {
    let mut nodes = Prefixes::default();
    assert_eq!(nodes.add_table([]), Ok(0));
    assert_eq!(nodes.lookup(0, Ipv4Addr::LOCALHOST.into()), None);
    assert_eq!(nodes.nodes().len(), 1);
}

#[test]
fn every_length_of_one_address_is_found_at_its_boundaries() {
    let all: Vec<_> =
        (0..=32).map(|length| (network(0x0aff_4a95, length), length.into())).collect();
    agree(&all, []);
    for pair in all.windows(2) {
        agree(pair, []);
    }
}

#[test]
fn the_order_of_insertion_does_not_matter() {
    let mut prefixes = vec![
        (network(0x0a00_0000, 8), 1),
        (network(0x0aff_0000, 16), 2),
        (network(0x0aff_0a00, 24), 3),
        (network(0x0aff_0a04, 32), 4),
        (network(0, 0), 5),
    ];
    for _ in 0..prefixes.len() {
        prefixes.rotate_left(1);
        agree(&prefixes, []);
    }
}

#[test]
fn tables_of_one_pool_do_not_see_each_other() {
    let mut nodes = Prefixes::default();
    let prefix = network(0x0a00_0000, 8);
    let one = nodes.add_table([(prefix.into(), 1)]).unwrap();
    let two = nodes.add_table([(prefix.into(), 2)]).unwrap();
    let inside = Ipv4Addr::new(10, 1, 2, 3).into();
    assert_eq!((nodes.lookup(one, inside), nodes.lookup(two, inside)), (Some(1), Some(2)));
    assert_eq!(nodes.lookup(one, Ipv4Addr::new(11, 0, 0, 0).into()), None);
}

#[test]
fn a_full_pool_is_an_error() {
    let mut nodes = Prefixes::default();
    // Two octets deep and each in a node of its own: 64 * 256 nodes are too many.
    let many = (0..64_u32 << 8).map(|index| (network(index << 16, 24).into(), 1));
    assert_eq!(nodes.add_table(many), Err(NodesExhausted));
    assert_eq!(nodes.nodes().len(), limits::NODES as usize);
}

proptest! {
    #[test]
    fn it_agrees_with_a_prefix_trie(
        // Few high octets, so that prefixes nest.
        prefixes in prop::collection::vec((0..4_u32, any::<u32>(), 0..=32_u8), 0..60),
        addresses in prop::collection::vec((0..4_u32, any::<u32>()), 200),
    ) {
        let address = |(high, low): (u32, u32)| high << 24 | (low & 0x0003_03ff) << 6 | low >> 26;
        let prefixes: Vec<_> = prefixes
            .into_iter()
            .enumerate()
            .map(|(index, (high, low, length))| {
                (network(address((high, low)), length), u32::try_from(index).unwrap())
            })
            .collect();
        agree(&prefixes, addresses.into_iter().map(|pair| Ipv4Addr::from_bits(address(pair))));
    }

    #[test]
    fn ipv6_agrees_with_a_prefix_trie(
        // Few bits that vary, over the whole length, so that prefixes nest.
        prefixes in prop::collection::vec((any::<u128>(), 0..=128_u8), 0..20),
        addresses in prop::collection::vec(any::<u128>(), 100),
    ) {
        const VARYING: u128 = 0x0000_0001_0000_0003_8000_0000_4000_0001;
        let network = |bits: u128, length| {
            let address = Ipv6Addr::from_bits(0xfd00 << 112 | bits & VARYING);
            let masked = Ipv6Network::new(address, length).unwrap().network();
            Ipv6Network::new(masked, length).unwrap()
        };
        let oracle: PrefixMap<Ipv6Network, u32> =
            prefixes.iter().zip(1..).map(|((bits, length), index)| (network(*bits, *length), index)).collect();
        let mut nodes = Prefixes::default();
        let root = nodes.add_table(oracle.iter().map(|(prefix, index)| (prefix.into(), *index))).unwrap();
        for bits in addresses {
            let host = network(bits, 128);
            let expected = oracle.get_lpm(&host).map(|(_, index)| *index);
            prop_assert_eq!(nodes.lookup(root, host.ip().into()), expected, "{}", host);
        }
    }
}
