use std::net::Ipv4Addr;

use packet::probe::Protocol;

use super::*;
use crate::path::{
    forward,
    tests::{DESTINATION, FAILED, SOURCE, UP, state},
};

const NOBODY: [u8; 4] = [10, 254, 10, 5];

fn request(destination: [u8; 4], ttl: u8) -> InjectRequest {
    let (source, destination) = (Ipv4Addr::from(SOURCE), Ipv4Addr::from(destination));
    InjectRequest {
        port: None,
        source: source.into(),
        destination: destination.into(),
        protocol: Protocol::Icmp,
        ttl,
    }
}

fn context<'a>(request: &'a InjectRequest, state: Option<&'a Snapshot>) -> Context<'a> {
    Context { gateway: "ERGW1", interface: "eth1", request, state }
}

fn told(explanation: &Explanation) -> Vec<String> {
    let line = |step: &ExplainedStep| format!("{} {}", step.stage, step.text);
    explanation.steps.iter().map(line).collect()
}

#[test]
fn a_delivered_packet_is_told_by_the_names_of_instance_and_vm() {
    let (state, request) = (state(), request(DESTINATION, 64));
    let context = context(&request, Some(&state));
    let explanation = context.explain(&mut context.frame().unwrap(), true);
    assert_eq!(
        told(&explanation),
        [
            "port fabric port eth1",
            "gw_check ok",
            "gw_instance ERGW1 instance 10.254.0.12",
            "gw_lookup 10.254.10.4 -> VM hub-vm",
            "gw_ttl 64 -> 63",
            "gw_out eth1 to VM hub-vm",
        ]
    );
    assert_eq!((explanation.verdict, explanation.generation), ("gw_forwarded", 7));
    assert_eq!(explanation.leaves_by.as_deref(), Some("eth1"));
    assert_eq!(state.delivered().values().sum::<u64>(), 0, "an injected packet was counted");
}

/// The stages here are the packet thread's, in its order: any frame has the same end.
#[test]
fn the_verdict_is_the_one_a_real_packet_gets() {
    let state = state();
    for to in [UP, FAILED, SOME_STATION] {
        for destination in [DESTINATION, NOBODY] {
            for ttl in [0, 1, 2, 255] {
                for state in [Some(&state), None] {
                    let request = request(destination, ttl);
                    let frame = request.frame(to, SOME_STATION, &[]);
                    let (mut real, mut injected) = (frame.clone(), frame);
                    let expected = forward(&mut real, state).err().unwrap_or(Verdict::GwForwarded);
                    let explanation = context(&request, state).explain(&mut injected, true);
                    assert_eq!(explanation.verdict, expected.name());
                    assert_eq!(injected, real);
                    let last = explanation.steps.last().unwrap();
                    assert_eq!(last.verdict, Some(expected.name()));
                    assert_eq!(last.stage, expected.stage().name());
                }
            }
        }
    }
}

#[test]
fn where_it_ends_the_sentence_says_what_it_was_about() {
    let state = state();
    let last = |request: &InjectRequest| {
        let context = context(request, Some(&state));
        told(&context.explain(&mut context.frame().unwrap(), true)).pop().unwrap()
    };
    assert!(last(&request(NOBODY, 64)).starts_with("gw_lookup 10.254.10.5: Gateway: no VM"));
    assert!(last(&request(DESTINATION, 1)).starts_with("gw_ttl ttl 1: Gateway: the TTL ends"));
}

#[test]
fn a_frame_that_the_program_does_not_admit_ends_there() {
    let (state, request) = (state(), request(DESTINATION, 64));
    let context = context(&request, Some(&state));
    let explanation = context.explain(&mut context.frame().unwrap(), false);
    assert_eq!((explanation.verdict, explanation.steps.len()), ("gw_no_socket", 2));
}

#[test]
fn only_the_ports_own_name_is_taken() {
    let named =
        |port: &str| InjectRequest { port: Some(port.to_owned()), ..request(DESTINATION, 64) };
    assert!(context(&named("eth1"), None).frame().is_ok());
    let error = context(&named("eth2"), None).frame().unwrap_err();
    assert_eq!(error.to_string(), "eth2 is no port of gateway ERGW1; its only one is eth1");
}
