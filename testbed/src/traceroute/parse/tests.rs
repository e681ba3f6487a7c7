use std::fmt::Write;

use proptest::prelude::*;

use super::*;

const TO: Ipv4Addr = Ipv4Addr::new(10, 254, 10, 4);

fn answer(address: [u8; 4], rtt_ms: f64) -> Probe {
    Probe { address: Some(address.into()), rtt_ms: Some(rtt_ms), annotation: None }
}

#[test]
fn the_documented_lab_is_read() {
    let raw = "traceroute to 10.254.10.4 (10.254.10.4), 64 hops max\n\
        \x20 1   10.253.0.5  66.275ms  66.192ms  66.188ms \n\
        \x20 2   *  *  * \n\
        \x20 3   10.254.10.4  135.693ms  134.123ms  133.970ms\n";
    let trace = parse(TO, raw);
    assert_eq!(trace.hop_list(), ["10.253.0.5", "*", "10.254.10.4"]);
    assert!(trace.reached);
    assert_eq!(trace.raw, raw);
    let [first, silent, last] = trace.hops.try_into().unwrap();
    let router = [10, 253, 0, 5];
    assert_eq!(
        first.probes,
        [answer(router, 66.275), answer(router, 66.192), answer(router, 66.188)]
    );
    assert!(silent.is_silent() && silent.probes.len() == 3);
    assert_eq!((last.ttl, last.address), (3, Some(TO)));
}

#[test]
fn marks_belong_to_their_probe() {
    let hop = hop("  1   10.0.1.2  0.005ms !H  *  0.004ms !N ").unwrap();
    let marks: Vec<_> = hop.probes.iter().map(|probe| probe.annotation.as_deref()).collect();
    assert_eq!(marks, [Some("!H"), None, Some("!N")]);
}

#[test]
fn a_hop_can_have_several_addresses() {
    let hop = hop("  2   *  10.0.0.1  1.000ms  10.0.0.2  2.000ms ").unwrap();
    assert_eq!(hop.address, Some([10, 0, 0, 1].into()));
    assert_eq!(
        hop.probes,
        [Probe::default(), answer([10, 0, 0, 1], 1.0), answer([10, 0, 0, 2], 2.0)]
    );
}

#[test]
fn a_cut_line_gives_what_it_has() {
    let trace = parse(TO, "traceroute to x (10.254.10.4), 64 hops max\n  1   10.0.1.2  0.1");
    assert_eq!(trace.hops, [Hop { ttl: 1, address: None, probes: Vec::new() }]);
    assert!(!trace.reached);
}

fn probes() -> impl Strategy<Value = Vec<Probe>> {
    let answered = (1_u8..4, 0_u32..2_000_000, proptest::option::of("![NHPFSUTX*]")).prop_map(
        |(router, microseconds, annotation)| Probe {
            address: Some(Ipv4Addr::new(10, 0, 0, router)),
            rtt_ms: Some(f64::from(microseconds) / 1e3),
            annotation,
        },
    );
    proptest::collection::vec(prop_oneof![Just(Probe::default()), answered], 1..5)
}

/// As inetutils prints it.
fn print(ttl: u8, probes: &[Probe]) -> String {
    let mut line = format!(" {ttl:2}  ");
    let mut before = None;
    for (number, probe) in probes.iter().enumerate() {
        let (Some(address), Some(time)) = (probe.address, probe.rtt_ms) else {
            line += " * ";
            continue;
        };
        if number == 0 || before != Some(address) {
            write!(line, " {address} ").unwrap();
        }
        write!(line, " {time:.3}ms ").unwrap();
        line += &probe.annotation.as_ref().map_or(String::new(), |mark| format!("{mark} "));
        before = Some(address);
    }
    line + "\n"
}

proptest! {
    #[test]
    fn what_the_tool_prints_is_read_back(hops in proptest::collection::vec(probes(), 0..6)) {
        let mut raw = "traceroute to x (10.254.10.4), 64 hops max\n".to_owned();
        for (ttl, probes) in (1..).zip(&hops) {
            raw += &print(ttl, probes);
        }
        let read: Vec<_> = parse(TO, &raw).hops.into_iter().map(|hop| hop.probes).collect();
        prop_assert_eq!(read, hops);
    }

    #[test]
    fn no_text_upsets_it(raw in "[ 0-9a-z.!*\n]{0,200}") {
        let _ = parse(TO, &raw);
    }
}
