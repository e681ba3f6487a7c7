//! Starting, ending, dying and coming back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod lab;

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use lab::{UP, control::Control, delivered, eventually, frame, in_lab, ip, port::Port, state};
use nix::sys::signal::Signal;

const HUB_VM: [u8; 4] = [10, 254, 10, 4];

/// How long a killed gateway may be away. Without optimisation parsing the eBPF object's types
/// alone takes half of the second that is promised, on an idle machine.
const BACK: Duration = Duration::from_secs(if cfg!(debug_assertions) { 3 } else { 1 });

#[test]
fn killed_and_restarted_it_forwards_again_within_a_second() {
    in_lab(|lab| {
        let control = Control::start(&lab.control_socket());
        let mut gateway = lab.start();
        control.apply(5, state());
        let port = Port::open("lan");
        for round in 0..5 {
            port.send(&frame(UP, HUB_VM, 64, round));
            assert_eq!(port.receive(), delivered(64, round));
            gateway.signal(Signal::SIGKILL);
            let killed = Instant::now();
            gateway = lab.start();
            control.wait_applied(5);
            port.send(&frame(UP, HUB_VM, 64, 100 + round));
            assert_eq!(port.receive(), delivered(64, 100 + round));
            let back = killed.elapsed();
            eprintln!("back and forwarding after {back:?}");
            assert!(back < BACK, "{back:?}");
        }
    });
}

#[test]
fn ended_by_a_signal_it_leaves_nothing() {
    in_lab(|lab| {
        for signal in [Signal::SIGTERM, Signal::SIGINT] {
            let mut gateway = lab.start();
            assert!(ip("-d link show eth1").contains("xdp"), "no native XDP on eth1");
            assert_eq!(lab.files(), [lab.admin_socket()]);
            gateway.signal(signal);
            assert_eq!(gateway.end(), Some(0));
            assert!(lab.files().is_empty(), "{:?}", lab.files());
            assert!(!ip("-d link show eth1").contains("xdp"), "XDP was left on eth1");
        }
    });
}

#[test]
fn it_waits_for_ercontrol_and_survives_its_absence() {
    in_lab(|lab| {
        let gateway = lab.start();
        thread::sleep(Duration::from_millis(100));
        let control = Control::start(&lab.control_socket());
        control.apply(3, state());
        std::fs::remove_file(lab.control_socket()).unwrap();
        drop(control);
        let port = Port::open("lan");
        port.send(&frame(UP, HUB_VM, 64, 1));
        assert_eq!(port.receive(), delivered(64, 1));
        assert_eq!(gateway.try_get("/health").unwrap()["revision"], 3);
    });
}

#[test]
fn a_second_gateway_on_the_same_port_is_refused_and_harms_nothing() {
    in_lab(|lab| {
        let control = Control::start(&lab.control_socket());
        let gateway = lab.start();
        control.apply(1, state());
        let output = lab.fail("eth1", &lab.admin_socket().with_extension("second"));
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("queue 0 of eth1 is bound to another AF_XDP socket"), "{text}");
        let port = Port::open("lan");
        port.send(&frame(UP, HUB_VM, 64, 1));
        assert_eq!(port.receive(), delivered(64, 1));
        drop(gateway);
    });
}

#[test]
fn a_missing_interface_is_named() {
    in_lab(|lab| {
        let output = lab.fail("eth9", &lab.admin_socket());
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("there is no interface eth9 in this network namespace"), "{text}");
        assert!(lab.files().is_empty());
    });
}

#[test]
fn an_interface_that_vanishes_ends_it_with_a_reason() {
    in_lab(|lab| {
        let mut gateway = lab.start();
        ip("link delete eth1");
        assert_eq!(gateway.end(), Some(1));
        eventually("the admin socket is removed", || lab.files().is_empty().then_some(()));
    });
}

#[test]
fn an_object_of_another_abi_is_refused_with_both_versions() {
    in_lab(|lab| {
        // The definition of the map that carries the version: type, key, value, entries.
        let definition = |version: u32| [2, 4, 4, version].map(u32::to_le_bytes).concat();
        let prebuilt = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ebpf/prebuilt");
        let objects = std::env::var_os(afxdp::DIRECTORY).map_or(prebuilt.into(), PathBuf::from);
        let mut object = std::fs::read(objects.join("ergw.bpf.o")).unwrap();
        let (ours, other) = (definition(abi::VERSION), definition(abi::VERSION + 1));
        let at = object.windows(ours.len()).position(|bytes| bytes == ours).unwrap();
        object[at..at + other.len()].copy_from_slice(&other);
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ergw.bpf.o"), object).unwrap();
        let mut command = lab.command("eth1", &lab.admin_socket());
        let output = command.env(afxdp::DIRECTORY, directory.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stderr).unwrap();
        let (ours, other) = (abi::VERSION, abi::VERSION + 1);
        let expected = format!("has ABI version {other} and this program version {ours}");
        assert!(text.contains(&expected), "{text}");
    });
}
