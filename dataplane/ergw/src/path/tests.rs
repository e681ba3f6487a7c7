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

/// A gateway with one instance in service, one failed, and one VM.
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
        endpoints: [(Ipv4Addr::from(DESTINATION).into(), endpoint)].into(),
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

/// Makes a good frame one that ends here.
type Spoil = fn(&mut Vec<u8>);

/// Every way to end here, and that the frame is then left as it was.
#[test]
fn a_packet_that_ends_here_is_not_touched() {
    let state = state();
    let cases: [(&str, Spoil, Verdict); 7] = [
        ("ARP", |bytes| bytes[12..14].copy_from_slice(&[8, 6]), Verdict::GwNotIpv4),
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
        let mut bytes = frame(64);
        spoil(&mut bytes);
        let before = bytes.clone();
        assert_eq!(forward(&mut bytes, Some(&state)).unwrap_err(), verdict, "{name}");
        assert_eq!(bytes, before, "{name}");
    }
}

#[test]
fn before_the_first_state_a_good_packet_ends_as_no_state() {
    assert_eq!(forward(&mut frame(64), None).unwrap_err(), Verdict::GwNoState);
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
        damage in prop::collection::vec((0_usize..47, any::<u8>()), 0..4),
        length in 0_usize..48,
    ) {
        let state = state();
        let mut bytes = frame(64);
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
}
