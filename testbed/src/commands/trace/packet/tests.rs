use std::net::Ipv4Addr;

use super::*;

fn resolve(word: &str) -> Option<IpAddr> {
    if word == "hub-vm" { Some(Ipv4Addr::new(10, 255, 10, 4).into()) } else { word.parse().ok() }
}

fn read(text: &str) -> Result<Packet, PacketError> {
    parse(text, &resolve)
}

/// The message and the word it points at.
fn complaint(text: &str) -> (String, String) {
    let error = read(text).unwrap_err();
    let place = error.place.offset()..error.place.offset() + error.place.len();
    (error.problem, text[place].to_owned())
}

#[test]
fn the_packet_of_the_manual() {
    assert_eq!(
        read("src 172.16.1.1 dst 10.254.10.4 icmp ttl 2"),
        Ok(Packet {
            port: None,
            source: Ipv4Addr::new(172, 16, 1, 1).into(),
            destination: Ipv4Addr::new(10, 254, 10, 4).into(),
            protocol: Protocol::Icmp,
            ttl: 2,
        })
    );
}

#[test]
fn clauses_in_any_order_with_defaults_and_names() {
    let packet = read("  on eth2 tcp  dst hub-vm src 10.10.10.4 ").unwrap();
    assert_eq!(packet.port.as_deref(), Some("eth2"));
    assert_eq!(packet.destination, Ipv4Addr::new(10, 255, 10, 4));
    assert_eq!((packet.protocol, packet.ttl), (Protocol::Tcp, 64));
}

#[test]
fn the_body_is_what_msee_takes() {
    let body = serde_json::to_value(read("src 172.16.1.1 dst 10.254.10.4 udp ttl 2").unwrap());
    assert_eq!(
        body.unwrap(),
        serde_json::json!({
            "source": "172.16.1.1", "destination": "10.254.10.4", "protocol": "udp", "ttl": 2
        })
    );
}

#[test]
fn errors_point_at_the_word() {
    let point = |text| complaint(text).1;
    assert_eq!(point("src 172.16.1.999 dst 10.254.10.4"), "172.16.1.999");
    assert_eq!(point("src 172.16.1.1 dts 10.254.10.4"), "dts");
    assert_eq!(point("src 172.16.1.1 dst 10.254.10.4 ttl 256"), "256");
    assert_eq!(point("src 172.16.1.1 dst 10.254.10.4 ttl"), "ttl");
    assert_eq!(point("src 172.16.1.1 dst 10.254.10.4 icmp udp"), "udp");
    assert_eq!(point(""), "");
}

#[test]
fn missing_clauses_are_named() {
    assert!(complaint("dst 10.254.10.4").0.contains("`src`"));
    assert!(complaint("src 10.254.10.4 ttl 3").0.contains("`dst`"));
}

#[test]
fn the_report_shows_the_text_and_the_cure() {
    let error = read("src 172.16.1.1 dts 10.254.10.4").unwrap_err();
    let report = format!("{:?}", miette::Report::new(error));
    assert!(report.contains("dts 10.254.10.4"), "{report}");
    assert!(report.contains("src A dst B"), "{report}");
}

#[test]
fn both_ends_are_of_one_family() {
    let packet = read("src fd00:172:16:1::1 dst fd00:255:0:10::4").unwrap();
    assert_eq!(packet.destination.to_string(), "fd00:255:0:10::4");
    let text = "src fd00:172:16:1::1 dst 10.254.10.4";
    let (problem, _) = complaint(text);
    assert_eq!(problem, "fd00:172:16:1::1 and 10.254.10.4 are of two families");
}
