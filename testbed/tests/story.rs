//! `erlab demo`, what `make lab` runs, tells the whole story and every verdict in it holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use harness::{alone, erlab_command};
use serde_json::Value;

#[test]
fn every_verdict_of_the_demo_holds_and_nothing_is_left() {
    let _alone = alone();
    let output = erlab_command().args(["demo", "-f", "json"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let told: Value = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr))
    });
    assert!(output.status.success(), "{text}");
    let verdicts = verdicts(&told);
    assert!(verdicts.len() >= 25, "only {} verdicts: {told:#}", verdicts.len());
    for verdict in &verdicts {
        assert_eq!(verdict["passed"], true, "{verdict:#}");
    }
    assert!(!std::path::Path::new("/run/erlab/fastpath").exists());
}

/// Every object with a `passed` key, at any depth.
fn verdicts(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(map) => {
            let own = map.contains_key("passed").then(|| value.clone());
            own.into_iter().chain(map.values().flat_map(verdicts)).collect()
        }
        Value::Array(items) => items.iter().flat_map(verdicts).collect(),
        _ => Vec::new(),
    }
}
