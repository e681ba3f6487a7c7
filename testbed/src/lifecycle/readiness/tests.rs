use serde_json::json;

use super::*;

fn status(dataplane: &Value) -> Status {
    serde_json::from_value(json!({ "revision": 7, "dataplanes": [dataplane] })).unwrap()
}

fn verdict(dataplane: &Value) -> Result<(), String> {
    applied(&status(dataplane), &Dataplane { kind: "msee", name: "msee-a".to_owned() })
}

#[test]
fn a_dataplane_is_ready_when_it_applied_the_current_revision() {
    let dataplane = |applied: Value, connected: bool, error: Value| {
        json!({ "kind": "msee", "name": "msee-a", "connected": connected, "applied": applied,
                "error": error })
    };
    assert_eq!(verdict(&dataplane(json!(7), true, json!(null))), Ok(()));
    assert_eq!(
        verdict(&dataplane(json!(6), true, json!(null))),
        Err("applied revision 6 of 7".to_owned())
    );
    assert_eq!(
        verdict(&dataplane(json!(null), true, json!("pool full"))),
        Err("pool full".to_owned())
    );
    assert_eq!(
        verdict(&dataplane(json!(7), false, json!(null))),
        Err("not connected to ercontrol".to_owned())
    );
    assert_eq!(
        verdict(&json!({ "kind": "ergw", "name": "msee-a", "connected": true, "applied": 7 })),
        Err("never connected to ercontrol".to_owned())
    );
}

#[test]
fn the_end_of_a_log_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("msee-msee-a.log");
    let text: Vec<_> = (1..=8).map(|line| format!("line {line}")).collect();
    fs::write(&log, text.join("\n")).unwrap();
    assert_eq!(last_lines(&log).unwrap(), text[3..]);
    assert!(last_lines(&directory.path().join("absent")).is_err());
}
