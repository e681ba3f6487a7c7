//! A network namespace for the calling thread, and `ip` in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, unshare},
    unistd::{Uid, gettid},
};
use tempfile::TempDir;

/// The namespaces of the calling thread. Threads it starts and commands it runs are in them too.
pub struct Namespace {
    bpffs: TempDir,
}

impl Namespace {
    /// Moves the calling thread into new namespaces, with a bpffs.
    pub fn enter() -> Self {
        assert!(Uid::effective().is_root(), "the fast path's tests need root");
        unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).unwrap();
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, private, None::<&str>).unwrap();
        let bpffs = tempfile::Builder::new().prefix("erlab-msee-test").tempdir().unwrap();
        mount(Some("bpf"), bpffs.path(), Some("bpf"), MsFlags::empty(), None::<&str>).unwrap();
        quiet();
        ip("link set lo up");
        Self { bpffs }
    }

    /// A directory for pins, not made yet.
    pub fn pins(&self) -> PathBuf {
        self.bpffs.path().join("msee-a")
    }

    /// The root of the bpffs.
    pub fn bpffs(&self) -> &Path {
        self.bpffs.path()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        umount2(self.bpffs.path(), MntFlags::MNT_DETACH).unwrap();
    }
}

/// No IPv6: its neighbour and router discovery would be counted.
pub fn quiet() {
    fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1").unwrap();
    fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").unwrap();
}

/// Runs `ip ARGUMENTS`.
pub fn ip(arguments: &str) {
    run("ip", arguments);
}

/// Runs `tc ARGUMENTS`.
pub fn tc(arguments: &str) {
    run("tc", arguments);
}

/// Makes a veth pair as the lab does: up, NAPI on, no offloads (a partial checksum would cross XDP).
/// MAC addresses end in the given bytes.
///
/// The trap: the kernel decides when an end comes up whether it takes redirected frames, by the
/// other end's `gro`. So `gro` is set on both before either comes up.
pub fn veth(name: &str, mac: u8, peer: &str, peer_mac: u8) {
    ip(&format!(
        "link add {name} address 02:00:00:00:00:{mac:02x} type veth peer name {peer} \
         address 02:00:00:00:00:{peer_mac:02x}"
    ));
    for end in [name, peer] {
        run("ethtool", &format!("-K {end} tx off tso off gso off gro on"));
    }
    for end in [name, peer] {
        ip(&format!("link set {end} up"));
    }
}

/// Id of the calling thread, which names its namespace to `ip link set ... netns`.
pub fn thread() -> i32 {
    gettid().as_raw()
}

fn run(program: &str, arguments: &str) {
    let output = Command::new(program).args(arguments.split_whitespace()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments}: {error}");
}
