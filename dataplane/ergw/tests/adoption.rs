//! A restart goes on with what is pinned, or refuses it by name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod lab;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use aya::{
    maps::MapInfo,
    programs::{
        Xdp,
        links::{FdLink, PinnedLink},
    },
};
use aya_obj::programs::XdpAttachType;
use lab::{
    Gateway, Lab, UP, control::Control, delivered, eventually, frame, in_lab, port::Port, state,
};
use nix::sys::signal::Signal;
use tempfile::TempDir;

const HUB_VM: [u8; 4] = [10, 254, 10, 4];

/// The kernel's numbers of what is pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pinned {
    program: u32,
    link: u32,
    /// The program that the link attaches.
    attached: u32,
    maps: Vec<(String, u32)>,
}

fn abi_directory(version: u32) -> String {
    format!("abi-{version}")
}

fn pinned(lab: &Lab) -> Pinned {
    let pins = lab.pins().unwrap();
    let program = Xdp::from_pin(pins.join("ergw_port"), XdpAttachType::Interface).unwrap();
    let link = FdLink::from(PinnedLink::from_pin(pins.join("links/eth1")).unwrap());
    let link = link.info().unwrap();
    let maps = pins.join(abi_directory(abi::VERSION));
    let mut names: Vec<String> = std::fs::read_dir(&maps)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let id = |name: String| (name.clone(), MapInfo::from_pin(maps.join(name)).unwrap().id());
    Pinned {
        program: program.info().unwrap().id(),
        link: link.id(),
        attached: link.program_id(),
        maps: names.into_iter().map(id).collect(),
    }
}

fn kill(gateway: &mut Gateway) {
    gateway.signal(Signal::SIGKILL);
    assert_eq!(gateway.end(), None);
    assert!(lab::is_attached(), "the program is gone with its process");
}

fn prebuilt() -> Vec<u8> {
    let prebuilt = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ebpf/prebuilt");
    let objects = std::env::var_os(afxdp::DIRECTORY).map_or(prebuilt.into(), PathBuf::from);
    std::fs::read(objects.join("ergw.bpf.o")).unwrap()
}

fn directory(object: &[u8]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ergw.bpf.o"), object).unwrap();
    directory
}

/// Replaces an instruction, wherever it is.
fn change(object: &mut [u8], from: [u8; 8], to: [u8; 8]) {
    let (chunks, _) = object.as_chunks_mut::<8>();
    let mut changed = 0;
    for instruction in chunks.iter_mut().filter(|instruction| **instruction == from) {
        *instruction = to;
        changed += 1;
    }
    assert!(changed > 0, "the object has no such instruction");
}

/// `r0 = XDP_DROP`, as a 64-bit move, which is what the compiler makes of it.
const DROP: [u8; 8] = [0xb7, 0, 0, 0, 1, 0, 0, 0];

/// The object of another build that does the same: a 32-bit move clears the upper half.
fn another_build() -> TempDir {
    let mut object = prebuilt();
    change(&mut object, DROP, [0xb4, 0, 0, 0, 1, 0, 0, 0]);
    directory(&object)
}

/// An object that the verifier refuses: it reads a register that nobody wrote.
fn refused_build() -> TempDir {
    let mut object = prebuilt();
    change(&mut object, DROP, [0xbf, 0x90, 0, 0, 0, 0, 0, 0]);
    directory(&object)
}

fn start(lab: &Lab, objects: &Path) -> Gateway {
    let mut command = lab.command("eth1", &lab.admin_socket());
    command.env(afxdp::DIRECTORY, objects);
    lab.run(command)
}

/// One packet through it, which also shows that counters go on: `forwarded` in all.
fn forwards(gateway: &Gateway, control: &Control, forwarded: u32) {
    control.wait_applied(5);
    let port = Port::open("lan");
    port.send(&frame(UP, HUB_VM, 64, forwarded));
    assert_eq!(port.receive(), delivered(64, forwarded));
    let expected = u64::from(forwarded);
    eventually("it is counted", || (gateway.verdict("gw_forwarded") == expected).then_some(()));
}

#[test]
fn a_restarted_gateway_adopts_program_maps_and_link() {
    in_lab(|mut lab| {
        lab.pin();
        let control = Control::start(&lab.control_socket());
        control.send(5, desired::State::Ergw(state()));
        let mut gateway = lab.start();
        forwards(&gateway, &control, 1);
        let before = pinned(&lab);
        assert_eq!(before.attached, before.program);
        for round in 2..5 {
            kill(&mut gateway);
            gateway = lab.start();
            assert_eq!(pinned(&lab), before, "opened, not made");
            forwards(&gateway, &control, round);
        }
    });
}

#[test]
fn another_build_of_the_gateway_takes_the_place_of_its_program() {
    in_lab(|mut lab| {
        lab.pin();
        let control = Control::start(&lab.control_socket());
        control.send(5, desired::State::Ergw(state()));
        let mut gateway = lab.start();
        let (other, refused) = (another_build(), refused_build());
        forwards(&gateway, &control, 1);
        for round in 1..=2 {
            let before = pinned(&lab);
            kill(&mut gateway);
            gateway = start(&lab, other.path());
            let after = pinned(&lab);
            assert_ne!(after.program, before.program);
            assert_eq!(after.attached, after.program, "the link was not given it");
            assert_eq!((after.link, &after.maps), (before.link, &before.maps));
            forwards(&gateway, &control, 2 * round);
            kill(&mut gateway);

            let mut command = lab.command("eth1", &lab.admin_socket());
            command.env(afxdp::DIRECTORY, refused.path()).stderr(Stdio::piped());
            let text = String::from_utf8(command.output().unwrap().stderr).unwrap();
            assert!(text.contains("refused the program ergw_port"), "{text}");
            assert!(text.contains("R9 !read_ok"), "no word of the verifier's: {text}");
            assert_eq!(pinned(&lab), after, "refused, and nothing changed");

            gateway = lab.start();
            forwards(&gateway, &control, 2 * round + 1);
        }
    });
}

#[test]
fn a_gateway_of_another_abi_version_is_refused_by_name_and_replaced_on_request() {
    in_lab(|mut lab| {
        lab.pin();
        let control = Control::start(&lab.control_socket());
        control.send(5, desired::State::Ergw(state()));
        let mut gateway = lab.start();
        forwards(&gateway, &control, 1);
        for other in [abi::VERSION - 1, abi::VERSION + 1] {
            let before = pinned(&lab);
            kill(&mut gateway);
            let maps = |version| lab.pins().unwrap().join(abi_directory(version));
            std::fs::rename(maps(abi::VERSION), maps(other)).unwrap();
            let output = lab.fail("eth1", &lab.admin_socket());
            let text = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{text}");
            assert!(text.contains(&format!("of ABI version {other}, and")), "{text}");
            assert!(text.contains(&format!("has version {}:", abi::VERSION)), "{text}");
            assert!(text.contains("--replace") && text.contains("SIGTERM"), "{text}");
            assert!(maps(other).exists() && lab::is_attached(), "refused, and nothing changed");

            let mut command = lab.command("eth1", &lab.admin_socket());
            command.arg("--replace");
            gateway = lab.run(command);
            let after = pinned(&lab);
            assert_eq!((after.link, after.attached), (before.link, after.program));
            assert!(!maps(other).exists(), "the maps of the other version were left");
            // What another version counted is not known here.
            forwards(&gateway, &control, 1);
        }
    });
}

#[test]
fn a_map_that_is_not_what_it_should_be_is_never_used() {
    in_lab(|mut lab| {
        lab.pin();
        let control = Control::start(&lab.control_socket());
        control.send(5, desired::State::Ergw(state()));
        let mut gateway = lab.start();
        forwards(&gateway, &control, 1);
        kill(&mut gateway);
        let maps = lab.pins().unwrap().join(abi_directory(abi::VERSION));
        std::fs::remove_file(maps.join("SOCKETS")).unwrap();
        let output = lab.fail("eth1", &lab.admin_socket());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("SOCKETS") && text.contains("--replace"), "{text}");
        let mut command = lab.command("eth1", &lab.admin_socket());
        command.arg("--replace");
        // Counters that are as they should be are shared all the same.
        forwards(&lab.run(command), &control, 2);
    });
}
