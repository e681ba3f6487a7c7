//! What the router may do once it runs, and that it is enough.

use std::fs;

use privilege::{
    Capabilities,
    held::{Held, of_process},
};

use crate::{
    OURS_AT_CE,
    lab::{self, Lab, Msee, VM},
    ping::Ping,
    reply, wait_for_vm,
};

/// What it is to keep; less where its limit of locked memory could be raised.
fn kept(msee: &Msee) -> Capabilities {
    let limits = fs::read_to_string(format!("/proc/{}/limits", msee.process())).unwrap();
    let memory = limits.lines().find(|line| line.starts_with("Max locked memory")).unwrap();
    let kept = Capabilities::NET_ADMIN
        | Capabilities::NET_RAW
        | Capabilities::NET_BIND_SERVICE
        | Capabilities::BPF;
    if memory.contains("unlimited") { kept } else { kept | Capabilities::IPC_LOCK }
}

fn assert_dropped(msee: &Msee) {
    let threads = of_process(msee.process()).unwrap();
    // The first, two of the runtime, and the one that answers punts.
    assert!(threads.len() >= 4, "{threads:?}");
    assert_eq!(threads, vec![Held::only(kept(msee)); threads.len()]);
}

#[test]
fn every_thread_has_dropped_what_only_starting_needs_and_ports_still_come_and_go() {
    let lab = Lab::new("privileges");
    let mut control = lab.control();
    let mut msee = lab.start();
    let mut stream = control.accept();
    stream.hello();
    stream.apply(1, lab::state());
    assert_eq!(lab.ping("ce", VM, Ping::default()), reply(VM, 63));
    assert_dropped(&msee);

    // Another interface of the same name: attached, and given a socket, which answers.
    lab.run("ip -n @msee link delete eth2");
    lab.connect_vm();
    wait_for_vm(&lab, &msee);
    let way = msee.post("/inject", r#"{"source":"172.16.1.1","destination":"10.255.10.4"}"#);
    assert!(way["verdict"].is_string(), "{way}");

    // Another process takes over what is attached and pinned.
    msee.kill();
    msee = lab.start();
    let mut stream = control.accept();
    stream.hello();
    stream.apply(1, lab::state());
    assert_eq!(lab.ping("ce", OURS_AT_CE, Ping::default()), reply(OURS_AT_CE, 64));
    assert_eq!(lab.ping("ce", VM, Ping::default()), reply(VM, 63));
    assert_dropped(&msee);
    assert!(msee.get("/counters")["verdicts"]["forwarded_direct"].as_u64() > Some(1));

    msee.terminate();
    assert!(!lab.pins().exists());
    assert!(!lab.run("ip -n @msee -d link show").contains("prog/xdp"));
    assert!(!lab.directory().join("admin.sock").exists());
}
