use proptest::prelude::*;

use super::*;
use packet::Ethernet;

const ASKER: [u8; 6] = [2, 0, 0, 0, 0, 9];
const OURS: [u8; 6] = [2, 0, 0, 0, 0, 1];

fn message(operation: u8) -> Vec<u8> {
    let mut payload = vec![0, 1, 8, 0, 6, 4, 0, operation];
    payload.extend_from_slice(&ASKER);
    payload.extend_from_slice(&[10, 255, 10, 4]);
    payload.extend_from_slice(&[0; 6]);
    payload.extend_from_slice(&[10, 255, 0, 4]);
    payload
}

#[test]
fn a_request_is_answered_with_our_mac() {
    let request = Message::parse(&message(1)).unwrap();
    assert_eq!(request.operation, Operation::Request);
    assert_eq!(request.target, Ipv4Addr::new(10, 255, 0, 4));
    let mut out = Vec::new();
    request.write_reply(OURS, &mut out);
    assert_eq!(out.len(), FRAME);
    let frame = Ethernet::parse(&out).unwrap();
    assert_eq!((frame.destination, frame.source), (ASKER, OURS));
    let parsed = etherparse::ArpPacketSlice::from_slice(frame.payload).unwrap();
    assert_eq!(parsed.operation(), etherparse::ArpOperation::REPLY);
    assert_eq!(parsed.sender_hw_addr(), OURS);
    assert_eq!(parsed.sender_protocol_addr(), [10, 255, 0, 4]);
    assert_eq!(parsed.target_hw_addr(), ASKER);
    assert_eq!(parsed.target_protocol_addr(), [10, 255, 10, 4]);
}

#[test]
fn what_we_ask_is_a_request_to_all_or_to_one() {
    let target = Ipv4Addr::new(10, 255, 10, 4);
    for to in [None, Some(ASKER)] {
        let mut out = Vec::new();
        write_request((Ipv4Addr::new(10, 255, 0, 4), OURS), target, to, &mut out);
        assert_eq!(out.len(), FRAME);
        let frame = Ethernet::parse(&out).unwrap();
        assert_eq!((frame.destination, frame.source), (to.unwrap_or([0xff; 6]), OURS));
        let parsed = etherparse::ArpPacketSlice::from_slice(frame.payload).unwrap();
        assert_eq!(parsed.operation(), etherparse::ArpOperation::REQUEST);
        assert_eq!(parsed.sender_hw_addr(), OURS);
        assert_eq!(parsed.target_protocol_addr(), target.octets());
        let message = Message::parse(frame.payload).unwrap();
        assert_eq!((message.sender, message.target), (Ipv4Addr::new(10, 255, 0, 4), target));
    }
}

#[test]
fn a_reply_is_read_and_other_kinds_and_group_senders_are_ignored() {
    let reply = Message::parse(&message(2)).unwrap();
    assert_eq!((reply.operation, reply.sender_mac), (Operation::Reply, ASKER));
    assert_eq!(Message::parse(&message(3)), None);
    let mut token_ring = message(1);
    token_ring[1] = 6;
    assert_eq!(Message::parse(&token_ring), None);
    let mut multicast = message(1);
    multicast[8] = 0x01;
    assert_eq!(Message::parse(&multicast), None);
}

#[test]
fn a_request_cut_anywhere_is_ignored() {
    let whole = message(1);
    for length in 0..whole.len() {
        assert_eq!(Message::parse(&whole[..length]), None, "{length} bytes");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Message::parse(&bytes);
    }
}
