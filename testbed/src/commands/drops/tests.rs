use serde_json::json;

use super::*;

fn counters() -> Value {
    json!({ "verdicts": {
        "gw_forwarded": 10, "icmp_time_exceeded": 3, "no_route": 2, "icmp_unroutable": 2,
        "port_unknown": 0,
    }})
}

fn drops(all: bool) -> Drops {
    let mut drops = Drops { rows: Vec::new(), unreadable: BTreeMap::new() };
    drops.add("msee-a", Ok(counters()), all);
    drops
}

fn names(drops: &Drops) -> Vec<&'static str> {
    drops.rows.iter().map(|row| row.verdict).collect()
}

#[test]
fn losses_only_unless_all() {
    assert_eq!(names(&drops(false)), ["icmp_time_exceeded", "icmp_unroutable"]);
    assert_eq!(
        names(&drops(true)),
        ["no_route", "icmp_time_exceeded", "icmp_unroutable", "gw_forwarded"]
    );
}

#[test]
fn unexpected_and_expected_losses_are_summed_apart() {
    let text = render(&drops(false));
    let end = "\n2 packets lost that should not have been; \
               3 packets lost in correct operation (expected)";
    assert!(text.ends_with(end), "{text}");
    assert!(text.lines().all(|line| line.len() <= 100), "{text}");
}

#[test]
fn the_summary_is_true_of_any_counters() {
    let said = |verdicts: &Value| {
        let mut drops = Drops { rows: Vec::new(), unreadable: BTreeMap::new() };
        drops.add("msee-a", Ok(json!({ "verdicts": verdicts })), true);
        summary(&drops)
    };
    assert_eq!(said(&json!({ "gw_forwarded": 10, "no_route": 2 })), "no packet was lost");
    assert_eq!(
        said(&json!({ "icmp_time_exceeded": 1 })),
        "1 packet lost in correct operation (expected), none otherwise"
    );
    assert_eq!(
        said(&json!({ "icmp_unroutable": 1_200 })),
        "1,200 packets lost that should not have been"
    );
}

#[test]
fn a_dead_node_is_named() {
    let mut drops = drops(false);
    let error = ClientError::Timeout {
        daemon: "ERGW1".to_owned(),
        request: "GET /counters".to_owned(),
        seconds: 20,
    };
    drops.add("ERGW1", Err(error), false);
    assert!(render(&drops).contains("ERGW1: no counters: ERGW1 did not answer"));
}

#[test]
fn a_clean_lab_says_so() {
    let drops = Drops { rows: Vec::new(), unreadable: BTreeMap::new() };
    assert_eq!(render(&drops), "no packet was lost");
    let mut silent = drops;
    silent.unreadable("ERGW1", "gone");
    assert_eq!(
        render(&silent),
        "no packet was lost where the counters could be read\nERGW1: no counters: gone"
    );
}

#[test]
fn losses_between_veths_show_under_the_node_they_are_about() {
    let mut drops = drops(false);
    let counted = json!({ "verdicts": { "kernel_ring_full": 2 } });
    drops.add("msee-b", Ok(counted), false);
    let end = |node: &str, frames: u64| json!({ "node": node, "namespace": "n", "interface": "i", "frames": frames });
    drops.add_veths(Ok(json!([
        end("hub-vm", 3),
        end("hub-vm", 4),
        end("msee-b", 5),
        end("ce1", 0),
    ])));
    let found: Vec<_> = drops
        .rows
        .iter()
        .filter(|row| row.verdict == "kernel_ring_full")
        .map(|row| (row.node.as_str(), row.count))
        .collect();
    assert_eq!(found, [("msee-b", 7), ("hub-vm", 7)]);
}
