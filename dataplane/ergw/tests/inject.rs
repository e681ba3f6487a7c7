//! A packet injected over the admin socket: judged by the real program and state, not sent, not
//! counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod lab;

use lab::{UP, control::Control, delivered, frame, in_lab, port::Port, state};
use serde_json::json;

const TO_HUB_VM: &str =
    r#"{"source":"10.1.0.4","destination":"10.254.10.4","protocol":"udp","ttl":2}"#;

#[test]
fn an_injected_packet_tells_its_way_and_leaves_no_trace() {
    in_lab(|lab| {
        let control = Control::start(&lab.control_socket());
        let gateway = lab.start();
        let (status, told) = gateway.post("/inject", TO_HUB_VM);
        assert_eq!((status, &told["verdict"]), (200, &json!("gw_no_state")), "{told:#}");

        control.apply(5, state());
        let (status, told) = gateway.post("/inject", TO_HUB_VM);
        assert_eq!(status, 200, "{told:#}");
        assert_eq!((&told["verdict"], &told["generation"]), (&json!("gw_forwarded"), &json!(5)));
        assert_eq!(told["leaves_by"], "eth1");
        let texts: Vec<_> = told["steps"].as_array().unwrap().iter().map(|s| &s["text"]).collect();
        assert!(texts.contains(&&json!("ERGW1 instance 10.254.0.12")), "{told:#}");
        assert!(texts.contains(&&json!("10.254.10.4 -> VM hub-vm")), "{told:#}");
        let (_, told) = gateway.post("/inject", &TO_HUB_VM.replace("\"ttl\":2", "\"ttl\":1"));
        assert_eq!(told["verdict"], "gw_ttl_expired_silent");

        assert_eq!(gateway.judged(), 0, "counted: {}", gateway.counters());
        // Nothing was sent either: the first frame that arrives is a real one's.
        let port = Port::open("lan");
        port.send(&frame(UP, [10, 254, 10, 4], 64, 1));
        assert_eq!(port.receive(), delivered(64, 1));
    });
}

#[test]
fn what_cannot_be_injected_is_refused_by_name() {
    in_lab(|lab| {
        let gateway = lab.start();
        let on = |port: &str| {
            format!(r#"{{"port":"{port}","source":"10.1.0.4","destination":"10.254.10.4"}}"#)
        };
        assert_eq!(gateway.post("/inject", &on("eth1")).0, 200);
        let (status, refused) = gateway.post("/inject", &on("eth9"));
        assert_eq!((status, &refused["error"]["code"]), (400, &json!("NoSuchPort")));
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains("eth9") && message.contains("eth1"), "{message}");
        let (status, refused) = gateway.post("/inject", r#"{"source":"10.1.0.4"}"#);
        assert_eq!((status, &refused["error"]["code"]), (422, &json!("InvalidRequest")));
    });
}
