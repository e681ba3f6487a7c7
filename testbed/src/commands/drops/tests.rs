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
fn unexpected_losses_are_summed() {
    let text = render(&drops(false));
    assert!(text.contains("\n2 packets of severity loss; the others belong"), "{text}");
    assert!(text.lines().all(|line| line.len() <= 100), "{text}");
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
    assert_eq!(render(&drops), "no packet was lost\n");
}
