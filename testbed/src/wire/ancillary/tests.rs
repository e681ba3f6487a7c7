use proptest::prelude::*;

use super::*;

fn control_message(level: i32, kind: i32, data: &[u8]) -> Vec<u8> {
    let mut bytes = (HEADER + data.len()).to_ne_bytes().to_vec();
    bytes.extend(level.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(WORD), 0);
    bytes
}

fn auxiliary_data(status: u32, control: u16, protocol: u16) -> Vec<u8> {
    let mut data =
        [status.to_ne_bytes(), 60_u32.to_ne_bytes(), 60_u32.to_ne_bytes(), [0; 4]].concat();
    data.extend(control.to_ne_bytes());
    data.extend(protocol.to_ne_bytes());
    control_message(libc::SOL_PACKET, libc::PACKET_AUXDATA, &data)
}

#[test]
fn all_kinds_are_read_in_any_order() {
    let stamp = [1_700_000_000_i64.to_ne_bytes(), 42_i64.to_ne_bytes()].concat();
    let control = [
        control_message(libc::SOL_IPV6, libc::IPV6_HOPLIMIT, &62_i32.to_ne_bytes()),
        control_message(libc::SOL_SOCKET, libc::SO_RXQ_OVFL, &7_u32.to_ne_bytes()),
        control_message(libc::SOL_SOCKET, 9_999, &[1, 2, 3]),
        auxiliary_data(TAG_VALID | TAG_PROTOCOL_VALID, 0x0064, 0x88a8),
        control_message(libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS, &stamp),
    ]
    .concat();
    assert_eq!(
        Ancillary::parse(&control),
        Ancillary {
            stamp: Some(Duration::new(1_700_000_000, 42)),
            tag: Some(VlanTag { protocol: 0x88a8, control: 100 }),
            ttl: Some(62),
            overflows: Some(7),
        }
    );
}

#[test]
fn a_tag_counts_only_when_the_status_says_so() {
    assert_eq!(Ancillary::parse(&auxiliary_data(1, 0x0064, 0x88a8)).tag, None);
    assert_eq!(
        Ancillary::parse(&auxiliary_data(TAG_VALID, 0x0064, 0)).tag,
        Some(VlanTag { protocol: 0x8100, control: 100 })
    );
}

proptest! {
    #[test]
    fn no_bytes_upset_it(bytes in proptest::collection::vec(any::<u8>(), 0..160)) {
        let _ = Ancillary::parse(&bytes);
    }

    #[test]
    fn a_cut_message_is_passed_over(cut in 0_usize..24) {
        let message = control_message(libc::SOL_IP, libc::IP_TTL, &62_i32.to_ne_bytes());
        let whole = Ancillary::parse(&message[..cut]).ttl;
        prop_assert_eq!(whole, if cut >= HEADER + 4 { Some(62) } else { None });
    }
}
