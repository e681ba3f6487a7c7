use super::*;
use crate::topology::plan::MseePath;

fn node(name: &str, kind: NodeKind) -> Node {
    let namespace = format!("lc-unit-{name}");
    Node { name: name.to_owned(), namespace, kind, interfaces: vec![], routes: vec![] }
}

fn plan() -> Plan {
    Plan {
        lab: "lc-unit".to_owned(),
        nodes: vec![
            node("ce1", NodeKind::Onprem),
            node("msee-a", NodeKind::Msee { path: MseePath::Primary }),
            node("msee-b", NodeKind::Msee { path: MseePath::Secondary }),
            node("ERGW1", NodeKind::Gateway { vnet: "hub".to_owned() }),
            node("hub-vm", NodeKind::Vm { vnet: "hub".to_owned() }),
        ],
        links: vec![],
        fabrics: vec![],
        ecmp_pins: vec![],
    }
}

#[test]
fn routers_and_gateways_get_a_daemon_in_their_namespace() {
    let daemons = daemons(&plan(), &RunDirectory::of("lc-unit"));
    let names: Vec<_> = daemons.iter().map(|daemon| daemon.name.as_str()).collect();
    assert_eq!(names, ["ercontrol", "msee-a", "msee-b", "ERGW1"]);
    assert_eq!(daemons[0].namespace, None);
    assert_eq!(daemons[1].namespace.as_deref(), Some("lc-unit-msee-a"));
    assert_eq!(daemons[1].log.file_name().unwrap(), "msee-msee-a.log");
    assert_eq!(programs(&plan()), ["ercontrol", "ergw", "msee"]);
}

#[test]
fn the_command_lines_are_the_ones_the_daemons_take() {
    let lines: Vec<_> = daemons(&plan(), &RunDirectory::of("lc-unit"))
        .iter()
        .map(|daemon| daemon.arguments.join(" ".as_ref()).into_string().unwrap())
        .collect();
    let directory = "/run/erlab/lc-unit";
    assert_eq!(
        lines[0],
        format!(
            "--store {directory}/store.redb --api {directory}/control.sock \
             --dataplanes {directory}/dataplane.sock"
        )
    );
    assert_eq!(
        lines[1],
        format!(
            "--name msee-a --control {directory}/dataplane.sock --admin {directory}/msee-a.sock \
             --pins /run/erlab/bpf/lc-unit/msee-a --replace"
        )
    );
    assert_eq!(
        lines[3],
        format!(
            "--name ERGW1 --control {directory}/dataplane.sock --admin {directory}/ERGW1.sock \
             --pins /run/erlab/bpf/lc-unit/ERGW1 --interface eth1"
        )
    );
}
