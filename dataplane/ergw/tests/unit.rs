//! A gateway as its systemd unit runs it: a user of its own, with the capabilities of the unit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod lab;

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use lab::{Gateway, Lab, UP, control::Control, delivered, frame, in_lab, port::Port, state};
use nix::{
    sys::{
        resource::{RLIM_INFINITY, Resource, getrlimit},
        signal::Signal,
    },
    unistd::{Gid, Uid, chown},
};
use privilege::{Capabilities, held::Held};

const HUB_VM: [u8; 4] = [10, 254, 10, 4];

/// The user of the unit, here one of no name.
const USER: u32 = 61_235;

/// The capabilities of the unit, as setpriv(1) writes them. The unit has no limit of locked memory;
/// where the test may not raise its own, CAP_IPC_LOCK stands for that.
fn capabilities() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/systemd/ergw@.service");
    let unit = fs::read_to_string(path).unwrap();
    let line = |key| unit.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    let names = line("AmbientCapabilities=");
    assert_eq!(names, line("CapabilityBoundingSet="));
    let mut words = vec!["-all".to_owned()];
    for name in names.split_whitespace() {
        words.push(format!("+{}", name.strip_prefix("CAP_").unwrap().to_lowercase()));
    }
    let (_, memory) = getrlimit(Resource::RLIMIT_MEMLOCK).unwrap();
    if memory != RLIM_INFINITY {
        words.push("+ipc_lock".to_owned());
    }
    words.join(",")
}

fn give(path: &Path) {
    chown(path, Some(Uid::from_raw(USER)), Some(Gid::from_raw(USER))).unwrap();
}

/// A copy of a file where the user can reach it.
fn copy(from: &Path, directory: &Path) -> PathBuf {
    let to = directory.join(from.file_name().unwrap());
    fs::copy(from, &to).unwrap();
    to
}

/// Starts the gateway as the unit does.
fn start(lab: &Lab, programs: &Path) -> Gateway {
    let capabilities = capabilities();
    let direct = lab.command("eth1", &lab.admin_socket());
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={USER}"), format!("--regid={USER}")]);
    command.args(["--clear-groups", "--no-new-privs"]).env("RUST_LOG", "error");
    for set in ["--inh-caps", "--ambient-caps", "--bounding-set"] {
        command.args([set, &capabilities]);
    }
    command.arg(copy(Path::new(direct.get_program()), programs)).args(direct.get_args());
    if let Some(objects) = std::env::var_os(afxdp::DIRECTORY) {
        copy(&Path::new(&objects).join("ergw.bpf.o"), programs);
        command.env(afxdp::DIRECTORY, programs);
    }
    lab.run(command)
}

#[test]
fn a_user_of_its_own_with_the_units_capabilities_is_enough() {
    in_lab(|mut lab| {
        lab.pin();
        let control = Control::start(&lab.control_socket());
        let programs = tempfile::tempdir().unwrap();
        fs::set_permissions(programs.path(), Permissions::from_mode(0o755)).unwrap();
        // What the unit's directories and the line before its start are for.
        let pins = lab.pins().unwrap();
        let parent = pins.parent().unwrap();
        fs::create_dir(parent).unwrap();
        for path in [lab.control_socket().parent().unwrap(), &lab.control_socket(), parent] {
            give(path);
        }

        for round in 0..2 {
            let mut gateway = start(&lab, programs.path());
            match round {
                0 => control.apply(1, state()),
                _ => control.wait_applied(1),
            }
            let port = Port::open("lan");
            port.send(&frame(UP, HUB_VM, 64, round));
            assert_eq!(port.receive(), delivered(64, round));
            for held in gateway.privileges() {
                // Nobody without CAP_SETPCAP can lower the ceiling that the unit has set.
                let ceiling = held.bounding;
                assert_eq!(held, Held { bounding: ceiling, ..Held::only(Capabilities::BPF) });
                assert!(!ceiling.intersects(Capabilities::SYS_ADMIN | Capabilities::SETPCAP));
            }
            // Killed it leaves its pins, which the next one takes over; ended it leaves nothing.
            if round == 0 {
                gateway.signal(Signal::SIGKILL);
                assert_eq!(gateway.end(), None);
                assert!(pins.join("links/eth1").exists());
            } else {
                gateway.signal(Signal::SIGTERM);
                assert_eq!(gateway.end(), Some(0));
                assert!(!pins.exists() && !lab.admin_socket().exists());
            }
        }
    });
}
