use etherparse::{Icmpv6Slice, Ipv6Slice, PacketBuilder};

use super::*;

const SENDER: Ipv6Addr = Ipv6Addr::new(0xfd00, 1, 0, 0, 0, 0, 0, 1);
const OURS: Ipv6Addr = Ipv6Addr::new(0xfd00, 1, 0, 0, 0, 0, 0, 2);
const FAR: Ipv6Addr = Ipv6Addr::new(0xfd00, 2, 0, 0, 0, 0, 0, 4);

fn offender(length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let payload: Vec<u8> = (0..length - 48).map(|n| n as u8).collect();
    PacketBuilder::ipv6(SENDER.octets(), FAR.octets(), 1)
        .udp(33_434, 33_435)
        .write(&mut bytes, &payload)
        .unwrap();
    bytes
}

/// Type, code, the word behind the checksum and the quote, read by a parser that is not ours.
fn written(message: ErrorMessage, offending: &[u8]) -> (u8, u8, [u8; 4], Vec<u8>) {
    let mut out = Vec::new();
    write(message, &Ipv6::parse(offending).unwrap(), OURS, &mut out);
    let packet = Ipv6Slice::from_slice(&out).unwrap();
    let header = packet.header();
    assert_eq!((header.source_addr(), header.destination_addr()), (OURS, SENDER));
    assert_eq!((header.hop_limit(), header.next_header().0), (64, 58));
    assert_eq!(usize::from(header.payload_length()) + 40, out.len());
    let icmp = Icmpv6Slice::from_slice(packet.payload().payload).unwrap();
    assert!(icmp.is_checksum_valid(header.source(), header.destination()));
    (icmp.type_u8(), icmp.code_u8(), icmp.bytes5to8(), icmp.payload().to_vec())
}

#[test]
fn each_message_has_its_type_code_and_word() {
    let packet = offender(100);
    for (message, kind, code, word) in [
        (ErrorMessage::TimeExceeded, 3, 0, [0; 4]),
        (ErrorMessage::NetUnreachable, 1, 0, [0; 4]),
        (ErrorMessage::HostUnreachable, 1, 3, [0; 4]),
        (ErrorMessage::PortUnreachable, 1, 4, [0; 4]),
        (ErrorMessage::ProtocolUnreachable, 4, 1, [0, 0, 0, 6]),
        (ErrorMessage::FragmentationNeeded { mtu: 1_400 }, 2, 0, [0, 0, 0x05, 0x78]),
    ] {
        assert_eq!(written(message, &packet), (kind, code, word, packet.clone()), "{message:?}");
    }
}

#[test]
fn as_much_is_quoted_as_the_minimum_mtu_holds() {
    for length in [48, 1_231, 1_232, 1_233, 1_500, 3_000] {
        let packet = offender(length);
        let (.., quote) = written(ErrorMessage::TimeExceeded, &packet);
        assert_eq!(quote, packet[..length.min(1_232)], "{length}");
    }
}
