//! Every call by which a state is applied, or a process started, is made to fail once: what was in force
//! stays, whole, or the new state is, and trying again works.

use std::fs;

use abi::verdict::Verdict;
use desired::{MseeState, Revision};
use msee::{
    daemon::{Router, RouterApplyError},
    fastpath::{ApplyError, FastPath, Loader, Neighbours, steps::Step},
};
use nix::errno::Errno;

use crate::{
    bench::{Bench, eventually, expire, names},
    faults::Fault,
    frames::Packet,
    kernel::{Objects, pinned_maps, pinned_tags},
    object,
    rig::{self, ETH1, mac},
    soak,
    traffic::Traffic,
};

const ERRORS: [Errno; 3] = [Errno::ENOSPC, Errno::ENOMEM, Errno::EINTR];

/// With and without the port eth3, and another next hop for the spoke in each.
fn states() -> [(MseeState, u8); 2] {
    [(true, 0x51), (false, 0x52)].map(|(with_port, next_hop)| {
        let mut state = rig::state();
        if !with_port {
            state.circuit_ports.remove("eth3");
        }
        let vrf = state.vrfs.get_mut("circuit").unwrap();
        vrf.routes.extend(rig::vrf(&[("10.254.0.0/16", rig::direct(next_hop))]).routes);
        (state, next_hop)
    })
}

/// Whether packets are judged by this state, and its ports are the ones attached.
fn is_in_force(bench: &Bench, fast_path: &FastPath, (state, next_hop): &(MseeState, u8)) -> bool {
    let port = fast_path.ports().iter().find(|port| port.name == "eth1").unwrap();
    let frame = Packet::udp(ETH1, [172, 16, 1, 1], [10, 254, 10, 4]).bytes();
    let (action, bytes) = rig::run(&rig::program(&bench.pins()), Some(port.ifindex), &frame);
    assert_eq!(action, 4);
    let by_tables = bytes[..6] == mac(*next_hop);
    let by_ports = fast_path.ports().iter().any(|port| port.name == "eth3")
        == state.circuit_ports.contains_key("eth3");
    assert_eq!(by_tables, by_ports, "half of a state");
    by_tables
}

#[test]
fn a_write_that_fails_leaves_one_state_whole() {
    let fault = Fault::default();
    let bench = Bench::empty();
    let mut fast_path = bench.load(&Loader::default().steps(fault.steps()));
    let states = states();
    fast_path.apply(&states[0].0, &Neighbours::default()).unwrap();
    let traffic = Traffic::start(&bench.hosts);
    let mut failed = 0;
    for round in 0..soak::rounds(1, 3) as usize {
        for (before, after) in [(0, 1), (1, 0)] {
            for number in 1.. {
                let generation = fast_path.compiled().generation();
                let error = ERRORS[(number + round) % ERRORS.len()];
                fault.arm(number, error);
                let result = fast_path.apply(&states[after].0, &Neighbours::default());
                let (steps, has_struck) = fault.disarm();
                if !has_struck {
                    // There is no such step: all have been made to fail.
                    result.unwrap();
                    break;
                }
                failed += 1;
                let (step, told) = (steps.last().unwrap(), result.unwrap_err());
                let is_published = steps.iter().rev().skip(1).any(|it| *it == Step::Publish);
                assert_eq!(matches!(told, ApplyError::Incomplete(_)), is_published, "{step:?}");
                let chain = msee::daemon::chain(&told);
                let reason = std::io::Error::from(error).to_string();
                assert!(chain.contains(&reason), "{step:?}: {chain}");
                let in_force = if is_published { after } else { before };
                assert!(is_in_force(&bench, &fast_path, &states[in_force]), "{step:?}");
                let now = fast_path.compiled().generation();
                assert_eq!(now, generation + u64::from(is_published));
                let pin = bench.pins().join("links/eth3");
                assert!(is_published || pin.exists() == (before == 0), "{step:?}");

                fast_path.apply(&states[after].0, &Neighbours::default()).unwrap();
                assert!(is_in_force(&bench, &fast_path, &states[after]));
                assert_eq!(pin.exists(), after == 0);
                fast_path.apply(&states[before].0, &Neighbours::default()).unwrap();
            }
        }
    }
    traffic.stop(&format!("{failed} failed writes"));
    fast_path.shutdown().unwrap();
}

#[test]
fn a_start_that_fails_leaves_what_forwards() {
    let builds = [0xfa_1001, 0xfa_1002].map(|number| object::directory(&object::build(number)));
    let bench = Bench::empty();
    let fast_path = bench.load(&Loader::default().objects(builds[0].path()));
    let (mut in_force, generation) = (0, fast_path.compiled().generation());
    drop(fast_path);
    let traffic = Traffic::start(&bench.hosts);
    let mut failed = 0;
    let mut fast_path = loop {
        // Each start is an upgrade.
        let (fault, build) = (Fault::default(), 1 - in_force);
        let loader = Loader::default().objects(builds[build].path());
        fault.arm(failed + 1, ERRORS[failed % ERRORS.len()]);
        let result = loader.clone().steps(fault.steps()).load(&bench.pins());
        if let (_, false) = fault.disarm() {
            break result.unwrap();
        }
        failed += 1;
        result.unwrap_err();
        let fast_path = loader.load(&bench.pins()).unwrap();
        assert_eq!(fast_path.compiled().generation(), generation, "nothing was flushed");
        assert!(fast_path.counters().unwrap().iter().sum::<u64>() > 1_000);
        in_force = build;
    };
    fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
    traffic.stop(&format!("{failed} failed starts"));
    fast_path.shutdown().unwrap();
}

#[test]
fn a_takeover_that_fails_is_completed_by_the_next_try() {
    let build = object::directory(&object::build(0x0fa_2001));
    let loader = Loader::default().objects(build.path()).replace(true);
    let bench = Bench::empty();
    drop(bench.load(&loader));
    let (tags, maps) = (pinned_tags(&bench.pins()), pinned_maps(&bench.pins()));
    let traffic = Traffic::start(&bench.hosts);
    let mut failed = 0;
    loop {
        let ours = bench.pins().join(format!("abi-{}", abi::VERSION));
        fs::rename(ours, bench.pins().join("abi-1")).unwrap();
        let fault = Fault::default();
        let mut fast_path = loader.clone().steps(fault.steps()).load(&bench.pins()).unwrap();
        fault.arm(failed + 1, ERRORS[failed % ERRORS.len()]);
        let result = fast_path.apply(&rig::state(), &Neighbours::default());
        let (steps, has_struck) = fault.disarm();
        if has_struck {
            failed += 1;
            let is_published = steps.iter().rev().skip(1).any(|it| *it == Step::Publish);
            assert_eq!(matches!(result, Err(ApplyError::Incomplete(_))), is_published, "{steps:?}");
            fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
        }
        assert_eq!(names(bench.namespace.bpffs()), ["msee-a"], "{steps:?}");
        drop(fast_path);
        Objects::settle(&tags, 2, 4, maps);
        if !has_struck {
            break;
        }
    }
    traffic.stop(&format!("{failed} failed takeovers"));
    bench.load(&loader).shutdown().unwrap();
}

#[test]
fn a_socket_that_cannot_be_registered_is_registered_by_the_next_try() {
    let bench = Bench::empty();
    let start = |fault: &Fault| {
        let loader = Loader::default().steps(fault.steps());
        let (router, _) = Router::start(loader.load(&bench.pins()).unwrap()).unwrap();
        fault.disarm();
        router
    };
    // Where in the first application the sockets are registered: of eth1, eth2 and eth3.
    let fault = Fault::default();
    let mut router = start(&fault);
    router.apply(Revision(1), &rig::state()).unwrap();
    let steps = fault.disarm().0.into_iter().zip(1..);
    let directed: Vec<usize> =
        steps.filter_map(|(step, number)| (step == Step::DirectPunts).then_some(number)).collect();
    assert_eq!(directed.len(), 3);
    router.shutdown().unwrap();
    for (number, error) in directed.into_iter().zip(ERRORS) {
        let fault = Fault::default();
        let mut router = start(&fault);
        fault.arm(number, error);
        let told = router.apply(Revision(1), &rig::state()).unwrap_err();
        assert!(matches!(told, RouterApplyError::Socket { .. }), "{told}");
        assert_eq!(router.applied(), None, "forwards, and is not done");
        router.apply(Revision(1), &rig::state()).unwrap();
        assert_eq!(router.applied(), Some(Revision(1)));
        expire(&bench);
        let answered = || {
            let counters = router.counters().unwrap();
            counters[usize::from(Verdict::IcmpTimeExceeded.number())] == 1
        };
        assert!(eventually(answered), "{error}");
        router.shutdown().unwrap();
    }
}
