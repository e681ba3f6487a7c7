//! The tool through real routers.

use super::*;
use crate::wire::test_namespaces::TestNamespaces;

/// `a` - router - `b`; 10.9/16 is unreachable at the router, and behind it 10.1.2.77 is silent.
fn routed() -> TestNamespaces {
    let namespaces = TestNamespaces::new(&["a", "router", "b"]);
    for (host, network) in [("a", "10.1.1"), ("b", "10.1.2")] {
        let port = format!("to-{host}");
        namespaces.veth((host, "eth1"), ("router", &port));
        namespaces.ip(host, &format!("address add {network}.1/24 dev eth1"));
        namespaces.ip("router", &format!("address add {network}.2/24 dev {port}"));
        namespaces.ip(host, &format!("route add default via {network}.2"));
        namespaces.sysctl(host, "net.ipv4.icmp_ratelimit=0");
    }
    namespaces.sysctl("router", "net.ipv4.ip_forward=1");
    namespaces.sysctl("router", "net.ipv4.icmp_ratelimit=0");
    namespaces.ip("router", "route add unreachable 10.9.0.0/16");
    let silent = "neighbour add 10.1.2.77 lladdr 02:00:00:00:00:77 dev to-b nud permanent";
    namespaces.ip("router", silent);
    namespaces
}

fn spec(namespaces: &TestNamespaces, to: [u8; 4]) -> TracerouteSpec {
    TracerouteSpec::new(namespaces.name("a"), to.into())
}

fn expect<const N: usize>(hops: [&str; N]) -> [Expect; N] {
    hops.map(|hop| hop.parse().unwrap())
}

#[test]
fn a_router_and_a_host_answer() {
    let namespaces = routed();
    let mut streamed = String::new();
    let trace = run(&spec(&namespaces, [10, 1, 2, 1]), |piece| streamed += piece).unwrap();
    assert!(trace.matches(&expect(["10.1.1.2", "10.1.2.1"])), "{}", trace.raw);
    assert!(trace.reached);
    assert_eq!(trace.raw, streamed);
    assert!(trace.raw.starts_with("traceroute to 10.1.2.1 (10.1.2.1), 64 hops max\n"));
    assert!(trace.hops.iter().all(|hop| hop.probes.len() == 3));
    assert!(!trace.matches(&expect(["10.1.1.2", "*", "10.1.2.1"])));
    assert!(!trace.matches(&expect(["10.1.1.2"])));
}

#[test]
fn a_dead_path_ends_after_the_silent_hops() {
    let namespaces = routed();
    let spec = TracerouteSpec { silent_hops: Some(1), ..spec(&namespaces, [10, 1, 2, 77]) };
    let trace = run(&spec, |_| ()).unwrap();
    assert!(trace.matches(&expect(["10.1.1.2", "*"])), "{}", trace.raw);
    assert!(!trace.reached && trace.raw.ends_with(" * \n"));
}

#[test]
fn an_unreachable_is_marked_and_ends_it() {
    let namespaces = routed();
    let trace = run(&spec(&namespaces, [10, 9, 0, 1]), |_| ()).unwrap();
    assert_eq!(trace.hop_list(), ["10.1.1.2"]);
    assert_eq!(trace.hops[0].probes[0].annotation.as_deref(), Some("!H"));
    assert!(!trace.reached);
}

#[test]
fn a_node_without_route_is_a_failure_that_says_so() {
    let namespaces = routed();
    namespaces.ip("a", "route del default");
    let error = run(&spec(&namespaces, [10, 1, 2, 1]), |_| ()).unwrap_err();
    assert!(error.to_string().contains("Network is unreachable"), "{error}");
    let nowhere = TracerouteSpec::new("wt-nowhere", [10, 1, 2, 1].into());
    assert!(matches!(run(&nowhere, |_| ()), Err(TracerouteError::Namespace(_))));
}

#[test]
fn a_trace_is_the_same_after_json() {
    let trace = parse([10, 1, 2, 1].into(), "  1   *  10.1.2.1  1.250ms !X \n");
    let json = serde_json::to_string(&trace).unwrap();
    assert_eq!(serde_json::from_str::<Trace>(&json).unwrap(), trace);
}
