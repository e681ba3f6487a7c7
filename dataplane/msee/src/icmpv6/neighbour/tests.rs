use proptest::prelude::*;

use super::*;

const VM: Ipv6Addr = Ipv6Addr::new(0xfd00, 2, 0, 0, 0, 0, 0, 0x10);
const OURS: Ipv6Addr = Ipv6Addr::new(0xfd00, 2, 0, 0, 0, 0, 0x12, 0x3456);
const MAC: [u8; 6] = [2, 0, 0, 0, 0, 7];

fn solicitation() -> Vec<u8> {
    let mut out = Vec::new();
    write_solicitation((VM, MAC), OURS, solicited_node(OURS), &mut out);
    out
}

fn parse(bytes: &[u8]) -> Option<Message> {
    Message::parse(&Ipv6::parse(bytes)?)
}

#[test]
fn what_is_written_reads_back() {
    let read = Message::Solicitation { sender: VM, target: OURS, mac: Some(MAC) };
    assert_eq!(parse(&solicitation()), Some(read));
    let mut out = Vec::new();
    write_advertisement(VM, OURS, MAC, &mut out);
    let (mac, solicited, overrides) = (Some(MAC), true, true);
    let read = Message::Advertisement { target: OURS, mac, solicited, overrides };
    assert_eq!(parse(&out), Some(read));
    assert_eq!(Ipv6::parse(&out).unwrap().destination(), VM);
    assert_eq!(out[44] & SOLICITED, SOLICITED);
}

#[test]
fn another_parser_reads_them_too() {
    let bytes = solicitation();
    let packet = etherparse::Ipv6Slice::from_slice(&bytes).unwrap();
    let icmp = etherparse::Icmpv6Slice::from_slice(packet.payload().payload).unwrap();
    assert!(icmp.is_checksum_valid(packet.header().source(), packet.header().destination()));
    assert_eq!(icmp.type_u8(), 135);
}

#[test]
fn a_solicitation_goes_to_the_group_of_its_target() {
    let bytes = solicitation();
    let group = Ipv6::parse(&bytes).unwrap().destination();
    assert_eq!(group.to_string(), "ff02::1:ff12:3456");
    assert_eq!(group_mac(group), [0x33, 0x33, 0xff, 0x12, 0x34, 0x56]);
}

#[test]
fn duplicate_address_detection_is_answered_to_all() {
    let mut out = Vec::new();
    write_advertisement(Ipv6Addr::UNSPECIFIED, OURS, MAC, &mut out);
    assert_eq!(Ipv6::parse(&out).unwrap().destination(), ALL_NODES);
    assert_eq!(out[44] & SOLICITED, 0);
    let Some(Message::Advertisement { solicited: false, .. }) = parse(&out) else {
        panic!("it is read as unsolicited")
    };
}

#[test]
fn an_advertisement_without_an_address_confirms_and_one_to_a_group_answers_nobody() {
    let advertised = |flags: u8, destination| {
        let mut message = [0; MESSAGE];
        message[0] = NEIGHBOUR_ADVERTISEMENT;
        message[4] = flags;
        put_target(&mut message, VM);
        let mut out = Vec::new();
        put(header(VM, destination), [&message, &[]], &mut out);
        parse(&out)
    };
    let (mac, solicited, overrides) = (None, true, false);
    let read = Message::Advertisement { target: VM, mac, solicited, overrides };
    assert_eq!(advertised(SOLICITED, OURS), Some(read));
    assert_eq!(advertised(SOLICITED, ALL_NODES), None);
}

#[test]
fn what_7_1_1_forbids_is_not_read() {
    let spoil = |change: fn(&mut Vec<u8>)| {
        let mut bytes = solicitation();
        change(&mut bytes);
        parse(&bytes)
    };
    assert_eq!(spoil(|bytes| bytes[7] = 254), None, "it passed a router");
    assert_eq!(spoil(|bytes| bytes[42] ^= 1), None, "wrong checksum");
    assert_eq!(spoil(|bytes| bytes[41] = 1), None, "code 1");
    assert_eq!(spoil(|bytes| bytes[65] = 0), None, "an option without a length");
    assert_eq!(spoil(|bytes| bytes[6] = 17), None, "not ICMPv6");
}

proptest! {
    #[test]
    fn arbitrary_messages_never_panic(message in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut bytes = Vec::new();
        header(VM, OURS).write(message.len(), &mut bytes);
        bytes.extend_from_slice(&message);
        let _ = parse(&bytes);
        let _ = link_layer(&message, TARGET_LINK_LAYER);
    }
}
