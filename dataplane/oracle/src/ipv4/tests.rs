use super::*;
use crate::compose::{Ipv4, summed, with, with_number};

fn good() -> Ipv4 {
    Ipv4::udp(Ipv4Addr::new(172, 16, 1, 1), Ipv4Addr::new(10, 255, 10, 4))
}

/// Each line spoils one thing more; what was spoiled last is found first.
#[test]
fn checks_come_in_the_order_of_the_standard() {
    let mut bytes = good().bytes();
    assert!(check(&bytes).is_ok());
    bytes = summed(with(bytes, 16, 224));
    assert_eq!(check(&bytes).unwrap_err(), Verdict::CheckMartianDestination);
    bytes = summed(with(bytes, 12, 127));
    assert_eq!(check(&bytes).unwrap_err(), Verdict::CheckMartianSource);
    bytes = summed(with_number(bytes, 2, 85));
    assert_eq!(check(&bytes).unwrap_err(), Verdict::CheckTotalLength);
    bytes = with(bytes, 1, 1);
    assert_eq!(check(&bytes).unwrap_err(), Verdict::CheckChecksum);
    bytes = with(bytes, 0, 0x44);
    assert_eq!(check(&bytes).unwrap_err(), Verdict::CheckHeaderLength);
    bytes = with(bytes, 0, 0x64);
    assert_eq!(check(&bytes).unwrap_err(), Verdict::CheckVersion);
    bytes.truncate(19);
    assert_eq!(check(&bytes).unwrap_err(), Verdict::PortTruncated);
}

#[test]
fn a_packet_ends_where_it_says() {
    let bytes = [&good().bytes()[..], &[9; 30]].concat();
    assert_eq!(check(&bytes).unwrap().bytes.len(), 84);
}

/// RFC 1624, equation 3, over every sum and every TTL that is forwarded.
#[test]
fn the_checksum_is_what_an_update_of_it_would_be() {
    for identification in 0..=u16::MAX {
        for ttl in 2..=255 {
            let header = &Ipv4 { identification, ttl, payload: Vec::new(), ..good() }.bytes()[..];
            let forwarded = forwarded(header);
            let [before, after] = [header, &forwarded].map(|header| number(header, 10).unwrap());
            let [m, new] = [header, &forwarded].map(|header| number(header, 8).unwrap());
            let sum = u32::from(!before) + u32::from(!m) + u32::from(new);
            let folded = (sum & 0xffff) + (sum >> 16);
            let folded = (folded & 0xffff) + (folded >> 16);
            assert_eq!(after, !(folded as u16), "{identification:#x} {ttl}");
            assert_eq!(forwarded[8], ttl - 1);
        }
    }
}

#[test]
fn nothing_else_changes() {
    let options = vec![7, 7, 4, 0, 0, 0, 0, 0];
    let packet = Ipv4 { fragmentation: 0xffff, service: 0xff, options, ..good() }.bytes();
    let mut forwarded = forwarded(&packet);
    assert_eq!(check(&forwarded).unwrap().hop_limit, 63);
    forwarded[8] = packet[8];
    forwarded[10..12].copy_from_slice(&packet[10..12]);
    assert_eq!(forwarded, packet);
}

#[test]
fn a_message_is_whole_and_inside_the_packet() {
    let icmp = |fragmentation, length: u16| {
        let packet = Ipv4 { protocol: 1, fragmentation, payload: vec![8; 8], ..good() };
        summed(with_number(packet.bytes(), 2, length))
    };
    let message = |bytes: &[u8]| check(bytes).unwrap().message;
    assert_eq!(message(&icmp(0, 28)), Some(8));
    assert_eq!(message(&icmp(0xc000, 28)), Some(8), "flags that make no fragment");
    assert_eq!(message(&icmp(0x2000, 28)), None);
    assert_eq!(message(&icmp(0x0001, 28)), None);
    assert_eq!(message(&icmp(0, 22)), Some(8));
    assert_eq!(message(&icmp(0, 21)), None, "a type without a code");
    assert_eq!(message(&icmp(0, 20)), None, "padding");
    assert_eq!(message(&good().bytes()), None, "another protocol");
}
