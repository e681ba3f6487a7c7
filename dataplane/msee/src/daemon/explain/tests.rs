use std::net::Ipv4Addr;

use abi::trace::{Record, STEPS};
use packet::probe::Protocol;

use super::*;
use crate::{
    daemon::inject::{self, choose_port},
    example::{self, CE, FABRIC, HUB_VM, NOWHERE, OURS_AT_CE, SPOKE_VM},
};

fn explained(destination: Ipv4Addr, steps: &[(Stage, Verdict, u32)]) -> Explanation {
    explained_by(&example::state(), destination, steps)
}

fn explained_by(
    state: &MseeState,
    destination: Ipv4Addr,
    steps: &[(Stage, Verdict, u32)],
) -> Explanation {
    let compiled = example::compiled_from(state);
    let request = InjectRequest {
        port: None,
        source: CE.into(),
        destination: destination.into(),
        protocol: Protocol::Icmp,
        ttl: 2,
    };
    let port = choose_port(&request, &compiled).unwrap();
    let frame = inject::frame(&request, port, &compiled, state);
    let mut record =
        Record { length: steps.len() as u32, generation: 7, steps: [Step::default(); STEPS] };
    for (place, (stage, verdict, value)) in record.steps.iter_mut().zip(steps) {
        *place = Step { stage: *stage as u16, verdict: verdict.number(), value: *value };
    }
    let injection = Injection { record, action: 4, bytes: frame.clone() };
    let context = Context { compiled: &compiled, state, request: &request, port, frame: &frame };
    context.explain(&injection)
}

fn adjacency_of(destination: Ipv4Addr) -> u32 {
    let compiled = example::compiled();
    compiled.lookup(compiled.vrf_roots("CIRCUIT_EQUINIX").unwrap(), destination.into()).unwrap()
}

fn texts(explanation: &Explanation) -> Vec<String> {
    explanation.steps.iter().map(|step| format!("{} {}", step.stage, step.text)).collect()
}

#[test]
fn a_spoke_is_reached_through_its_gateway() {
    let gateway = adjacency_of(SPOKE_VM);
    let told = explained(
        SPOKE_VM,
        &[
            (Stage::Port, Verdict::None, 1),
            (Stage::Check, Verdict::None, 0),
            (Stage::Lookup, Verdict::None, gateway),
            (Stage::Ttl, Verdict::None, 2 << 8 | 1),
            (Stage::Adjacency, Verdict::None, gateway),
            (Stage::Out, Verdict::ForwardedGateway, FABRIC),
        ],
    );
    assert_eq!(
        texts(&told),
        [
            "port circuit CIRCUIT_EQUINIX (primary), CE side",
            "check ok",
            "lookup 10.254.0.0/16 -> gateway ERGW1 (conn1)  [spoke prefix: not in FastPath]",
            "ttl 2 -> 1",
            "adjacency ERGW1 instance 10.255.0.12",
            "out eth2",
        ]
    );
    assert_eq!((told.verdict, told.generation), ("forwarded_gateway", 7));
    assert_eq!(told.leaves_by.as_deref(), Some("eth2"));
}

#[test]
fn fastpath_names_the_vm() {
    let direct = adjacency_of(HUB_VM);
    let told = explained(
        HUB_VM,
        &[
            (Stage::Lookup, Verdict::None, direct),
            (Stage::Adjacency, Verdict::None, direct),
            (Stage::Out, Verdict::ForwardedDirect, FABRIC),
        ],
    );
    assert_eq!(
        texts(&told),
        [
            "lookup 10.255.10.4/32 -> VM hub-vm (FastPath, conn1)  [hub VM: in FastPath]",
            "adjacency VM hub-vm (FastPath, conn1)",
            "out eth2",
        ]
    );
}

#[test]
fn what_userspace_answers_is_told_too() {
    let told = explained(NOWHERE, &[(Stage::Lookup, Verdict::NoRoute, 0)]);
    assert_eq!(told.verdict, "icmp_net_unreachable");
    assert_eq!(told.leaves_by, None);
    let texts = texts(&told);
    assert!(texts[0].starts_with("lookup 198.51.100.1: "), "{texts:?}");
    assert_eq!(
        texts[1],
        "icmp Answered with Net or Host Unreachable from 172.16.1.2 to 172.16.1.1, out eth1"
    );
    assert_eq!(told.steps[0].verdict, Some("no_route"));
    let told = explained(OURS_AT_CE, &[(Stage::Local, Verdict::LocalEcho, 0)]);
    assert_eq!(told.verdict, "icmp_echo_reply");
}

#[test]
fn a_drop_is_the_last_step() {
    let told = explained(SPOKE_VM, &[(Stage::Check, Verdict::CheckChecksum, 0)]);
    assert_eq!(texts(&told), ["check The IP header checksum is wrong."]);
    assert_eq!((told.verdict, told.leaves_by), ("check_checksum", None));
}

#[test]
fn a_record_from_a_program_of_another_build_does_not_panic() {
    let told = explained(SPOKE_VM, &[]);
    assert_eq!((told.verdict, told.steps.len()), ("none", 0));
    let compiled = example::compiled();
    let nonsense = Step { stage: 999, verdict: 0xffff, value: u32::MAX };
    let record = Record { length: u32::MAX, generation: 0, steps: [nonsense; STEPS] };
    let request = InjectRequest {
        port: None,
        source: CE.into(),
        destination: NOWHERE.into(),
        protocol: Protocol::Udp,
        ttl: 1,
    };
    let port = choose_port(&request, &compiled).unwrap();
    let state = example::state();
    let context =
        Context { compiled: &compiled, state: &state, request: &request, port, frame: &[] };
    let told = context.explain(&Injection { record, action: 0, bytes: Vec::new() });
    assert_eq!(told.steps.len(), STEPS);
}

#[test]
fn a_packet_for_a_neighbour_that_is_to_be_found_waits() {
    let told = explained_by(
        &example::silent_state(),
        HUB_VM,
        &[
            (Stage::Port, Verdict::None, 1),
            (Stage::Adjacency, Verdict::NeighbourUnresolved, adjacency_of(HUB_VM)),
        ],
    );
    assert_eq!((told.verdict, told.leaves_by.as_deref()), ("neighbour_unresolved", None));
    let last = texts(&told).pop().unwrap();
    assert_eq!(last, "adjacency waits while 10.255.10.4 is asked for on eth2, if it is not known");
}
