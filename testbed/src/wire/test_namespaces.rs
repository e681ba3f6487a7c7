//! Network namespaces of one test, gone when it ends, also by a panic.

use std::{
    fs::File,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use nix::sched::{CloneFlags, setns};

/// The namespaces, called `wt-<process>-<number>-<label>`.
#[derive(Debug)]
pub(crate) struct TestNamespaces {
    prefix: String,
    labels: Vec<&'static str>,
}

impl TestNamespaces {
    /// Makes them with `lo` up.
    pub(crate) fn new(labels: &[&'static str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let root = nix::unistd::geteuid().is_root();
        assert!(root, "this test makes network namespaces: run it as root");
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("wt-{}-{number}", std::process::id());
        let mut made = Self { prefix, labels: Vec::new() };
        for label in labels {
            run(&["netns", "add", &made.name(label)]);
            made.labels.push(label);
            made.ip(label, "link set lo up");
        }
        made
    }

    /// Full name of one of them.
    pub(crate) fn name(&self, label: &str) -> String {
        format!("{}-{label}", self.prefix)
    }

    /// `ip -n <namespace> <arguments>`.
    pub(crate) fn ip(&self, label: &str, arguments: &str) {
        let name = self.name(label);
        let mut all = vec!["-n", name.as_str()];
        all.extend(arguments.split_whitespace());
        run(&all);
    }

    /// A veth pair as the lab's: both ends up, no offloads at the sender, NAPI at the receiver
    /// without merging frames.
    pub(crate) fn veth(&self, (a, a_name): (&str, &str), (b, b_name): (&str, &str)) {
        let far = self.name(b);
        self.ip(a, &format!("link add {a_name} type veth peer name {b_name} netns {far}"));
        for (label, interface) in [(a, a_name), (b, b_name)] {
            let offloads = ["tx", "off", "tso", "off", "gso", "off", "gro", "on"];
            let mut arguments = vec!["netns", "exec"];
            let name = self.name(label);
            arguments.extend([name.as_str(), "ethtool", "-K", interface]);
            arguments.extend(offloads);
            run(&arguments);
            self.ip(label, &format!("link set {interface} gro_max_size 1 up"));
        }
    }

    /// Sets a sysctl in one of them.
    pub(crate) fn sysctl(&self, label: &str, setting: &str) {
        run(&["netns", "exec", &self.name(label), "sysctl", "-qw", setting]);
    }

    /// Runs `action` on a thread of its own inside one of them.
    pub(crate) fn inside<T: Send>(&self, label: &str, action: impl FnOnce() -> T + Send) -> T {
        let file = File::open(format!("/run/netns/{}", self.name(label))).unwrap();
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                setns(file, CloneFlags::CLONE_NEWNET).unwrap();
                action()
            });
            inside.join().unwrap()
        })
    }
}

impl Drop for TestNamespaces {
    fn drop(&mut self) {
        for label in &self.labels {
            let _ = Command::new("ip").args(["netns", "del", &self.name(label)]).status();
        }
    }
}

fn run(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "ip {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
}
