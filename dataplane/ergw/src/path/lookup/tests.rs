use zerocopy::FromBytes as _;

use super::{
    super::{
        frame::{Ipv4, Ipv6},
        tests::{DESTINATION, DESTINATION_V6, ETHERNET, SOURCE_V6, VM, frame, frame_v6, state},
    },
    *,
};

/// The MAC address of the VM that a packet to `destination` goes to.
fn ipv4(destination: [u8; 4]) -> Result<[u8; 6], Verdict> {
    let mut header = Ipv4::read_from_prefix(&frame(64)[ETHERNET..]).unwrap().0;
    header.destination = destination;
    lookup(&Ip::V4(&mut header), &state()).map(|endpoint| endpoint.mac)
}

fn ipv6(source: [u8; 16], destination: [u8; 16]) -> Result<[u8; 6], Verdict> {
    let mut header = Ipv6::read_from_prefix(&frame_v6(64)[ETHERNET..]).unwrap().0;
    header.source = source;
    header.destination = destination;
    lookup(&Ip::V6(&mut header), &state()).map(|endpoint| endpoint.mac)
}

#[test]
fn only_the_exact_address_of_a_vm_is_found() {
    assert_eq!(ipv4(DESTINATION), Ok(VM));
    for other in [[10, 254, 10, 5], [10, 254, 10, 0], [4, 10, 254, 10], [255; 4]] {
        assert_eq!(ipv4(other), Err(Verdict::GwNoEndpoint));
    }
    assert_eq!(ipv6(SOURCE_V6, DESTINATION_V6), Ok(VM));
    for bit in 0..128 {
        let other = u128::from_be_bytes(DESTINATION_V6) ^ (1 << bit);
        assert_eq!(ipv6(SOURCE_V6, other.to_be_bytes()), Err(Verdict::GwNoEndpoint), "bit {bit}");
    }
    assert_eq!(ipv6(SOURCE_V6, [0xff; 16]), Err(Verdict::GwNoEndpoint), "multicast");
}

/// The VM with an IPv4 address does not have the IPv6 address that is mapped to it (RFC 4291
/// 2.5.5.2).
#[test]
fn an_ipv4_mapped_address_is_another_one() {
    let [a, b, c, d] = DESTINATION;
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d];
    assert_eq!(ipv6(SOURCE_V6, mapped), Err(Verdict::GwNoEndpoint));
}

#[test]
fn what_stays_on_its_link_is_not_forwarded_from_or_to() {
    let first_link_local = "fe80::".parse::<Ipv6Addr>().unwrap().octets();
    let last = "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse::<Ipv6Addr>().unwrap().octets();
    let (unspecified, loopback) = (Ipv6Addr::UNSPECIFIED.octets(), Ipv6Addr::LOCALHOST.octets());
    for local in [first_link_local, last, unspecified, loopback] {
        assert_eq!(ipv6(local, DESTINATION_V6), Err(Verdict::GwLinkLocal));
        assert_eq!(ipv6(SOURCE_V6, local), Err(Verdict::GwLinkLocal));
    }
    for (routed, text) in [("fe7f::1", "below"), ("fec0::1", "above"), ("::2", "not loopback")] {
        let routed = routed.parse::<Ipv6Addr>().unwrap().octets();
        assert_eq!(ipv6(routed, DESTINATION_V6), Ok(VM), "{text}");
    }
}
