use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

fn prefix(address: IpAddr, length: u8) -> IpNetwork {
    IpNetwork::new(address, length).unwrap()
}

#[test]
fn of_all_lengths_the_longest_that_holds_the_address() {
    let address = Ipv4Addr::new(10, 254, 10, 4);
    let mut prefixes = Prefixes::new();
    for length in 0..=32 {
        assert!(prefixes.insert(prefix(address.into(), length), length));
    }
    assert_eq!(prefixes.longest_match(address.into()), Some(&32));
    // An address that differs first in one bit is in all prefixes that end before that bit.
    for bit in 0..32_u8 {
        let other = Ipv4Addr::from_bits(address.to_bits() ^ 1 << (31 - bit));
        assert_eq!(prefixes.longest_match(other.into()), Some(&bit));
    }
    assert_eq!(prefixes.longest_match(Ipv6Addr::LOCALHOST.into()), None, "another family");
}

#[test]
fn of_all_lengths_of_ipv6() {
    let address = Ipv6Addr::new(0x2001, 0xdb8, 0xfe, 0xa, 1, 2, 3, 4);
    let mut prefixes = Prefixes::new();
    for length in 0..=128 {
        assert!(prefixes.insert(prefix(address.into(), length), length));
    }
    assert_eq!(prefixes.longest_match(address.into()), Some(&128));
    for bit in 0..128_u8 {
        let other = Ipv6Addr::from_bits(address.to_bits() ^ 1 << (127 - bit));
        assert_eq!(prefixes.longest_match(other.into()), Some(&bit));
    }
}

#[test]
fn host_bits_do_not_count() {
    let mut prefixes = Prefixes::new();
    assert!(prefixes.insert("10.1.2.3/16".parse().unwrap(), 'a'));
    assert!(!prefixes.insert("10.1.0.0/16".parse().unwrap(), 'b'), "it is there");
    assert!(prefixes.insert("2001:db8::1/64".parse().unwrap(), 'c'));
    assert!(!prefixes.insert("2001:db8::/64".parse().unwrap(), 'd'), "it is there");
    assert_eq!(prefixes.longest_match("10.1.255.255".parse().unwrap()), Some(&'b'));
    assert_eq!(prefixes.longest_match("10.2.0.0".parse().unwrap()), None);
}
