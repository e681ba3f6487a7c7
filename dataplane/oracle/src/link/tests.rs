use super::*;

const ADDRESSES: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

fn frame(behind: &[u8]) -> Vec<u8> {
    [&ADDRESSES, behind].concat()
}

#[test]
fn tags_are_read_to_the_second() {
    let read: [(&[u8], Key, u16, usize); 7] = [
        (&[0x08, 0x00, 9], Key::Untagged, IPV4, 1),
        (&[0x81, 0x00, 0, 100, 0x08, 0x00, 9], Key::Customer(100), IPV4, 1),
        (&[0x81, 0x00, 0xff, 0xff, 0x86, 0xdd], Key::Customer(4_095), IPV6, 0),
        (&[0x88, 0xa8, 0, 100, 0x08, 0x00], Key::ServiceOnly(100), IPV4, 0),
        (
            &[0x88, 0xa8, 0xe0, 20, 0x81, 0x00, 0x10, 100, 0x08, 0x06, 9, 9],
            Key::Both { service: 20, customer: 100 },
            ARP,
            2,
        ),
        (&[0x81, 0x00, 0, 20, 0x88, 0xa8, 0, 100], Key::Customer(20), SERVICE_TAG, 2),
        (
            &[0x81, 0x00, 0, 20, 0x81, 0x00, 0, 100, 0x81, 0x00, 0, 7],
            Key::Both { service: 20, customer: 100 },
            CUSTOMER_TAG,
            2,
        ),
    ];
    for (behind, key, ethertype, carried) in read {
        let frame = frame(behind);
        let link = Link::parse(&frame).unwrap();
        assert_eq!((link.key, link.ethertype, link.carried.len()), (key, ethertype, carried));
        assert_eq!(link.destination, MacAddress([2, 0, 0, 0, 0, 1]));
    }
}

#[test]
fn a_frame_that_ends_in_its_header_is_none() {
    let whole = frame(&[0x88, 0xa8, 0, 20, 0x81, 0x00, 0, 100, 0x08, 0x00]);
    for length in 0..whole.len() {
        assert!(Link::parse(&whole[..length]).is_none(), "{length}");
    }
    assert!(Link::parse(&whole).is_some());
}

#[test]
fn a_link_puts_in_what_it_takes_out() {
    let plain = frame(&[0x08, 0x00, 1, 2, 3]);
    let qinq = |ethertype| Tags::Qinq { service: 20, customer: 100, ethertype };
    let tags: [(Tags, &[u8]); 4] = [
        (Tags::Untagged, &[]),
        (Tags::Dot1q { vlan: 100 }, &[0x81, 0x00, 0, 100]),
        (qinq(ServiceEthertype::Dot1q), &[0x81, 0x00, 0, 20, 0x81, 0x00, 0, 100]),
        (qinq(ServiceEthertype::Dot1ad), &[0x88, 0xa8, 0, 20, 0x81, 0x00, 0, 100]),
    ];
    for (tags, bytes) in tags {
        let sent = tagged(&plain, tags);
        assert_eq!(sent, frame(&[bytes, &[0x08, 0x00, 1, 2, 3]].concat()));
        let link = Link::parse(&sent).unwrap();
        assert_eq!(link.key, Key::from(tags));
        assert_eq!(link.untagged(), plain);
    }
}
