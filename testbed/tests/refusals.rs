//! What must be refused is refused, with an error that names object, rule and cure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use harness::{CIRCUIT, Lab};

#[test]
fn refusals_name_object_rule_and_cure() {
    let lab = Lab::deploy("refusals");
    let create = |name: &str, gateway: &str, circuit: &str, key: Option<&str>, bypass: &str| {
        let mut args = vec!["connection", "create", name, "--gateway", gateway];
        args.extend(["--circuit", circuit, "--express-route-gateway-bypass", bypass]);
        if let Some(key) = key {
            args.extend(["--authorization-key", key]);
        }
        lab.erlab(&args)
    };

    let key = lab.authorization("spare");
    // ERGW2 is ErGw1AZ.
    lab.erlab(&["connection", "update", "conn2", "--express-route-gateway-bypass", "true"])
        .fails_with(&["conn2", "ErGw3AZ", "ERGW2"]);
    create("again", "ERGW2", CIRCUIT, Some(&key), "false").fails_with(&["ERGW2", "conn2"]);
    create("conn1", "ERGW1", CIRCUIT, None, "true").fails_with(&[
        "conn1",
        CIRCUIT,
        "authorization",
    ]);
    let wrong = "00000000-0000-4000-8000-000000000000";
    create("conn1", "ERGW1", CIRCUIT, Some(wrong), "true").fails_with(&["conn1", CIRCUIT]);
    create("conn1", "ERGW9", CIRCUIT, Some(&key), "true").fails_with(&["ERGW9"]);
    create("conn1", "ERGW1", "NO_CIRCUIT", Some(&key), "true").fails_with(&["NO_CIRCUIT"]);

    // A key serves one connection, and is free again when that is deleted.
    create("conn1", "ERGW1", CIRCUIT, Some(&key), "true").succeeds();
    lab.erlab(&["connection", "delete", "conn2"]).succeeds();
    create("other", "ERGW2", CIRCUIT, Some(&key), "false").fails_with(&["other", "conn1"]);
    lab.erlab(&["connection", "delete", "conn1"]).succeeds();
    create("conn1", "ERGW1", CIRCUIT, Some(&key), "false").succeeds();

    lab.erlab(&["connection", "show", "nothing"]).fails_with(&["nothing"]);
    lab.erlab(&["exec", "no-such-node", "--", "true"]).fails_with(&["no-such-node"]);

    // Keys are secrets: in no log.
    for entry in std::fs::read_dir(lab.directory()).unwrap().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "log") {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            assert!(!text.contains(&key), "{} holds a key", entry.path().display());
        }
    }
}
