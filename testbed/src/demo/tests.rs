use super::{check::Check, *};

fn summary(scenes: &[Scene], passed: bool, stopped: Option<&str>) -> String {
    let stopped = stopped.map(ToOwned::to_owned);
    render(&Summary { lab: "fastpath", passed, stopped, scenes }, Style::plain(), true)
}

fn scene(checks: Vec<Check>) -> Scene {
    Scene { title: "2. conn1 with FastPath".to_owned(), checks }
}

#[test]
fn a_summary_counts_the_verdicts() {
    let text = summary(&[scene(vec![Check::same("a", "x", "x")])], true, None);
    assert!(text.contains("✔ 2. conn1 with FastPath: 1 of 1"), "{text}");
    assert!(text.contains("1 of 1 verdicts hold: as the lab says"), "{text}");
    assert!(text.contains("erlab destroy fastpath"), "{text}");
}

#[test]
fn failed_verdicts_are_repeated_with_both_sides() {
    let checks = vec![Check::same("a", "x", "x"), Check::same("path", "a, b", "a, *, b")];
    let text = summary(&[scene(checks)], false, Some("`erlab inspect` failed"));
    assert!(text.contains("✘ 2. conn1 with FastPath: 1 of 2"), "{text}");
    assert!(text.contains("expected a, b │ seen a, *, b"), "{text}");
    assert!(text.contains("stopped early: `erlab inspect` failed"), "{text}");
    assert!(text.contains("1 of 2 verdicts hold: the story was not told"), "{text}");
    let text = summary(&[scene(vec![Check::same("path", "a", "b")])], false, None);
    assert!(text.contains("0 of 1 verdicts hold: NOT as the lab says"), "{text}");
}

#[test]
fn the_built_in_lab_has_the_storys_names() {
    let topology = topology::parse(TOPOLOGY, "test").unwrap();
    assert_eq!(topology.name.value, "fastpath");
    assert!(topology.expressroute.circuits.find("CIRCUIT_EQUINIX").is_some());
    assert!(topology.expressroute.connections.find("conn1").is_none());
}
