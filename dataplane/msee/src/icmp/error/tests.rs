use etherparse::{Icmpv4Slice, Icmpv4Type, Ipv4Slice, PacketBuilder, icmpv4};
use proptest::prelude::*;

use super::*;

const SENDER: [u8; 4] = [172, 16, 1, 1];
const OURS: Ipv4Addr = Ipv4Addr::new(172, 16, 1, 2);

/// A UDP packet of `length` bytes, IPv4 header included.
fn offender(length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let payload: Vec<u8> = (0..length - 28).map(|n| n as u8).collect();
    PacketBuilder::ipv4(SENDER, [10, 254, 10, 4], 1)
        .udp(33434, 33435)
        .write(&mut bytes, &payload)
        .unwrap();
    bytes
}

fn written(message: ErrorMessage, offending: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write(message, &Ipv4::parse(offending).unwrap(), OURS, &mut out);
    out
}

/// Reads an error with a parser that is not ours and checks all that every error has in common;
/// returns type and quote.
fn read(error: &[u8]) -> (Icmpv4Type, Vec<u8>) {
    let packet = Ipv4Slice::from_slice(error).unwrap();
    let header = packet.header().to_header();
    assert_eq!(header.header_checksum, header.calc_header_checksum());
    assert_eq!((header.source, header.destination), (OURS.octets(), SENDER));
    assert_eq!((header.time_to_live, header.protocol.0), (64, 1));
    assert_eq!(usize::from(header.total_len), error.len());
    let icmp = Icmpv4Slice::from_slice(packet.payload().payload).unwrap();
    assert_eq!(icmp.icmp_type().calc_checksum(icmp.payload()), icmp.checksum());
    (icmp.icmp_type(), icmp.payload().to_vec())
}

#[test]
fn each_message_has_its_type_and_code() {
    use icmpv4::{DestUnreachableHeader as Unreachable, TimeExceededCode};
    let cases = [
        (
            ErrorMessage::TimeExceeded,
            Icmpv4Type::TimeExceeded(TimeExceededCode::TtlExceededInTransit),
        ),
        (ErrorMessage::NetUnreachable, Icmpv4Type::DestinationUnreachable(Unreachable::Network)),
        (ErrorMessage::HostUnreachable, Icmpv4Type::DestinationUnreachable(Unreachable::Host)),
        (
            ErrorMessage::ProtocolUnreachable,
            Icmpv4Type::DestinationUnreachable(Unreachable::Protocol),
        ),
        (ErrorMessage::PortUnreachable, Icmpv4Type::DestinationUnreachable(Unreachable::Port)),
        (
            ErrorMessage::FragmentationNeeded { mtu: 1_400 },
            Icmpv4Type::DestinationUnreachable(Unreachable::FragmentationNeeded {
                next_hop_mtu: 1_400,
            }),
        ),
    ];
    for (message, expected) in cases {
        assert_eq!(read(&written(message, &offender(60))).0, expected);
    }
}

#[test]
fn sizes_28_to_1500_are_quoted_up_to_576_bytes() {
    for length in 28..=1_500 {
        let offending = offender(length);
        let error = written(ErrorMessage::TimeExceeded, &offending);
        assert_eq!(error.len(), LARGEST.min(length + IPV4_HEADER + HEADER), "offender of {length}");
        assert_eq!(read(&error).1, offending[..length.min(548)], "offender of {length}");
    }
}

#[test]
fn padding_is_not_quoted() {
    let mut offending = offender(28);
    offending.resize(46, 0xee);
    assert_eq!(read(&written(ErrorMessage::TimeExceeded, &offending)).1, offending[..28]);
}

#[test]
fn precedence_is_internetwork_control_and_ecn_is_cleared() {
    let mut offending = offender(28);
    offending[1] = 0xff;
    assert_eq!(written(ErrorMessage::NetUnreachable, &offending)[1], 0xdc);
    offending[1] = 0x00;
    assert_eq!(written(ErrorMessage::NetUnreachable, &offending)[1], 0xc0);
}

#[test]
fn what_was_written_before_stays() {
    let mut out = vec![0xaa; 14];
    write(ErrorMessage::TimeExceeded, &Ipv4::parse(&offender(28)).unwrap(), OURS, &mut out);
    assert_eq!(out[..14], [0xaa; 14]);
    read(&out[14..]);
}

proptest! {
    #[test]
    fn any_packet_that_parses_gets_a_well_formed_error(
        mut bytes in prop::collection::vec(any::<u8>(), 20..700), length in 20u16..700,
    ) {
        bytes[0] = 0x45 + bytes[0] % 3;
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        if let Some(offending) = Ipv4::parse(&bytes) {
            let mut out = Vec::new();
            write(ErrorMessage::TimeExceeded, &offending, OURS, &mut out);
            prop_assert!(out.len() <= LARGEST);
            prop_assert_eq!(packet::checksum::internet(&out[..20]), 0);
            prop_assert_eq!(packet::checksum::internet(&out[20..]), 0);
        }
    }
}
