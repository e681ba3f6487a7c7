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
        .fails_with(&["conn2", "ErGw3AZ", "ERGW2"])
        .fails_with(&["for gateway ERGW2", "`erlab deploy`"]);
    create("again", "ERGW2", CIRCUIT, Some(&key), "false")
        .fails_with(&["ERGW2", "`erlab connection update conn2`"]);
    create("conn1", "ERGW1", CIRCUIT, None, "true").fails_with(&[
        "conn1",
        "authorization",
        "`erlab authorization create conn1-auth --circuit CIRCUIT_EQUINIX`",
    ]);
    let wrong = "00000000-0000-4000-8000-000000000000";
    create("conn1", "ERGW1", CIRCUIT, Some(wrong), "true")
        .fails_with(&["conn1", "`erlab authorization list --circuit CIRCUIT_EQUINIX`"]);
    create("conn1", "ERGW9", CIRCUIT, Some(&key), "true").fails_with(&[
        "no gateway `ERGW9`",
        "it has: ERGW1, ERGW2",
        "`erlab gateway list`",
    ]);
    create("conn1", "ERGW1", "NO_CIRCUIT", Some(&key), "true").fails_with(&[
        "no circuit `NO_CIRCUIT`",
        "it has: CIRCUIT_EQUINIX",
        "`erlab circuit list`",
    ]);
    lab.erlab(&["circuit", "deprovision", CIRCUIT]).succeeds();
    create("conn1", "ERGW1", CIRCUIT, Some(&key), "true")
        .fails_with(&["Provisioned", "`erlab circuit provision CIRCUIT_EQUINIX`"]);
    lab.erlab(&["circuit", "provision", CIRCUIT]).succeeds();

    // A key serves one connection, and is free again when that is deleted.
    create("conn1", "ERGW1", CIRCUIT, Some(&key), "true").succeeds();
    lab.erlab(&["connection", "delete", "conn2"]).succeeds();
    create("other", "ERGW2", CIRCUIT, Some(&key), "false").fails_with(&[
        "other",
        "`erlab authorization create other-auth --circuit CIRCUIT_EQUINIX`",
        "`erlab connection delete conn1`",
    ]);
    lab.erlab(&["authorization", "delete", "spare", "--circuit", CIRCUIT])
        .fails_with(&["spare", "`erlab connection delete conn1`"]);
    lab.erlab(&["connection", "delete", "conn1"]).succeeds();
    create("conn1", "ERGW1", CIRCUIT, Some(&key), "false").succeeds();

    for verb in ["show", "delete"] {
        lab.erlab(&["connection", verb, "nothing"]).fails_with(&[
            "no connection `nothing`",
            "it has: conn1",
            "`erlab connection list`",
        ]);
    }
    lab.erlab(&["connection", "update", "nothing", "--routing-weight", "1"])
        .fails_with(&["no connection `nothing`", "it has: conn1"]);
    for verb in ["show", "fail", "restore"] {
        lab.erlab(&["gateway", verb, "ERGW9"]).fails_with(&[
            "no gateway `ERGW9`",
            "it has: ERGW1, ERGW2",
            "`erlab gateway list`",
        ]);
    }
    lab.erlab(&["authorization", "delete", "nothing", "--circuit", CIRCUIT]).fails_with(&[
        "no authorization `nothing`",
        "spare",
        "`erlab authorization list --circuit CIRCUIT_EQUINIX`",
    ]);
    for args in [&["circuit", "show", "nothing"][..], &["circuit", "provision", "nothing"]] {
        lab.erlab(args).fails_with(&["no circuit `nothing`", "`erlab circuit list`"]);
    }
    lab.erlab(&["exec", "no-such-node", "--", "true"])
        .fails_with(&["no-such-node", "`erlab inspect`"]);

    // Keys are secrets: in no log.
    for entry in std::fs::read_dir(lab.directory()).unwrap().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "log") {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            assert!(!text.contains(&key), "{} holds a key", entry.path().display());
        }
    }
}
