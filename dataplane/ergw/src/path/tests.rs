use std::net::Ipv4Addr;

use desired::{
    Endpoint as DesiredEndpoint, GatewayInstance, GatewayState, InstanceState, MacAddress, Revision,
};
use etherparse::{Ipv4HeaderSlice, PacketBuilder};
use proptest::prelude::*;

use super::*;

pub(crate) const UP: [u8; 6] = [0x02, 0, 0, 0, 0, 0x12];
pub(crate) const FAILED: [u8; 6] = [0x02, 0, 0, 0, 0, 0x13];
pub(crate) const MSEE: [u8; 6] = [0x02, 0, 0, 0, 0, 0x04];
pub(crate) const VM: [u8; 6] = [0x02, 0, 0, 0, 0, 0x44];
pub(crate) const SOURCE: [u8; 4] = [10, 1, 0, 4];
pub(crate) const DESTINATION: [u8; 4] = [10, 254, 10, 4];
pub(crate) const SOURCE_V6: [u8; 16] = [0xfd, 0xcc, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4];
pub(crate) const DESTINATION_V6: [u8; 16] =
    [0xfd, 0xcc, 0, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0, 0, 4];

/// Where the IP header of a test frame starts.
pub(crate) const ETHERNET: usize = 14;

/// A gateway with one instance in service, one failed, and one VM with an address of each version.
pub(crate) fn state() -> Snapshot {
    let instance = |address, mac, state| GatewayInstance {
        address: Ipv4Addr::from(address),
        mac: MacAddress(mac),
        state,
    };
    let endpoint = DesiredEndpoint { vm: "hub-vm".into(), vnet: "hub".into(), mac: MacAddress(VM) };
    let desired = GatewayState {
        gateway: "ERGW1".into(),
        sku: "ErGw3AZ".into(),
        instances: vec![
            instance([10, 254, 0, 12], UP, InstanceState::Up),
            instance([10, 254, 0, 13], FAILED, InstanceState::Failed),
        ],
        endpoints: [(DESTINATION.into(), endpoint.clone()), (DESTINATION_V6.into(), endpoint)]
            .into(),
    };
    Snapshot::build(Revision(7), &desired, None).unwrap()
}

/// A UDP packet of an MSEE to the VM, through the instance in service.
pub(crate) fn frame(ttl: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(MSEE, UP)
        .ipv4(SOURCE, DESTINATION, ttl)
        .udp(33_434, 33_435)
        .write(&mut bytes, b"probe")
        .unwrap();
    bytes
}

/// The same over IPv6.
pub(super) fn frame_v6(hop_limit: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(MSEE, UP)
        .ipv6(SOURCE_V6, DESTINATION_V6, hop_limit)
        .udp(33_434, 33_435)
        .write(&mut bytes, b"probe")
        .unwrap();
    bytes
}

#[test]
fn a_packet_for_a_vm_changes_in_macs_ttl_and_checksum_only() {
    let state = state();
    let mut bytes = frame(64);
    let mut expected = bytes.clone();
    let endpoint = forward(&mut bytes, Some(&state)).unwrap();
    assert_eq!(endpoint.mac, VM);
    expected[0..6].copy_from_slice(&VM);
    expected[6..12].copy_from_slice(&UP);
    expected[22] = 63;
    let checksum =
        Ipv4HeaderSlice::from_slice(&expected[14..]).unwrap().to_header().calc_header_checksum();
    expected[24..26].copy_from_slice(&checksum.to_be_bytes());
    assert_eq!(bytes, expected);
}

#[test]
fn an_ipv6_packet_for_a_vm_changes_in_macs_and_hop_limit_only() {
    let state = state();
    let mut bytes = frame_v6(64);
    let mut expected = bytes.clone();
    let endpoint = forward(&mut bytes, Some(&state)).unwrap();
    assert_eq!(endpoint.mac, VM);
    expected[0..6].copy_from_slice(&VM);
    expected[6..12].copy_from_slice(&UP);
    expected[21] = 63;
    assert_eq!(bytes, expected);
}

/// Makes a good frame one that ends here.
type Spoil = fn(&mut Vec<u8>);

/// Every way to end here, and that the frame is then left as it was.
#[test]
fn a_packet_that_ends_here_is_not_touched() {
    let state = state();
    let cases: [(&str, Spoil, Verdict); 7] = [
        ("ARP", |bytes| bytes[12..14].copy_from_slice(&[8, 6]), Verdict::GwNotIp),
        ("cut off", |bytes| bytes.truncate(33), Verdict::GwTruncated),
        ("wrong checksum", |bytes| bytes[24] ^= 1, Verdict::GwHeader),
        ("flooded", |bytes| bytes[5] = 0x99, Verdict::GwWrongMac),
        (
            "failed instance",
            |bytes| bytes[0..6].copy_from_slice(&FAILED),
            Verdict::GwInstanceFailed,
        ),
        ("no VM", |bytes| *bytes = with_destination([10, 254, 10, 5]), Verdict::GwNoEndpoint),
        ("last hop", |bytes| *bytes = frame(1), Verdict::GwTtlExpiredSilent),
    ];
    for (name, spoil, verdict) in cases {
        ends(frame(64), &state, name, spoil, verdict);
    }
    let cases: [(&str, Spoil, Verdict); 8] = [
        ("cut off", |bytes| bytes.truncate(53), Verdict::GwTruncated),
        ("wrong version", |bytes| bytes[14] ^= 0x20, Verdict::GwHeader),
        ("flooded", |bytes| bytes[5] = 0x99, Verdict::GwWrongMac),
        // Neighbour discovery: its source is link-local, but it was for somebody else.
        ("solicitation", |bytes| solicit(bytes), Verdict::GwWrongMac),
        (
            "failed instance",
            |bytes| bytes[0..6].copy_from_slice(&FAILED),
            Verdict::GwInstanceFailed,
        ),
        ("link-local", |bytes| bytes[22..24].copy_from_slice(&[0xfe, 0x80]), Verdict::GwLinkLocal),
        ("no VM", |bytes| bytes[53] = 5, Verdict::GwNoEndpoint),
        ("last hop", |bytes| *bytes = frame_v6(1), Verdict::GwTtlExpiredSilent),
    ];
    for (name, spoil, verdict) in cases {
        ends(frame_v6(64), &state, name, spoil, verdict);
    }
}

fn ends(mut bytes: Vec<u8>, state: &Snapshot, name: &str, spoil: Spoil, verdict: Verdict) {
    spoil(&mut bytes);
    let before = bytes.clone();
    assert_eq!(forward(&mut bytes, Some(state)).unwrap_err(), verdict, "{name}");
    assert_eq!(bytes, before, "{name}");
}

/// Turns a frame into one from a link-local address to a solicited-node group.
fn solicit(bytes: &mut [u8]) {
    bytes[0..6].copy_from_slice(&[0x33, 0x33, 0xff, 0, 0, 4]);
    bytes[22..24].copy_from_slice(&[0xfe, 0x80]);
    bytes[38..40].copy_from_slice(&[0xff, 0x02]);
}

#[test]
fn before_the_first_state_a_good_packet_ends_as_no_state() {
    assert_eq!(forward(&mut frame(64), None).unwrap_err(), Verdict::GwNoState);
    assert_eq!(forward(&mut frame_v6(64), None).unwrap_err(), Verdict::GwNoState);
    assert_eq!(forward(&mut [0; 8], None).unwrap_err(), Verdict::GwTruncated);
}

fn with_destination(destination: [u8; 4]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(MSEE, UP)
        .ipv4(SOURCE, destination, 64)
        .udp(1, 2)
        .write(&mut bytes, b"")
        .unwrap();
    bytes
}

proptest! {
    #[test]
    fn any_bytes_are_judged_without_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = forward(&mut bytes, Some(&state()));
        let _ = forward(&mut bytes, None);
    }

    /// Random bytes never get past the first checks; a good frame with a few bytes changed does.
    #[test]
    fn any_damage_is_judged_without_a_panic(
        version_6: bool,
        damage in prop::collection::vec((0_usize..47, any::<u8>()), 0..4),
        length in 0_usize..68,
    ) {
        let state = state();
        let mut bytes = if version_6 { frame_v6(64) } else { frame(64) };
        for (position, value) in damage {
            bytes[position] = value;
        }
        bytes.truncate(length);
        let before = bytes.clone();
        if forward(&mut bytes, Some(&state)).is_ok() {
            prop_assert!(check::check(&mut bytes).is_ok(), "left with a bad header");
        } else {
            prop_assert_eq!(bytes, before);
        }
    }

    /// Whatever the header says otherwise, an IPv6 packet that is forwarded changes in its MAC
    /// addresses and hop limit alone.
    #[test]
    fn a_forwarded_ipv6_packet_is_the_one_that_came(
        class_and_flow in 0_u32..1 << 28,
        next_header: u8,
        hop_limit in 2_u8..,
        source in 1_u128 << 120..0xfe << 120,
        payload in prop::collection::vec(any::<u8>(), 1..200),
    ) {
        let mut bytes = frame_v6(hop_limit);
        bytes[14..18].copy_from_slice(&(6 << 28 | class_and_flow).to_be_bytes());
        bytes[18..20].copy_from_slice(&u16::try_from(payload.len()).unwrap().to_be_bytes());
        bytes[20] = next_header;
        bytes[22..38].copy_from_slice(&source.to_be_bytes());
        bytes.truncate(54);
        bytes.extend_from_slice(&payload);
        let mut expected = bytes.clone();
        prop_assert!(forward(&mut bytes, Some(&state())).is_ok());
        expected[0..6].copy_from_slice(&VM);
        expected[6..12].copy_from_slice(&UP);
        expected[21] -= 1;
        prop_assert_eq!(bytes, expected);
    }
}
