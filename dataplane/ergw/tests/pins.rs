//! What outlives a gateway that is killed, and what does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod lab;

use std::path::Path;

use lab::{
    Gateway, Lab, UP, control::Control, delivered, eventually, frame, in_lab, ip, is_attached,
    port::Port,
};
use nix::sys::signal::Signal;

const HUB_VM: [u8; 4] = [10, 254, 10, 4];

fn in_pinned_lab(test: impl FnOnce(Lab) + Send + 'static) {
    in_lab(|mut lab| {
        lab.pin();
        test(lab);
    });
}

fn kill(gateway: &mut Gateway) {
    gateway.signal(Signal::SIGKILL);
    assert_eq!(gateway.end(), None);
}

/// Waits until the program has counted `count` frames that found no gateway.
fn wait_for_losses(gateway: &Gateway, count: u64) {
    eventually(&format!("{count} frames counted"), || {
        (gateway.verdict("gw_no_socket") == count).then_some(())
    });
}

#[test]
fn what_a_killed_gateway_loses_is_counted_and_the_next_one_carries_on() {
    in_pinned_lab(|lab| {
        let control = Control::start(&lab.control_socket());
        let port = Port::open("lan");
        let mut gateway = lab.start();
        control.apply(5, lab::state());
        for round in 1..=3 {
            kill(&mut gateway);
            assert!(is_attached());
            for number in 0..10 {
                port.send(&frame(UP, HUB_VM, 64, number));
            }
            gateway = lab.start();
            control.wait_applied(5);
            wait_for_losses(&gateway, round * 10);
            port.send(&frame(UP, HUB_VM, 64, 100));
            assert_eq!(port.receive(), delivered(64, 100));
        }
        // Nothing of the processes before is left but the one directory.
        assert_eq!(names(lab.pins().unwrap().parent().unwrap()), ["ERGW1"]);
        assert_eq!(names(&lab.pins().unwrap().join("links")), ["eth1"]);
    });
}

#[test]
fn ended_by_a_signal_it_removes_its_pins() {
    in_pinned_lab(|lab| {
        for _ in 0..2 {
            let mut gateway = lab.start();
            assert!(is_attached());
            gateway.signal(Signal::SIGTERM);
            assert_eq!(gateway.end(), Some(0));
            assert!(!is_attached());
            assert!(!lab.pins().unwrap().parent().unwrap().exists());
        }
    });
}

#[test]
fn an_interface_made_anew_is_attached_again() {
    in_pinned_lab(|lab| {
        let mut gateway = lab.start();
        kill(&mut gateway);
        ip("link delete eth1");
        ip("link add eth1 type veth peer name lan");
        ip("link set eth1 up");
        ip("link set lan up");
        assert!(!is_attached());
        let _gateway = lab.start();
        assert!(is_attached());
    });
}

#[test]
fn an_interface_that_is_deleted_ends_it_and_keeps_its_counters() {
    in_pinned_lab(|lab| {
        let mut gateway = lab.start();
        kill(&mut gateway);
        Port::open("lan").send(&frame(UP, HUB_VM, 64, 1));
        gateway = lab.start();
        wait_for_losses(&gateway, 1);
        ip("link delete eth1");
        assert_eq!(gateway.end(), Some(1));
        ip("link add eth1 type veth peer name lan");
        ip("link set eth1 up");
        ip("link set lan up");
        wait_for_losses(&lab.start(), 1);
    });
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
