use serde_json::{Value, json};

use super::*;
use crate::topology;

fn status(dataplane: &Value) -> Status {
    serde_json::from_value(json!({ "revision": 7, "dataplanes": [dataplane] })).unwrap()
}

fn verdict(dataplane: &Value) -> Result<(), String> {
    status(dataplane).applied(&Dataplane { kind: "msee", name: "msee-a".to_owned() })
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
        Err("applying revision 7".to_owned())
    );
    assert_eq!(
        verdict(&dataplane(json!(null), true, json!("pool full"))),
        Err("refused revision 7: pool full".to_owned())
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
fn a_restarted_ercontrol_that_knows_nobody_yet_is_waited_for() {
    let text = include_str!("../../../../labs/fastpath.er.yml");
    let plan = topology::plan(&topology::parse(text, "test").unwrap()).unwrap();
    let dataplanes = dataplanes(&plan);
    let names: Vec<_> = dataplanes.iter().map(|dataplane| dataplane.name.as_str()).collect();
    assert_eq!(names, ["msee-a", "msee-b", "ERGW1", "ERGW2", "host"]);

    let mut answer = json!({ "revision": 7, "dataplanes": [] });
    let lacks = |answer: &Value| {
        serde_json::from_value::<Status>(answer.clone()).unwrap().lacks(&dataplanes)
    };
    assert_eq!(lacks(&answer).len(), dataplanes.len());
    let reported = |dataplane: &Dataplane| json!({ "kind": dataplane.kind, "name": dataplane.name, "connected": true, "applied": 7 });
    answer["dataplanes"] = dataplanes.iter().skip(1).map(reported).collect();
    let behind = Behind(lacks(&answer));
    assert!(behind.to_string().ends_with(": msee-a: never connected to ercontrol"), "{behind}");
    answer["dataplanes"] = dataplanes.iter().map(reported).collect();
    assert_eq!(lacks(&answer), []);
}

#[test]
fn a_node_is_as_far_as_the_dataplane_that_works_for_it() {
    let text = include_str!("../../../../labs/fastpath.er.yml");
    let plan = topology::plan(&topology::parse(text, "test").unwrap()).unwrap();
    let status: Status = serde_json::from_value(json!({ "revision": 7, "dataplanes": [
        { "kind": "msee", "name": "msee-a", "connected": true, "applied": 7 },
        { "kind": "host", "name": "host", "connected": true, "applied": 6 },
    ] }))
    .unwrap();
    let told = |name: &str| {
        let node = plan.nodes.iter().find(|node| node.name == name).unwrap();
        status.of_node(node).to_string()
    };
    assert_eq!(told("msee-a"), "ready");
    assert_eq!(told("hub-vm"), "applying revision 7");
    assert_eq!(told("ERGW1"), "never connected to ercontrol");
    assert_eq!(told("ce1"), "ready");
}
