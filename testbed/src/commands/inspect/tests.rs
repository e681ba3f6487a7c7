use serde_json::json;

use super::*;

fn lab(control: Result<ControlState, String>) -> LabReport {
    LabReport {
        name: "fastpath".to_owned(),
        nodes: vec![NodeState {
            lab_name: "fastpath".to_owned(),
            lab_path: "/run/erlab/fastpath".to_owned(),
            name: "hub-vm".to_owned(),
            kind: "vm",
            state: "running",
            status: "ready".to_owned(),
            ipv4_address: "10.255.10.4/16".to_owned(),
            ipv6_address: String::new(),
            owner: "root".to_owned(),
            xdp: None,
            xdp_because: None,
            fabric_host: None,
            vni: None,
        }],
        tunnels: Vec::new(),
        control,
    }
}

#[test]
fn json_has_containerlabs_keys() {
    let value = serde_json::to_value(&lab(Err(String::new())).nodes).unwrap();
    let keys: Vec<_> = value[0].as_object().unwrap().keys().cloned().collect();
    let mut expected = [
        "lab_name",
        "labPath",
        "name",
        "kind",
        "state",
        "status",
        "ipv4_address",
        "ipv6_address",
        "owner",
    ];
    expected.sort_unstable();
    let mut keys = keys;
    keys.sort_unstable();
    assert_eq!(keys, expected);
}

#[test]
fn the_table_shows_fastpath_and_instances() {
    let text = render(&[lab(Ok(ControlState {
        revision: 9,
        connections: json!({"value": [{"name": "conn1", "properties": {
            "expressRouteGatewayBypass": true
        }}]}),
        gateways: json!({"value": [{"name": "ERGW1", "properties": {"sku": {"name": "ErGw3AZ"}}}]}),
        circuits: json!({"value": [{"name": "C", "properties": {"stag": 20}}]}),
    }))]);
    assert!(text.starts_with("lab fastpath, revision 9\n"), "{text}");
    assert!(
        text.contains("hub-vm  vm    running  ready   10.255.10.4/16  fastpath-hub-vm"),
        "{text}"
    );
    assert!(text.contains("conn1"), "{text}");
    assert!(text.contains("ERGW1    ErGw3AZ"), "{text}");
    assert!(text.contains("STAG") && text.contains("20"), "{text}");
}

#[test]
fn a_vxlan_fabric_shows_hosts_endpoints_and_identifiers() {
    let mut report = lab(Err("ercontrol is not running".to_owned()));
    report.tunnels = vec![fabric::Tunnel {
        fabric: "fabric0".to_owned(),
        node: "hub-vm".to_owned(),
        host: Some("hub-vm-host".to_owned()),
        endpoint: "100.64.0.3".parse().unwrap(),
        vnet: Some("hub".to_owned()),
        vni: Some(5001),
    }];
    let text = render(&[report]);
    assert!(text.contains("fabric0  hub-vm  hub   5001  hub-vm-host  100.64.0.3"), "{text}");
    assert!(!render(&[lab(Err(String::new()))]).contains("VNI"), "a plain lab has no such table");
}

#[test]
fn a_dead_control_daemon_does_not_hide_the_nodes() {
    let text = render(&[lab(Err("ercontrol is not running".to_owned()))]);
    assert!(text.contains("hub-vm"), "{text}");
    assert!(text.contains("ercontrol is not running"), "{text}");
}

#[test]
fn generic_mode_is_said() {
    let mut lab = lab(Err(String::new()));
    assert_eq!((slowness(None), slowness(Some("native"))), ("", ""));
    lab.nodes[0].status.push_str(slowness(Some("generic")));
    assert!(render(&[lab]).contains("ready (generic XDP: slower)"));
}

#[test]
fn no_lab_says_how_to_start_one() {
    assert!(render(&[]).contains("erlab deploy"));
}

#[test]
fn a_node_is_ready_when_it_is_up_to_date() {
    assert_eq!(readiness(true, Some(Standing::UpToDate)), "ready");
    assert_eq!(readiness(true, Some(Standing::Applying(9))), "applying revision 9");
    let refused = Standing::Refused(9, "the pool is full".to_owned());
    assert_eq!(readiness(true, Some(refused)), "refused revision 9: the pool is full");
    assert_eq!(readiness(false, Some(Standing::UpToDate)), "not ready");
    assert_eq!(readiness(false, Some(Standing::Applying(9))), "applying revision 9");
    assert_eq!(readiness(false, None), "not ready");
    assert_eq!(readiness(true, None), "ready, as far as it knows itself");
}
