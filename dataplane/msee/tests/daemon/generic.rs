//! Interfaces whose driver cannot do what native XDP takes: the kernel's stack runs the program then, it
//! is said, and everything works.

use crate::{
    OURS_AT_CE, OURS_AT_VNET, error,
    lab::{self, Lab, Msee, VM},
    ping::Ping,
    reply,
};

/// Makes `eth2` a bridge, which has no native XDP, in front of the link to the VM.
fn bridge_eth2(lab: &Lab) {
    for command in [
        "link set eth2 down",
        "link set eth2 name sw2",
        "link set sw2 address 02:00:00:00:02:99",
        "link add eth2 address 02:00:00:00:02:01 type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
        "link set sw2 master eth2",
        "link set sw2 up",
        "link set eth2 up",
    ] {
        lab.run(&format!("ip -n @msee {command}"));
    }
}

/// Packets each way, errors, and what is for the router itself: each arrives and is counted once.
fn assert_works(lab: &Lab, msee: &Msee) {
    let count = |name: &str| msee.get("/counters")["verdicts"][name].as_u64().unwrap_or(0);
    let names = ["forwarded_direct", "forwarded_ce", "icmp_time_exceeded", "icmp_echo_reply"];
    let losses = ["kernel_redirect_refused", "kernel_ring_full", "punt_refused", "port_wrong_mac"];
    // The frame of a self-test that failed is a loss.
    let (before, lost_before) = (names.map(count), losses.map(count));
    for sequence in 0..20 {
        let ping = Ping { sequence, ..Ping::default() };
        assert_eq!(lab.ping("ce", VM, ping), reply(VM, 63));
    }
    assert_eq!(lab.ping("ce", VM, Ping { size: 1_472, ..Ping::default() }), reply(VM, 63));
    assert_eq!(lab.ping("ce", OURS_AT_CE, Ping::default()), reply(OURS_AT_CE, 64));
    assert_eq!(lab.ping("vm", OURS_AT_VNET, Ping::default()), reply(OURS_AT_VNET, 64));
    let expiring = Ping { ttl: 1, ..Ping::default() };
    assert_eq!(lab.ping("ce", VM, expiring), error(OURS_AT_CE, 11, 0, 0));
    // The kernel behind the cpu veth.
    assert_eq!(lab.datagram("ce", OURS_AT_CE, 53), error(OURS_AT_CE, 3, 3, 0));
    let after = names.map(count);
    let grown: Vec<u64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    assert_eq!(grown, [21, 21, 1, 2], "{}", msee.get("/counters"));
    assert_eq!(losses.map(count), lost_before, "{}", msee.get("/counters"));
}

fn assert_generic(msee: &Msee, because: &str) {
    let health = msee.get("/health");
    assert_eq!(health["xdp"], "generic", "{health}");
    assert!(health["xdp_because"].as_str().unwrap().contains(because), "{health}");
    let log = msee.log();
    assert!(log.contains("generic_mode") && log.contains(because), "{log}");
}

#[test]
fn an_interface_without_native_xdp_has_the_router_run_in_generic_mode() {
    let lab = Lab::new("generic");
    bridge_eth2(&lab);
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    assert_generic(&msee, "`eth2` does not take native XDP");
    assert_works(&lab, &msee);
    // A link replacement and an adoption keep it.
    msee.kill();
    drop(stream);
    let msee = lab.start();
    assert_generic(&msee, "a former msee attached");
    let mut stream = control.accept();
    stream.apply(2, lab::state());
    assert_works(&lab, &msee);
    msee.terminate();
}

/// The far end has no program and no `gro`: what is redirected to it vanishes without a counter. Only the
/// frame shows it.
#[test]
fn the_self_test_finds_an_interface_that_swallows_redirected_frames() {
    let lab = Lab::new("swallow");
    lab.run("ip -n @vm link set eth1 down");
    lab.run("nsenter --net=/run/netns/@vm ethtool -K eth1 gro off");
    lab.run("ip -n @vm link set eth1 up");
    lab.run("ip -n @vm route replace default via 10.255.0.4");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, lab::state());
    assert_generic(&msee, "a frame redirected to `eth2` did not leave it");
    assert_works(&lab, &msee);
    msee.terminate();
}

#[test]
fn ports_that_do_what_it_takes_are_native_until_one_comes_that_does_not() {
    let lab = Lab::new("later");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    let mut without_vm = lab::state();
    without_vm.fabric_ports.clear();
    for vrf in without_vm.vrfs.values_mut() {
        vrf.routes.retain(|_, route| matches!(route.adjacency, desired::Adjacency::Ce { .. }));
    }
    stream.apply(1, without_vm);
    assert_eq!(msee.get("/health")["xdp"], "native");
    assert!(msee.log().contains("native_verified"), "{}", msee.log());
    bridge_eth2(&lab);
    stream.apply(2, lab::state());
    assert_generic(&msee, "`eth2` does not take native XDP");
    assert_works(&lab, &msee);
    msee.terminate();
}
