use super::*;
use crate::compose::{Ipv6, with, with_number};

fn good() -> Ipv6 {
    Ipv6::udp("2001:db8::1".parse().unwrap(), "2001:db8:ff::4".parse().unwrap())
}

/// Each line spoils one thing more; what was spoiled last is found first.
#[test]
fn checks_come_in_their_order() {
    let mut bytes = good().bytes();
    assert!(check(&bytes).is_ok());
    bytes = with(bytes, 24, 0xff);
    assert_eq!(check(&bytes).unwrap_err(), Verdict::CheckMartianDestination);
    bytes = with(bytes, 8, 0xff);
    assert_eq!(check(&bytes).unwrap_err(), Verdict::CheckMartianSource);
    bytes = with_number(bytes, 4, 65);
    assert_eq!(check(&bytes).unwrap_err(), Verdict::CheckTotalLength);
    bytes = with(bytes, 0, 0x45);
    assert_eq!(check(&bytes).unwrap_err(), Verdict::CheckVersion);
    bytes.truncate(39);
    assert_eq!(check(&bytes).unwrap_err(), Verdict::PortTruncated);
}

#[test]
fn a_packet_ends_where_it_says() {
    let bytes = [&good().bytes()[..], &[9; 30]].concat();
    assert_eq!(check(&bytes).unwrap().bytes.len(), 104);
    let empty = with_number(bytes, 4, 0);
    assert_eq!(check(&empty).unwrap().bytes.len(), 40);
}

#[test]
fn a_jumbogram_is_told_by_both_fields() {
    let jumbo = |next_header, length| {
        let packet = Ipv6 { next_header, ..good() }.bytes();
        check(&with_number(packet, 4, length)).map(|packet| packet.bytes.len())
    };
    assert_eq!(jumbo(0, 0), Err(Verdict::CheckTotalLength));
    assert_eq!(jumbo(0, 8), Ok(48));
    assert_eq!(jumbo(60, 0), Ok(40));
}

#[test]
fn the_hop_limit_is_all_that_changes() {
    let packet = good().bytes();
    let mut forwarded = forwarded(&packet);
    assert_eq!(forwarded[7], 63);
    forwarded[7] = 64;
    assert_eq!(forwarded, packet);
}

#[test]
fn a_message_is_first_and_inside_the_packet() {
    let message = |next_header, length| {
        let packet = Ipv6 { next_header, payload: vec![135; 8], ..good() }.bytes();
        check(&with_number(packet, 4, length)).unwrap().message
    };
    assert_eq!(message(58, 8), Some(135));
    assert_eq!(message(58, 2), Some(135));
    assert_eq!(message(58, 1), None, "a type without a code");
    assert_eq!(message(58, 0), None, "padding");
    assert_eq!(message(17, 8), None, "another header");
    assert_eq!(message(44, 8), None, "a fragment");
}
