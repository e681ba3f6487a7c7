//! What a gateway may do once it runs, and who may touch what it leaves in the file system.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod lab;

use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Command, thread};

use aya::maps::MapData;
use lab::{UP, control::Control, delivered, eventually, frame, in_lab, ip, port::Port, state};
use nix::{
    sys::{
        signal::Signal,
        stat::{Mode, umask},
    },
    unistd::{Uid, setfsuid},
};
use privilege::{Capabilities, held::Held};

const HUB_VM: [u8; 4] = [10, 254, 10, 4];

#[test]
fn every_thread_has_dropped_all_but_what_is_needed_and_still_works_and_ends() {
    in_lab(|mut lab| {
        lab.pin();
        let control = Control::start(&lab.control_socket());
        let mut gateway = lab.start();
        control.apply(1, state());
        // The packet thread forwards: it is there.
        let port = Port::open("lan");
        port.send(&frame(UP, HUB_VM, 64, 1));
        assert_eq!(port.receive(), delivered(64, 1));
        let threads = gateway.privileges();
        assert!(threads.len() >= 2, "{threads:?}");
        assert_eq!(threads, vec![Held::only(Capabilities::BPF); threads.len()]);
        gateway.signal(Signal::SIGTERM);
        assert_eq!(gateway.end(), Some(0));
        assert!(!ip("-d link show eth1").contains("xdp"), "XDP was left on eth1");
        assert_eq!(lab.files(), [lab.control_socket()]);
        assert!(!lab.pins().unwrap().parent().unwrap().exists());
    });
}

/// Runs a command as a user of no name, in the group of the pins or not; whether it succeeded.
fn succeeds(in_group: bool, command: &str, path: &Path) -> bool {
    let group = if in_group { "0" } else { "65534" };
    let mut setpriv = Command::new("setpriv");
    setpriv.args(["--reuid=65534", "--clear-groups", "--regid", group]);
    let output = setpriv.args(command.split(' ')).arg(path).output().unwrap();
    output.status.success()
}

/// Whether a user of root's group can open a pinned map to read and write it.
fn opens(user: u32, map: &Path) -> bool {
    let map = map.to_owned();
    // What files a thread may use is its own, and so is the loss of privileges that comes with it.
    let thread = thread::spawn(move || {
        setfsuid(Uid::from_raw(user));
        MapData::from_pin(map).is_ok()
    });
    thread.join().unwrap()
}

fn abi_directory() -> String {
    format!("abi-{}", abi::VERSION)
}

#[test]
fn pins_can_be_written_by_their_owner_only_and_looked_at_by_the_group() {
    in_lab(|mut lab| {
        // Modes must not depend on it. It is this thread's own, as its mount namespace is.
        umask(Mode::from_bits_truncate(0o077));
        lab.pin();
        let control = Control::start(&lab.control_socket());
        let gateway = lab.start();
        control.apply(1, state());
        let pins = lab.pins().unwrap();
        let (mut directories, mut objects) = (Vec::new(), Vec::new());
        let mut left = vec![pins.parent().unwrap().to_owned()];
        while let Some(path) = left.pop() {
            let metadata = std::fs::symlink_metadata(&path).unwrap();
            let mode = metadata.permissions().mode() & 0o7777;
            if metadata.is_dir() {
                assert_eq!(mode, 0o750, "{}", path.display());
                left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                directories.push(path);
            } else {
                assert_eq!(mode, 0o640, "{}", path.display());
                objects.push(path);
            }
        }
        // The lab's, the gateway's, links and maps; at least program, link, sockets and counters.
        assert!(directories.len() == 4 && objects.len() >= 5, "{directories:?} {objects:?}");
        for directory in &directories {
            assert!(succeeds(true, "ls", directory));
            assert!(!succeeds(false, "ls", directory));
        }
        for in_group in [true, false] {
            for directory in &directories {
                assert!(!succeeds(in_group, "mkdir", &directory.join("intruder")));
            }
            for object in &objects {
                assert!(!succeeds(in_group, "rm -f", object), "{}", object.display());
                assert!(!succeeds(in_group, "chmod 0666", object), "{}", object.display());
            }
        }
        for map in objects.iter().filter(|path| path.parent().unwrap().ends_with(abi_directory())) {
            assert!(opens(0, map), "{}", map.display());
            assert!(!opens(65_534, map), "{}", map.display());
        }
        let port = Port::open("lan");
        port.send(&frame(UP, HUB_VM, 64, 1));
        assert_eq!(port.receive(), delivered(64, 1));
        eventually("it is counted", || (gateway.verdict("gw_forwarded") == 1).then_some(()));
    });
}
