//! What the next process does with the fast path of one that was killed.

use std::fs;

use crate::{
    OURS_AT_CE, OURS_AT_VNET, assert_forwarded,
    books::Books,
    error,
    lab::{self, Lab, VM},
    object,
    ping::{Answer, Ping},
    reply, settled,
};

#[test]
fn punts_are_answered_before_the_first_state() {
    let lab = Lab::new("adopt");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    let generation = msee.get("/counters")["generation"].clone();
    msee.kill();
    assert_eq!(lab.ping("ce", OURS_AT_CE, Ping::default()), Answer::Silence);

    // Nobody sends a state to the next one.
    let msee = lab.start();
    assert_eq!(msee.get("/health")["ready"], false);
    assert_eq!(msee.get("/counters")["generation"], generation);
    let books = Books::open(&lab, &msee);
    let expiring = Ping { ttl: 1, ..Ping::default() };
    assert_eq!(lab.ping("ce", OURS_AT_CE, Ping::default()), reply(OURS_AT_CE, 64));
    assert_eq!(lab.ping("ce", VM, expiring), error(OURS_AT_CE, 11, 0, 0));
    assert_eq!(lab.ping("vm", [172, 16, 1, 1], expiring), error(OURS_AT_VNET, 11, 0, 0));
    // Whom the VM asks for by ARP.
    lab.run("ip -n @vm neigh flush all");
    assert_eq!(lab.ping("vm", OURS_AT_VNET, Ping::default()), reply(OURS_AT_VNET, 64));
    let changes = books.close(&lab, &msee);
    let answers = [("icmp_echo_reply", 2), ("icmp_time_exceeded", 2)];
    assert_eq!(changes.losses(), answers.into(), "{changes:?}");
    let told = msee.post("/inject", r#"{"source":"172.16.1.1","destination":"10.255.10.4"}"#);
    assert_eq!(told["verdict"], "forwarded_direct", "{told}");
    // And it ends in order without ever having had a state.
    msee.terminate();
    assert!(!lab.pins().exists(), "pins are left");
}

#[test]
fn a_killed_msee_forgets_no_verdict() {
    let lab = Lab::new("forget");
    let mut control = lab.control();
    let mut msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    let expiring = Ping { ttl: 1, ..Ping::default() };
    for round in 1..=3 {
        assert_eq!(lab.ping("ce", VM, expiring), error(OURS_AT_CE, 11, 0, 0));
        assert_eq!(lab.ping("ce", OURS_AT_CE, Ping::default()), reply(OURS_AT_CE, 64));
        let counters = msee.get("/counters");
        // The program's own verdict, and what became of it in userspace.
        for verdict in ["ttl_expired", "icmp_time_exceeded", "icmp_echo_reply"] {
            assert_eq!(counters["verdicts"][verdict], round, "{counters:#}");
        }
        msee.kill();
        msee = lab.start();
    }
    msee.terminate();
}

#[test]
fn a_program_that_the_verifier_refuses_leaves_the_old_one() {
    let lab = Lab::new("verifier");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    // The VM asks for the router's MAC address while somebody answers.
    assert_eq!(lab.ping("ce", VM, Ping::default()), reply(VM, 63));
    let traffic = lab.ping_without_end("ce", VM);
    msee.kill();
    let refused = object::directory(&object::refused());
    let log = lab.start_and_fail_by(|command| {
        command.env(afxdp::DIRECTORY, refused.path());
    });
    assert!(log.contains("the kernel refused the program msee_port"), "{log}");
    assert!(log.contains("R9 !read_ok"), "the verifier's reason: {log}");
    assert_eq!(lab.ping("ce", VM, Ping::default()), reply(VM, 63));

    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(2, lab::state());
    let (sent, unanswered) = traffic.stop();
    assert!(sent > 100, "{sent}");
    assert_eq!(unanswered, 0, "of {sent}");
    assert_forwarded(&settled(&msee), 2 + u64::from(sent));
    msee.terminate();
}

#[test]
fn another_abi_version_is_refused_by_name_and_replaced_on_request() {
    let lab = Lab::new("abi");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    // The VM asks for the router's MAC address while somebody answers.
    assert_eq!(lab.ping("ce", VM, Ping::default()), reply(VM, 63));
    let traffic = lab.ping_without_end("ce", VM);
    msee.kill();
    let maps = lab.pins().join(format!("abi-{}", abi::VERSION));
    fs::rename(maps, lab.pins().join("abi-999")).unwrap();

    let log = lab.start_and_fail();
    assert!(log.contains("ABI version 999, and this msee has version"), "{log}");
    assert!(log.contains("--replace"), "{log}");
    let msee = lab.start_by(|command| {
        command.arg("--replace");
    });
    assert_eq!(lab.ping("ce", VM, Ping::default()), reply(VM, 63));
    let mut stream = control.accept();
    stream.apply(2, lab::state());
    assert_eq!(lab.ping("ce", OURS_AT_CE, Ping::default()), reply(OURS_AT_CE, 64));
    let (sent, unanswered) = traffic.stop();
    assert!(sent > 100, "{sent}");
    assert_eq!(unanswered, 0, "of {sent}");
    assert!(!lab.pins().join("abi-999").exists());
    msee.terminate();
}
