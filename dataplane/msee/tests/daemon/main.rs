//! The real `msee` between a real customer edge and a real VM, in network namespaces of their own,
//! with a stand-in for `ercontrol`. Needs root.
//!
//! ```text
//!  ce  eth1 172.16.1.1/30 ---- eth1 msee eth2 ---- eth1  vm 10.255.10.4/16
//!                              cpu1 172.16.1.2/30 (its far end xcpu1)
//! ```

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "a test binary exports nothing")]

mod adoption;
mod books;
mod budgets;
mod control;
mod generic;
mod jumbo;
mod lab;
mod links;
mod neighbours;
#[path = "../reliability/object.rs"]
#[allow(dead_code, reason = "shared with the tests of reliability")]
mod object;
mod ping;
mod privileges;
#[path = "../reliability/soak.rs"]
mod soak;
mod vxlan;

use std::{thread::sleep, time::Duration};

use abi::verdict::{self, Stage, Verdict};
use books::Books;
use lab::{Lab, Msee, TARGET, VM};
use nix::sys::signal::Signal;
use ping::{Answer, Ping};
use southbound::FromDataplane;

const OURS_AT_CE: [u8; 4] = [172, 16, 1, 2];
const OURS_AT_VNET: [u8; 4] = [10, 255, 0, 4];

fn reply(from: [u8; 4], ttl: u8) -> Answer {
    Answer::Reply { from: from.into(), ttl }
}

fn error(from: [u8; 4], kind: u8, code: u8, mtu: u16) -> Answer {
    Answer::Error { from: from.into(), kind, code, mtu }
}

#[test]
fn customer_and_vm_reach_each_other_and_the_router_and_every_packet_is_counted() {
    let lab = Lab::new("reach");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    assert_eq!(
        stream.hello(),
        FromDataplane::Hello {
            protocol: southbound::PROTOCOL,
            kind: southbound::DataplaneKind::Msee,
            name: "msee-t".to_owned(),
        }
    );
    assert_eq!(msee.get("/health")["ready"], false);
    stream.apply(3, lab::state());
    assert_eq!(msee.get("/health")["ready"], true);
    assert_eq!(msee.get("/health")["revision"], 3);
    let books = Books::open(&lab, &msee);

    for sequence in 0..5 {
        let ping = Ping { sequence, ..Ping::default() };
        assert_eq!(lab.ping("ce", OURS_AT_CE, ping), reply(OURS_AT_CE, 64));
        // The VM answers with 64, and the MSEE is the only hop.
        assert_eq!(lab.ping("ce", VM, ping), reply(VM, 63));
        // Nobody told the VM this MAC address: it asks by ARP.
        assert_eq!(lab.ping("vm", OURS_AT_VNET, ping), reply(OURS_AT_VNET, 64));
    }
    let large = Ping { size: 1_472, ..Ping::default() };
    assert_eq!(lab.ping("ce", OURS_AT_CE, large), reply(OURS_AT_CE, 64));

    let verdicts = &msee.get("/counters")["verdicts"];
    assert_eq!(verdicts["local_echo"], 11, "{verdicts}");
    assert_eq!(verdicts["icmp_echo_reply"], 11, "{verdicts}");
    assert_eq!(verdicts["forwarded_direct"], 5, "{verdicts}");
    assert_eq!(verdicts["forwarded_ce"], 5, "{verdicts}");
    assert!(verdicts["arp_reply"].as_u64() >= Some(1), "{verdicts}");
    assert_eq!(verdicts["arp_reply"], verdicts["local_arp"], "{verdicts}");
    // Sent = delivered + named ends: nothing but the router's own answers.
    let changes = books.close(&lab, &msee);
    assert_eq!(changes.losses(), [("icmp_echo_reply", 11)].into(), "{changes:?}");
    msee.terminate();
}

#[test]
fn errors_come_from_the_address_that_the_senders_side_knows() {
    let lab = Lab::new("errors");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    let books = Books::open(&lab, &msee);

    let expiring = Ping { ttl: 1, ..Ping::default() };
    assert_eq!(lab.ping("ce", VM, expiring), error(OURS_AT_CE, 11, 0, 0));
    assert_eq!(lab.ping("vm", [172, 16, 1, 1], expiring), error(OURS_AT_VNET, 11, 0, 0));
    let nowhere = [198, 51, 100, 1];
    assert_eq!(lab.ping("ce", nowhere, Ping::default()), error(OURS_AT_CE, 3, 0, 0));
    assert_eq!(lab.ping("vm", nowhere, Ping::default()), error(OURS_AT_VNET, 3, 0, 0));
    assert_eq!(lab.datagram("vm", OURS_AT_VNET, 53), error(OURS_AT_VNET, 3, 3, 0));
    // The kernel owns the circuit's address for all but echo, and answers through the cpu veth.
    assert_eq!(lab.datagram("ce", OURS_AT_CE, 53), error(OURS_AT_CE, 3, 3, 0));

    let hops = lab.traceroute("ce", VM);
    assert!(hops.contains("1   172.16.1.2") && hops.contains("2   10.255.10.4"), "{hops}");
    let hops = lab.traceroute("vm", [172, 16, 1, 1]);
    assert!(hops.contains("1   10.255.0.4") && hops.contains("2   172.16.1.1"), "{hops}");

    let changes = books.close(&lab, &msee);
    let expired = changes.of(Verdict::TtlExpired);
    assert!(expired > 2, "{changes:?}");
    let told = [
        ("icmp_time_exceeded", expired),
        ("icmp_net_unreachable", 2),
        ("icmp_port_unreachable", 1),
    ];
    assert_eq!(changes.losses(), told.into(), "{changes:?}");
    msee.terminate();
}

#[test]
fn a_packet_longer_than_the_next_link_is_answered_with_its_mtu() {
    let lab = Lab::new("mtu");
    lab.run("ip -n @msee link set eth2 mtu 1400");
    lab.run("ip -n @vm link set eth1 mtu 1400");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    let books = Books::open(&lab, &msee);
    let fits = Ping { size: 1_372, ..Ping::default() };
    assert_eq!(lab.ping("ce", VM, fits), reply(VM, 63));
    let too_big = Ping { size: 1_373, ..Ping::default() };
    assert_eq!(lab.ping("ce", VM, too_big), error(OURS_AT_CE, 3, 4, 1_400));
    let changes = books.close(&lab, &msee);
    assert_eq!(changes.losses(), [("icmp_fragmentation_needed", 1)].into(), "{changes:?}");
    assert_eq!(changes.of(Verdict::ForwardedDirect), 1, "{changes:?}");
    assert_eq!(changes.of(Verdict::ForwardedCe), 1, "{changes:?}");
    msee.terminate();
}

#[test]
fn what_the_far_ports_driver_refuses_is_a_named_loss() {
    let lab = Lab::new("refused");
    // The router's own end would carry it.
    lab.run("ip -n @vm link set eth1 mtu 1400");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    let books = Books::open(&lab, &msee);
    let too_big = Ping { size: 1_472, ..Ping::default() };
    assert_eq!(lab.ping("ce", VM, too_big), Answer::Silence);
    let changes = books.close(&lab, &msee);
    assert_eq!(changes.of(Verdict::ForwardedDirect), 1, "{changes:?}");
    // The driver has it in two counters, and it is one loss.
    assert_eq!(changes.losses(), [("kernel_devmap_error", 1)].into(), "{changes:?}");

    // A loss stays on the books when its interface is gone.
    lab.run("ip -n @msee link del eth2");
    lab.connect_vm();
    wait_for_vm(&lab, &msee);
    let verdicts = &msee.get("/counters")["verdicts"];
    assert_eq!(verdicts["kernel_devmap_error"], 1, "{verdicts}");
    msee.terminate();
}

#[test]
fn a_port_with_more_queues_than_sockets_is_refused_with_the_cure() {
    let lab = Lab::new("queues");
    lab.run("ip -n @msee link del eth2");
    lab.run("ip -n @msee link add eth2 numrxqueues 2 type veth peer name far2");
    lab.run("nsenter --net=/run/netns/@msee ethtool -L eth2 rx 2");
    lab.run("ip -n @msee link set eth2 up");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.send(1, lab::state());
    let FromDataplane::Refused { error, .. } = stream.report() else { panic!("not refused") };
    assert!(error.contains("`ethtool -L eth2 rx 1`"), "{error}");
    lab.run("nsenter --net=/run/netns/@msee ethtool -L eth2 rx 1");
    assert_eq!(stream.report(), FromDataplane::Applied { revision: desired::Revision(1) });
    msee.terminate();
}

#[test]
fn a_flood_of_expiring_packets_is_answered_at_the_rate_and_silences_nothing_else() {
    let lab = Lab::new("flood");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    let books = Books::open(&lab, &msee);
    let flood = lab.flood_expiring("ce", VM, 3_000);
    assert_eq!(lab.ping("ce", OURS_AT_CE, Ping::default()), reply(OURS_AT_CE, 64));
    let changes = books.close(&lab, &msee);
    let answered = changes.of(Verdict::IcmpTimeExceeded);
    let allowed = 50 + 1 + 1_000 * u64::try_from(flood.as_millis()).unwrap() / 1_000 + 100;
    assert!((50..=allowed).contains(&answered), "{answered} in {flood:?}: {changes:?}");
    // Sent = answered + named losses, the ping among them.
    assert_eq!(changes.losses().values().sum::<u64>(), 3_000 + 1, "{changes:?}");
    let over_budget = changes.of(Verdict::BudgetException);
    assert_eq!(changes.of(Verdict::TtlExpired) + over_budget, 3_000, "{changes:?}");
    msee.terminate();
}

#[test]
fn what_overflows_the_socket_of_a_stalled_msee_is_counted_once() {
    let lab = Lab::new("stall");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    let books = Books::open(&lab, &msee);
    msee.signal(Signal::SIGSTOP);
    lab.flood_expiring("ce", VM, 20_000);
    msee.signal(Signal::SIGCONT);
    // Each packet is counted once where it is punted, and once where it ends.
    let changes = books.close(&lab, &msee);
    let punted = changes.of(Verdict::TtlExpired);
    assert_eq!(punted + changes.of(Verdict::BudgetException), 20_000, "{changes:?}");
    // The socket has room for 4,096.
    let overflow = [Verdict::KernelXskRingFull, Verdict::KernelXskFillEmpty];
    let overflow = overflow.map(|verdict| changes.of(verdict)).iter().sum::<u64>();
    assert!(overflow > 0 && punted > 4_096, "{changes:?}");
    assert_eq!(changes.losses().values().sum::<u64>(), 20_000, "{changes:?}");
    msee.terminate();
}

/// Each of so many pings was forwarded once on each way, whichever process was there.
fn assert_forwarded(counters: &serde_json::Value, pings: u64) {
    for way in [Verdict::ForwardedDirect, Verdict::ForwardedCe] {
        assert_eq!(counters["verdicts"][way.name()], pings, "{counters}");
    }
    for loss in verdict::ALL.iter().filter(|verdict| verdict.stage() == Stage::Kernel) {
        assert!(counters["verdicts"][loss.name()].is_null(), "{counters}");
    }
}

/// The counters, once they do not change any more.
fn settled(msee: &Msee) -> serde_json::Value {
    let mut before = msee.get("/counters");
    loop {
        sleep(Duration::from_millis(200));
        let now = msee.get("/counters");
        if now == before {
            return now;
        }
        before = now;
    }
}

#[test]
fn a_killed_msee_keeps_forwarding_and_the_next_one_takes_over_without_loss() {
    let lab = Lab::new("kill");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    assert_eq!(lab.ping("ce", VM, Ping::default()), reply(VM, 63));
    let traffic = lab.ping_without_end("ce", VM);
    msee.kill();

    assert_eq!(lab.ping("ce", VM, Ping::default()), reply(VM, 63));
    // What stops is the answers of the router itself.
    assert_eq!(lab.ping("ce", OURS_AT_CE, Ping::default()), Answer::Silence);

    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(2, lab::state());
    assert_eq!(lab.ping("ce", OURS_AT_CE, Ping::default()), reply(OURS_AT_CE, 64));
    let (sent, unanswered) = traffic.stop();
    assert!(sent > 100, "{sent}");
    assert_eq!(unanswered, 0, "of {sent}");
    assert_forwarded(&settled(&msee), 2 + u64::from(sent));
    // The one ping to the router itself that nobody answered.
    assert_eq!(settled(&msee)["verdicts"]["punt_refused"], 1);

    msee.terminate();
    assert!(!lab.directory().join("admin.sock").exists());
    assert!(!lab.pins().exists(), "pins are left");
    for interface in ["eth1", "eth2", "xcpu1"] {
        let link = lab.run(&format!("ip -n @msee link show {interface}"));
        assert!(!link.contains("xdp"), "{link}");
    }
}

#[test]
fn a_state_that_names_a_missing_interface_is_refused_by_name_until_it_appears() {
    let lab = Lab::new("refuse");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    lab.run("ip -n @msee link set eth2 down");
    lab.run("ip -n @msee link set eth2 name other");
    stream.send(2, lab::state());
    // That the interface is gone may have been noticed before, and reported of revision 1.
    let error = loop {
        let FromDataplane::Refused { revision, error } = stream.report() else {
            panic!("not refused")
        };
        if revision.0 == 2 {
            break error;
        }
    };
    assert!(error.contains("eth2"), "{error}");
    // The state before it stays in force.
    assert_eq!(msee.get("/health")["revision"], 1);
    assert_eq!(lab.ping("ce", OURS_AT_CE, Ping::default()), reply(OURS_AT_CE, 64));

    lab.run("ip -n @msee link set other name eth2");
    lab.run("ip -n @msee link set eth2 up");
    assert_eq!(stream.report(), FromDataplane::Applied { revision: desired::Revision(2) });
    assert_eq!(lab.ping("ce", VM, Ping::default()), reply(VM, 63));
    msee.terminate();
}

#[test]
fn an_interface_made_anew_is_taken_into_use() {
    let lab = Lab::new("anew");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    lab.run("ip -n @msee link del eth2");
    lab.connect_vm();
    wait_for_vm(&lab, &msee);
    assert_eq!(lab.ping("ce", VM, Ping::default()), reply(VM, 63));
    msee.terminate();
}

#[test]
fn changes_of_an_interface_are_noticed() {
    let lab = Lab::new("change");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    let too_big = Ping { size: 1_373, ..Ping::default() };
    assert_eq!(lab.ping("ce", VM, too_big), reply(VM, 63));
    lab.run("ip -n @msee link set eth2 mtu 1400");
    lab.run("ip -n @vm link set eth1 mtu 1400");
    assert_eq!(stream.report(), FromDataplane::Applied { revision: desired::Revision(1) });
    assert_eq!(lab.ping("ce", VM, too_big), error(OURS_AT_CE, 3, 4, 1_400));

    lab.run("ip -n @msee link del cpu1");
    assert_eq!(stream.report(), FromDataplane::Applied { revision: desired::Revision(1) });
    assert_eq!(lab.datagram("ce", OURS_AT_CE, 53), Answer::Silence);
    lab.connect_cpu();
    assert_eq!(stream.report(), FromDataplane::Applied { revision: desired::Revision(1) });
    assert_eq!(lab.datagram("ce", OURS_AT_CE, 53), error(OURS_AT_CE, 3, 3, 0));
    msee.terminate();
}

/// Waits until the router answers on a fabric port made anew.
fn wait_for_vm(lab: &Lab, msee: &Msee) {
    let answers = || lab.ping("vm", OURS_AT_VNET, Ping::default()) == reply(OURS_AT_VNET, 64);
    assert!((0..20).any(|_| answers()), "the new interface was never used: {}", msee.log());
}

#[test]
fn an_injected_packet_tells_its_way() {
    let lab = Lab::new("inject");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    let texts = |told: &serde_json::Value| -> Vec<String> {
        let steps = told["steps"].as_array().unwrap().iter();
        steps.map(|step| format!("{} {}", step["stage"], step["text"]).replace('"', "")).collect()
    };

    let request = format!(r#"{{"source":"172.16.1.1","destination":"{TARGET}","ttl":2}}"#);
    let told = msee.post("/inject", &request);
    assert_eq!(told["verdict"], "forwarded_gateway");
    assert_eq!(told["leaves_by"], "eth2");
    assert_eq!(
        texts(&told),
        [
            "port circuit CIRCUIT_EQUINIX (primary), CE side",
            "check ok",
            "local not for the MSEE itself",
            "lookup 10.254.0.0/16 -> gateway ERGW1 (conn1)  [spoke prefix: not in FastPath]",
            "ttl 2 -> 1",
            "adjacency ERGW1 instance 10.255.0.12",
            "out eth2",
        ]
    );

    let request = format!(r#"{{"source":"172.16.1.1","destination":"{TARGET}","ttl":1}}"#);
    let told = msee.post("/inject", &request);
    assert_eq!(told["verdict"], "icmp_time_exceeded");
    assert!(told["leaves_by"].is_null());
    let last = texts(&told).pop().unwrap();
    assert_eq!(last, "icmp Answered with Time Exceeded from 172.16.1.2 to 172.16.1.1, out eth1");

    let told = msee.post("/inject", r#"{"source":"10.255.10.4","destination":"172.16.1.1"}"#);
    assert_eq!(told["verdict"], "forwarded_ce");
    assert_eq!(texts(&told)[0], "port fabric port eth2, VNet hub");

    let told =
        msee.post("/inject", r#"{"port":"eth9","source":"10.255.10.4","destination":"1.1.1.1"}"#);
    assert!(told["error"]["message"].as_str().unwrap().contains("eth1, eth2"), "{told}");
    assert!(
        msee.get("/counters")["verdicts"]["forwarded_ce"].is_null(),
        "injection is not counted"
    );
    msee.terminate();
}

#[test]
fn a_second_msee_of_the_same_name_is_refused() {
    let lab = Lab::new("twice");
    let msee = lab.start();
    let second = lab.start_and_fail();
    assert!(second.contains("another program listens on"), "{second}");
    msee.terminate();
}
