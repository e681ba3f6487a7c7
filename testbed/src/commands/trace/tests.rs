use serde_json::json;

use super::*;

#[test]
fn a_trace_reads_from_top_to_bottom() {
    let packet =
        packet::parse("src 172.16.1.1 dst 10.254.10.4 icmp ttl 2", &|word| word.parse().ok())
            .unwrap();
    let answer = json!({
        "steps": [
            {"stage": "port", "text": "circuit CIRCUIT_EQUINIX (primary), CE side"},
            {"stage": "ttl", "text": "2 -> 1"},
            {"stage": "out", "verdict": "forwarded_gateway", "text": "eth2"},
        ],
        "verdict": "forwarded_gateway",
        "text": "To an instance of the ExpressRoute gateway.",
        "leaves_by": "eth2",
        "generation": 7,
    });
    assert_eq!(
        render("msee-a", &packet, &answer),
        "\
#1 injected  msee-a rx  172.16.1.1 > 10.254.10.4  icmp  ttl 2  (generation 7)
   msee-a    port       circuit CIRCUIT_EQUINIX (primary), CE side
   msee-a    ttl        2 -> 1
   msee-a    out        eth2
   verdict: FORWARDED  forwarded_gateway  To an instance of the ExpressRoute gateway.
   leaves by eth2
"
    );
}

#[test]
fn the_longer_stages_of_a_gateway_keep_their_columns() {
    let packet =
        packet::parse("src 10.10.10.4 dst 10.255.10.4", &|word| word.parse().ok()).unwrap();
    let answer = json!({
        "steps": [
            {"stage": "port", "text": "fabric port eth1"},
            {"stage": "gw_instance", "text": "ERGW1 instance 10.255.0.12"},
        ],
        "verdict": "gw_no_endpoint",
        "text": "Gateway: no VM has the destination address.",
        "leaves_by": null,
        "generation": 7,
    });
    let text = render("ERGW1", &packet, &answer);
    assert!(text.contains("\n   ERGW1     port        fabric port eth1\n"), "{text}");
    assert!(text.contains("\n   ERGW1     gw_instance ERGW1 instance 10.255.0.12\n"), "{text}");
    assert!(text.contains("verdict: LOSS  gw_no_endpoint  "), "{text}");
    assert!(!text.contains("leaves by"), "{text}");
}
