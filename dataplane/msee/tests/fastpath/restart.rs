//! What outlives the process, and what does not.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::channel,
    },
    thread,
    time::Duration,
};

use abi::verdict::Verdict;
use msee::fastpath::{FastPath, Loader, Neighbours, pins::ensure_bpffs};
use nix::{errno::Errno, mount::umount};

use crate::{
    hosts::Hosts,
    namespace::Namespace,
    rig::{self, Rig},
    sockets::socket,
};

/// Sends a packet every 200 us until told to stop: how many were sent and answered.
fn load(hosts: &Hosts) -> impl FnOnce() -> (u64, u64) {
    hosts.serve();
    let stop = Arc::new(AtomicBool::new(false));
    let (done, result) = channel();
    let stopped = Arc::clone(&stop);
    let sockets = hosts.customer.run(|| {
        let socket = socket("172.16.1.1:0");
        socket.connect("10.255.10.4:7").unwrap();
        (socket.try_clone().unwrap(), socket)
    });
    thread::spawn(move || {
        let (sender, receiver) = sockets;
        let answers = thread::spawn(move || {
            let mut buffer = [0; 16];
            let mut answers = 0;
            while receiver.recv(&mut buffer).is_ok() {
                answers += 1;
            }
            answers
        });
        let mut sent = 0_u64;
        while !stopped.load(Ordering::Relaxed) {
            sender.send(&sent.to_ne_bytes()).unwrap();
            sent += 1;
            thread::sleep(Duration::from_micros(200));
        }
        done.send((sent, answers.join().unwrap())).unwrap();
    });
    move || {
        stop.store(true, Ordering::Relaxed);
        result.recv().unwrap()
    }
}

#[test]
fn a_killed_process_keeps_forwarding_and_the_next_takes_over_without_loss() {
    let Rig { fast_path, namespace } = Rig::start();
    let hosts = Hosts::connect(&namespace);
    let finish = load(&hosts);
    let mut fast_path = fast_path;
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(20));
        // As by a kill: descriptors close, pins stay.
        drop(fast_path);
        thread::sleep(Duration::from_millis(20));
        fast_path = FastPath::load(&namespace.pins()).unwrap();
        thread::sleep(Duration::from_millis(20));
        fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
    }
    let (sent, answered) = finish();
    println!("10 restarts: {sent} sent, {answered} answered");
    assert!(sent > 1_000);
    assert_eq!(answered, sent);
    let counters = fast_path.counters().unwrap();
    let forwarded = counters[usize::from(Verdict::ForwardedDirect.number())];
    assert_eq!(forwarded, sent, "the counters went on counting over restarts");
    fast_path.shutdown().unwrap();
}

#[test]
fn a_state_without_a_port_takes_it_from_the_former_process() {
    let Rig { fast_path, namespace } = Rig::start();
    let links = namespace.pins().join("links");
    assert_eq!(names(&links), ["eth1", "eth2", "eth3", "xcpu1"]);
    drop(fast_path);
    let mut without = rig::state();
    without.circuit_ports.remove("eth3");
    let mut fast_path = FastPath::load(&namespace.pins()).unwrap();
    fast_path.apply(&without, &Neighbours::default()).unwrap();
    assert_eq!(names(&links), ["eth1", "eth2", "xcpu1"]);
    assert!(!is_attached("eth3") && is_attached("eth1"));
    // And within one process, and back.
    without.circuit_ports.clear();
    without
        .vrfs
        .get_mut("circuit")
        .unwrap()
        .routes
        .retain(|_, route| !matches!(route.adjacency, desired::Adjacency::Ce { .. }));
    fast_path.apply(&without, &Neighbours::default()).unwrap();
    assert_eq!(names(&links), ["eth2"]);
    assert!(!is_attached("eth1") && !is_attached("xcpu1"));
    fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
    assert_eq!(names(&links), ["eth1", "eth2", "eth3", "xcpu1"]);
    fast_path.shutdown().unwrap();
}

#[test]
fn shutdown_leaves_nothing() {
    let Rig { fast_path, namespace } = Rig::start();
    fast_path.shutdown().unwrap();
    assert_eq!(names(namespace.bpffs()), Vec::<String>::new());
    assert!(["eth1", "eth2", "eth3", "xcpu1"].iter().all(|interface| !is_attached(interface)));
}

#[test]
fn a_start_that_died_leaves_the_former_process_in_force_and_its_rest_is_removed() {
    let Rig { fast_path, namespace } = Rig::start();
    drop(fast_path);
    let pins = namespace.pins();
    fs::rename(pins.join(format!("abi-{}", abi::VERSION)), pins.join("abi-1")).unwrap();
    // Loaded and never applied: everything is pinned under the temporary name.
    let loader = Loader::default().replace(true);
    drop(loader.load(&pins).unwrap());
    assert_eq!(names(namespace.bpffs()), ["msee-a", "msee-a-new"]);
    assert!(is_attached("eth1"));
    let mut fast_path = loader.load(&pins).unwrap();
    fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
    assert_eq!(names(namespace.bpffs()), ["msee-a"]);
    fast_path.shutdown().unwrap();
}

#[test]
fn one_process_has_the_pins() {
    let Rig { fast_path, namespace } = Rig::start();
    let error = FastPath::load(&namespace.pins()).unwrap_err();
    assert!(error.to_string().contains("is in use by another process"), "{error}");
    drop(fast_path);
    FastPath::load(&namespace.pins()).unwrap().shutdown().unwrap();
}

#[test]
fn pins_are_readable_by_the_group_and_writable_by_nobody_else() {
    let rig = Rig::start();
    let mut pending = vec![rig.namespace.pins()];
    let mut objects = 0;
    while let Some(path) = pending.pop() {
        let metadata = fs::metadata(&path).unwrap();
        let mode = metadata.permissions().mode() & 0o777;
        if metadata.is_dir() {
            assert_eq!(mode, 0o750, "{}", path.display());
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            assert_eq!(mode, 0o640, "{}", path.display());
            objects += 1;
        }
    }
    assert_eq!(objects, 16 + 2 + 4, "maps, programs and links");
}

#[test]
fn pins_belong_on_a_bpffs() {
    let _namespace = Namespace::enter();
    let elsewhere = tempfile::tempdir().unwrap();
    let error = FastPath::load(&elsewhere.path().join("msee-a")).unwrap_err();
    assert!(error.to_string().contains("is not on a bpffs"), "{error}");
}

#[test]
fn a_bpffs_is_mounted_once_however_many_ask() {
    let _namespace = Namespace::enter();
    let directory = tempfile::tempdir().unwrap();
    let bpffs = directory.path().join("bpf");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| ensure_bpffs(&bpffs).unwrap());
        }
    });
    umount(&bpffs).unwrap();
    assert_eq!(umount(&bpffs), Err(Errno::EINVAL), "there was one mount");
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    // The kernel's own `maps.debug` and `progs.debug`.
    names.retain(|name| !name.contains('.'));
    names.sort();
    names
}

fn is_attached(interface: &str) -> bool {
    let arguments = ["-o", "link", "show", "dev", interface];
    let output = std::process::Command::new("ip").args(arguments).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().contains("prog/xdp")
}
