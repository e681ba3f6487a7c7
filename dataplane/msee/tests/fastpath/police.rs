//! A circuit's bandwidth, the sources of a customer, and the budgets of what is punted.

use std::{
    os::fd::AsFd as _,
    thread::sleep,
    time::{Duration, Instant},
};

use abi::{
    police::Class,
    verdict::{self, Verdict},
};
use desired::MseeState;
use msee::fastpath::Neighbours;

use crate::{
    fixtures::{Fixture, Output},
    frames::{Packet, arp},
    rig::{self, CE, ETH1, ETH2, HUB_VM, Rig},
};

const HERE: [u8; 4] = [172, 16, 1, 2];
const CUSTOMER: [u8; 4] = [172, 16, 1, 1];
const VM: [u8; 4] = [10, 255, 10, 4];

/// Bits per second of the policed circuit: 10 bytes a microsecond.
const BANDWIDTH: u64 = 80_000_000;

fn with_bandwidth() -> MseeState {
    let mut state = rig::state();
    state.circuit_ports.get_mut("eth1").unwrap().bandwidth = Some(BANDWIDTH);
    state
}

/// What a policed circuit admits at once after a pause.
const BURST: Duration = Duration::from_millis(20);

/// Runs the frame for a tenth of a second and a burst: bytes admitted, the time it took, and how much of
/// that was lost because this thread did not run for longer than a burst.
fn offered(rig: &Rig, port: &str, frame: &[u8], admitted: Verdict) -> (u64, Duration, Duration) {
    let started = Instant::now();
    let (mut before, mut lost) = (started, Duration::ZERO);
    while started.elapsed() < Duration::from_millis(120) {
        rig.run(port, frame);
        let now = Instant::now();
        lost += (now - before).saturating_sub(BURST);
        before = now;
    }
    (rig.count(admitted) * frame.len() as u64, started.elapsed(), lost)
}

#[test]
fn each_direction_of_a_link_has_the_circuits_bandwidth() {
    for (port, frame, admitted, policed) in [
        (
            "eth1",
            Packet::udp(ETH1, CUSTOMER, VM).with_length(1_500).bytes(),
            Verdict::ForwardedDirect,
            Verdict::PolicedFromCustomer,
        ),
        (
            "eth2",
            Packet::udp(ETH2, VM, CUSTOMER).with_length(1_500).bytes(),
            Verdict::ForwardedCe,
            Verdict::PolicedToCustomer,
        ),
    ] {
        let mut rig = Rig::start();
        rig.fast_path.apply(&with_bandwidth(), &Neighbours::default()).unwrap();
        let (bytes, time, lost) = offered(&rig, port, &frame, admitted);
        // The burst, and what the time paid for; a frame more for the last one admitted.
        let paid = |time: Duration| time.as_micros() * u128::from(BANDWIDTH / 8) / 1_000_000;
        let bytes = u128::from(bytes);
        // As much as a burst may be left over when the last packet is judged.
        let (most, least) = (paid(time + BURST), paid(time.saturating_sub(lost)));
        println!("{port}: {bytes} bytes in {time:?} ({lost:?} lost), at most {most} paid for");
        assert!(bytes * 100 <= most * 101, "{port}: {bytes} of {most}");
        assert!(bytes * 100 >= least * 95, "{port}: {bytes} of {least}");
        assert!(rig.count(policed) > 0, "{port}: nothing was policed");
        // Both directions, and the other link, are untouched.
        let other = if port == "eth1" { "eth2" } else { "eth1" };
        let back = if port == "eth1" {
            Packet::udp(ETH2, VM, CUSTOMER)
        } else {
            Packet::udp(ETH1, CUSTOMER, VM)
        };
        assert_eq!(rig.run(other, &back.bytes()).0, 4);
    }
}

/// A packet that goes on in three pieces pays for all of them, before `msee` is asked to cut it.
#[test]
fn what_goes_on_in_pieces_pays_for_each() {
    let mut rig = Rig::start();
    rig.fast_path.apply(&with_bandwidth(), &Neighbours::default()).unwrap();
    let socket = afxdp::Socket::bind("eth2", 0, &afxdp::Config::default()).unwrap();
    let slot = rig.port("eth2").slot;
    rig.fast_path.bind_punt(slot, socket.as_fd()).unwrap();
    let packet = |dont_fragment| {
        Packet::udp(ETH2, VM, CUSTOMER)
            .with(|header| header.dont_fragment = dont_fragment)
            .with_length(3_000)
            .bytes()
    };
    // 1,480 bytes of data, as many again, and 20.
    let pieces = 14 + 3_000 + 2 * (14 + 20);
    let started = Instant::now();
    while rig.count(Verdict::PolicedToCustomer) < 100 {
        rig.run("eth2", &packet(false));
    }
    let paid = (started.elapsed() + BURST).as_micros() * u128::from(BANDWIDTH / 8) / 1_000_000;
    let admitted = u128::from(rig.count(Verdict::TooBigFragmentable));
    let bytes = admitted * pieces;
    println!("{admitted} packets in pieces of {bytes} bytes, {paid} paid for");
    // What the burst alone pays for, and no more than what was paid for.
    let burst = BURST.as_micros() * u128::from(BANDWIDTH / 8) / 1_000_000;
    assert!(bytes + pieces > burst && bytes <= paid + pieces, "{bytes} of {paid}");
    // What is refused for its length is not sent, and pays nothing. Its budget is to be filled first.
    sleep(Duration::from_millis(10));
    assert_eq!(rig.run("eth2", &packet(true)).0, 4);
    assert_eq!(rig.count(Verdict::TooBig), 1);
}

#[test]
fn what_is_for_the_msee_itself_passes_a_full_circuit() {
    let mut rig = Rig::start();
    let mut state = rig::state();
    state.circuit_ports.get_mut("eth1").unwrap().bandwidth = Some(20_000);
    rig.fast_path.apply(&state, &Neighbours::default()).unwrap();
    let data = Packet::udp(ETH1, CUSTOMER, VM).with_length(1_500).bytes();
    while rig.count(Verdict::PolicedFromCustomer) == 0 {
        rig.run("eth1", &data);
    }
    let bgp = Packet::udp(ETH1, CUSTOMER, HERE).bytes();
    assert_eq!(rig.run("eth1", &bgp).0, 4);
    assert_eq!(rig.count(Verdict::LocalKernel), 1);
}

#[test]
fn sources_are_validated_where_the_peering_wants_it() {
    let mut rig = Rig::start();
    let spoofed = [
        Packet::udp(ETH1, VM, VM).bytes(),
        Packet::udp(ETH1, [8, 8, 8, 8], VM).bytes(),
        Packet::udp(ETH1, [10, 254, 10, 4], VM).bytes(),
    ];
    for frame in &spoofed {
        assert_eq!(rig.run("eth1", frame).0, 4, "off by default");
    }
    let mut state = rig::state();
    state.circuit_ports.get_mut("eth1").unwrap().validate_source = true;
    rig.fast_path.apply(&state, &Neighbours::default()).unwrap();
    for frame in spoofed {
        let (verdict, output) = (Verdict::SourceNotValid, Output::Dropped);
        Fixture { sentence: "spoofed", port: "eth1", frame, verdict, output }.check(&mut rig);
    }
    // Its own address on the link, and what it announced.
    for source in [CUSTOMER, [172, 16, 200, 7]] {
        let frame = Packet::udp(ETH1, source, VM).bytes();
        let output = Output::Forwarded { to: HUB_VM, from: ETH2 };
        let verdict = Verdict::ForwardedDirect;
        Fixture { sentence: "announced", port: "eth1", frame, verdict, output }.check(&mut rig);
    }
    let frame = Packet::udp(ETH2, VM, CUSTOMER).bytes();
    let output = Output::Forwarded { to: CE, from: ETH1 };
    let verdict = Verdict::ForwardedCe;
    Fixture { sentence: "a VNet", port: "eth2", frame, verdict, output }.check(&mut rig);
}

/// S7: at far more than a budget of one kind, the others keep all of theirs.
#[test]
fn a_flood_of_one_kind_leaves_the_budgets_of_the_others() {
    let echo = Packet::echo(ETH1, CUSTOMER, HERE).bytes();
    let expired = Packet::udp(ETH1, CUSTOMER, VM).with(|header| header.time_to_live = 1).bytes();
    let bgp = Packet::udp(ETH1, CUSTOMER, HERE).bytes();
    let too_big = Packet::udp(ETH1, CUSTOMER, VM)
        .with(|header| header.dont_fragment = true)
        .with_length(1_501)
        .bytes();
    let kinds = [
        (Class::Control, bgp, Verdict::LocalKernel, Verdict::BudgetControl),
        (Class::Neighbour, arp(HERE), Verdict::LocalKernel, Verdict::BudgetNeighbour),
        (Class::Echo, echo, Verdict::LocalEcho, Verdict::BudgetEcho),
        (Class::PathMtu, too_big, Verdict::TooBig, Verdict::BudgetPathMtu),
        (Class::Exception, expired, Verdict::TtlExpired, Verdict::BudgetException),
    ];
    for (flooding, flood, _, over) in &kinds {
        let mut rig = Rig::start();
        let socket = afxdp::Socket::bind("eth1", 0, &afxdp::Config::default()).unwrap();
        let slot = rig.port("eth1").slot;
        rig.fast_path.bind_punt(slot, socket.as_fd()).unwrap();
        let burst = u64::from(flooding.budget().unwrap().burst);
        while rig.count(*over) < 10 * burst {
            rig.run("eth1", flood);
        }
        for (class, frame, passed, over) in &kinds {
            if class == flooding {
                continue;
            }
            let before = rig.count(*passed);
            let kept = u64::from(class.budget().unwrap().burst);
            for _ in 0..kept {
                rig.run("eth1", frame);
            }
            assert_eq!(rig.count(*passed) - before, kept, "{class:?} under {flooding:?}");
            assert_eq!(rig.count(*over), 0, "{class:?} under {flooding:?}");
        }
        // Each packet has one end.
        let counters = rig.counters();
        let counted: u64 = verdict::ALL.iter().map(|it| counters[usize::from(it.number())]).sum();
        let ends: u64 = kinds
            .iter()
            .map(|(_, _, passed, over)| (*passed, *over))
            .flat_map(|(passed, over)| [passed, over])
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .map(|verdict| rig.count(verdict))
            .sum();
        assert_eq!(counted, ends, "{flooding:?}");
    }
}

#[test]
fn a_budget_fills_again() {
    let mut rig = Rig::start();
    let socket = afxdp::Socket::bind("eth1", 0, &afxdp::Config::default()).unwrap();
    let slot = rig.port("eth1").slot;
    rig.fast_path.bind_punt(slot, socket.as_fd()).unwrap();
    let echo = Packet::echo(ETH1, CUSTOMER, HERE).bytes();
    while rig.count(Verdict::BudgetEcho) == 0 {
        rig.run("eth1", &echo);
    }
    // A tenth of a second pays for 200.
    sleep(Duration::from_millis(100));
    let before = (rig.count(Verdict::LocalEcho), rig.count(Verdict::BudgetEcho));
    for _ in 0..200 {
        rig.run("eth1", &echo);
    }
    let after = (rig.count(Verdict::LocalEcho), rig.count(Verdict::BudgetEcho));
    assert_eq!((after.0 - before.0, after.1 - before.1), (200, 0));
}

#[test]
fn an_injected_packet_takes_no_token() {
    let mut rig = Rig::start();
    let socket = afxdp::Socket::bind("eth1", 0, &afxdp::Config::default()).unwrap();
    let slot = rig.port("eth1").slot;
    rig.fast_path.bind_punt(slot, socket.as_fd()).unwrap();
    let echo = Packet::echo(ETH1, CUSTOMER, HERE).bytes();
    let ifindex = rig.port("eth1").ifindex;
    for _ in 0..1_000 {
        rig.fast_path.inject(ifindex, &echo).unwrap();
    }
    for _ in 0..500 {
        rig.run("eth1", &echo);
    }
    assert_eq!((rig.count(Verdict::LocalEcho), rig.count(Verdict::BudgetEcho)), (500, 0));
}
