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
