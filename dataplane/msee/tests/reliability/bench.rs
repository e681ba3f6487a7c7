//! The rig of these tests: a router between a customer and a VM. One test at a time has it: two that
//! load the machine at once would measure each other.

use std::{
    net::UdpSocket,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    thread::sleep,
    time::{Duration, Instant},
};

use msee::fastpath::{FastPath, Loader, Neighbours};
use nix::sys::socket::{setsockopt, sockopt};

use crate::{hosts::Hosts, namespace::Namespace, rig};

static ALONE: Mutex<()> = Mutex::new(());

/// The calling thread's namespace with a router's interfaces, and hosts around it.
pub struct Bench {
    pub hosts: Hosts,
    pub namespace: Namespace,
    _alone: MutexGuard<'static, ()>,
}

impl Bench {
    /// Waits until no other test runs. Nothing is loaded yet.
    pub fn empty() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let namespace = Namespace::enter();
        rig::interfaces();
        let hosts = Hosts::connect(&namespace);
        Self { hosts, namespace, _alone: alone }
    }

    /// With the lab's state in force.
    pub fn start() -> (Self, FastPath) {
        let bench = Self::empty();
        let fast_path = bench.load(&Loader::default());
        (bench, fast_path)
    }

    /// Loads, and applies the lab's state.
    pub fn load(&self, loader: &Loader) -> FastPath {
        let mut fast_path = loader.load(&self.pins()).unwrap();
        fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
        fast_path
    }

    pub fn pins(&self) -> PathBuf {
        self.namespace.pins()
    }
}

/// The names in a directory, sorted; the kernel's own `maps.debug` and `progs.debug` left out.
pub fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !name.contains('.')).collect();
    names.sort();
    names
}

/// Whether something comes true within seconds.
pub fn eventually(mut is_true: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(5) {
        if is_true() {
            return true;
        }
        sleep(Duration::from_millis(2));
    }
    false
}

/// Sends a packet whose TTL ends at the router.
pub fn expire(bench: &Bench) {
    bench.hosts.customer.run(|| {
        let socket = UdpSocket::bind("172.16.1.1:0").unwrap();
        setsockopt(&socket, sockopt::Ipv4Ttl, &1).unwrap();
        socket.send_to(b"traceroute", "10.255.10.4:33434").unwrap();
    });
}
