//! Start, stop, crash, and dataplanes that do not do as they are told.

use std::{
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use desired::Revision;
use serde_json::json;
use southbound::DataplaneKind;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};

use crate::support::{Behaviour, CIRCUIT, Daemon, GROUP, NETWORK, command};

#[tokio::test]
async fn a_kill_forgets_nothing_and_the_state_is_sent_again() {
    let mut daemon = Daemon::start_with_lab().await;
    let mut msee = daemon.dataplane(DataplaneKind::Msee, "msee-a").await;
    let key = daemon.authorize("a1").await;
    let fastpath = json!({ "authorizationKey": key, "expressRouteGatewayBypass": true });
    daemon.connect("conn1", "ERGW1", &fastpath).await;
    daemon
        .post(
            &format!("{NETWORK}/virtualNetworkGateways/ERGW1/failInstance"),
            &json!({ "instance": 1 }),
        )
        .await;
    let everything = [
        format!("{NETWORK}/virtualNetworks"),
        format!("{NETWORK}/virtualNetworkGateways"),
        format!("{NETWORK}/connections"),
        format!("{CIRCUIT}/authorizations"),
        format!("{GROUP}/Erlab.Edge/routers"),
        CIRCUIT.to_owned(),
    ];
    let mut before = Vec::new();
    for path in &everything {
        before.push(daemon.get(path).await.body);
    }
    let revision = daemon.get("/erlab/status").await.body["revision"].clone();
    let (state, count) = (msee.msee(), msee.count());

    daemon.kill_and_restart().await;

    let last = Revision(revision.as_u64().unwrap());
    msee.wait_for(|revision, _| revision == last).await;
    while msee.count() == count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(msee.msee(), state);
    while daemon.status_of("msee-a").await["applied"] != revision {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for (path, before) in everything.iter().zip(&before) {
        assert_eq!(&daemon.get(path).await.body, before, "{path}");
    }
    assert_eq!(daemon.get("/erlab/status").await.body["revision"], revision);
    let changed = daemon.delete(&format!("{NETWORK}/connections/conn1")).await;
    assert_eq!(changed.status, 200);
    assert_eq!(daemon.get("/erlab/status").await.body["revision"], json!(last.0 + 1));
}

#[tokio::test]
async fn sigterm_ends_it_cleanly_and_a_stale_socket_is_replaced() {
    let mut daemon = Daemon::start().await;
    let mode =
        |name: &str| std::fs::metadata(daemon.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("control.sock"), mode("dataplane.sock")), (0o660, 0o660));
    assert_eq!(mode("store.redb"), 0o600);
    daemon.kill_and_restart().await;
    let _idle_client = UnixStream::connect(daemon.path("control.sock")).await.unwrap();
    let started = Instant::now();
    assert_eq!(daemon.terminate(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert!(!daemon.path("control.sock").exists() && !daemon.path("dataplane.sock").exists());
}

#[tokio::test]
async fn a_second_instance_is_refused_clearly() {
    let daemon = Daemon::start().await;
    let second = command(daemon.directory()).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let text = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(text.contains("another ercontrol is running on the store"), "{text}");

    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("control.sock"), "precious").unwrap();
    let blocked = command(other.path()).output().unwrap();
    let text = String::from_utf8_lossy(&blocked.stderr).into_owned();
    assert!(text.contains("control.sock exists and is not a socket"), "{text}");
    assert_eq!(std::fs::read(other.path().join("control.sock")).unwrap(), b"precious");
}

#[tokio::test]
async fn a_refusing_dataplane_is_named_at_once_and_a_silent_one_at_the_deadline() {
    let daemon = Daemon::start_with_lab().await;
    let mut msee = daemon.dataplane(DataplaneKind::Msee, "msee-a").await;
    let _others = daemon.dataplanes_but(&["msee-a"]).await;
    let key = daemon.authorize("a1").await;
    msee.behave(Behaviour::Refuses);
    let started = Instant::now();
    let answer = daemon.connect("conn1", "ERGW1", &json!({ "authorizationKey": key })).await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!((answer.status, answer.property("provisioningState")), (201, &json!("Failed")));
    assert_eq!(answer.header("warning"), "199 ercontrol \"msee msee-a refused it: table 'full'\"");
    assert_eq!(daemon.status_of("msee-a").await["error"], "table \"full\"");

    msee.behave(Behaviour::Hangs);
    let path = format!("{NETWORK}/connections/conn1?api-version=2030-01-01&wait=false");
    let flip = crate::support::connection("ERGW1", &json!({ "expressRouteGatewayBypass": true }));
    let answer = daemon.put(&path, &flip).await;
    assert_eq!(answer.property("provisioningState"), "Updating");
    let started = Instant::now();
    let answer = daemon.connect("conn1", "ERGW1", &json!({})).await;
    assert!(started.elapsed() >= Duration::from_secs(9), "{:?}", started.elapsed());
    assert_eq!(answer.property("provisioningState"), "Updating");
    assert_eq!(answer.header("warning"), "199 ercontrol \"msee msee-a has not answered\"");

    msee.behave(Behaviour::Applies);
    daemon.connect("conn1", "ERGW1", &json!({ "expressRouteGatewayBypass": true })).await;
    msee.wait_for(|_, _| true).await;
    let shown = daemon.get(&format!("{NETWORK}/connections/conn1")).await;
    assert_eq!(shown.property("provisioningState"), "Succeeded");
}

#[tokio::test]
async fn a_registered_dataplane_that_is_gone_is_named_but_not_waited_for() {
    let mut daemon = Daemon::start_with_lab().await;
    // A young ercontrol has heard of nobody, but its store says whom to expect.
    daemon.kill_and_restart().await;
    let network = format!("{NETWORK}/virtualNetworks/young");
    let body =
        |prefix: &str| json!({ "properties": { "addressSpace": { "addressPrefixes": [prefix] } } });
    let started = Instant::now();
    let answer = daemon.put(&network, &body("10.8.0.0/16")).await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!((answer.status, answer.property("provisioningState")), (201, &json!("Updating")));
    assert_eq!(
        answer.header("warning"),
        "199 ercontrol \"msee msee-a is not connected; msee msee-b is not connected; \
         ergw ERGW1 is not connected; ergw ERGW2 is not connected\""
    );
    assert_eq!(daemon.status_of("ERGW2").await["connected"], false);

    let mut dataplanes = daemon.dataplanes_but(&[]).await;
    let answer = daemon.put(&network, &body("10.9.0.0/16")).await;
    assert_eq!((answer.status, answer.property("provisioningState")), (200, &json!("Succeeded")));
    assert_eq!(answer.header("warning"), "");

    drop(dataplanes.pop());
    while daemon.status_of("ERGW2").await["connected"] == true {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let started = Instant::now();
    let answer = daemon.put(&network, &body("10.8.0.0/16")).await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!((answer.status, answer.property("provisioningState")), (200, &json!("Updating")));
    assert_eq!(answer.header("warning"), "199 ercontrol \"ergw ERGW2 is not connected\"");
    let host = format!("{GROUP}/Erlab.Edge/gatewayHosts/ERGW2");
    assert_eq!(daemon.delete(&host).await.header("warning"), "", "the model counts on it no more");
    let answer = daemon.put(&network, &body("10.9.0.0/16")).await;
    assert_eq!(answer.property("provisioningState"), "Succeeded");
}

#[tokio::test]
async fn a_change_that_does_not_concern_a_dataplane_is_not_sent_to_it() {
    let daemon = Daemon::start_with_lab().await;
    let msee = daemon.dataplane(DataplaneKind::Msee, "msee-a").await;
    let ergw = daemon.dataplane_that(DataplaneKind::Ergw, "ERGW2", Behaviour::Hangs).await;
    let counts = (msee.count(), ergw.count());
    ergw.behave(Behaviour::Applies);
    daemon.put("/subscriptions/s/resourceGroups/new?wait=false", &json!({ "location": "x" })).await;
    assert_eq!((msee.count(), ergw.count()), counts);
    let revision = daemon.get("/erlab/status").await.body["revision"].clone();
    let mut status = daemon.status_of("msee-a").await;
    // The change is compiled in the background of an answer that does not wait.
    while status["applied"] != revision {
        tokio::time::sleep(Duration::from_millis(5)).await;
        status = daemon.status_of("msee-a").await;
    }
    assert_eq!(daemon.status_of("ERGW2").await["applied"], json!(null), "it never answered");
}

#[tokio::test]
async fn another_protocol_is_rejected_and_a_second_stream_replaces_the_first() {
    let daemon = Daemon::start_with_lab().await;
    let rejected = |hello: &'static str| async {
        let mut stream = UnixStream::connect(daemon.path("dataplane.sock")).await.unwrap();
        stream.write_all(hello.as_bytes()).await.unwrap();
        let mut line = String::new();
        let mut reader = BufReader::new(stream);
        reader.read_line(&mut line).await.unwrap();
        (reader, line)
    };
    let newer = "{\"message\":\"hello\",\"protocol\":99,\"kind\":\"msee\",\"name\":\"msee-a\"}\n";
    let (_, line) = rejected(newer).await;
    assert!(line.contains("\"rejected\"") && line.contains("version 99"), "{line}");
    let (_, line) = rejected("GET / HTTP/1.1\n").await;
    assert!(line.contains("\"rejected\"") && line.contains("not a hello"), "{line}");

    let hello = "{\"message\":\"hello\",\"protocol\":1,\"kind\":\"msee\",\"name\":\"msee-a\"}\n";
    let (mut first, line) = rejected(hello).await;
    assert!(line.contains("\"desired\""), "{line}");
    let (_second, line) = rejected(hello).await;
    assert!(line.contains("\"desired\""), "{line}");
    let mut last = String::new();
    first.read_line(&mut last).await.unwrap();
    assert!(last.contains("replaces this one"), "{last}");
}
