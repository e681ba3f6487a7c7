//! Deploys a lab by the real `erlab`, drives it by the real commands, and always destroys it.
//!
//! One lab at a time on the machine: tests that share two cores would measure each other.

#![allow(dead_code, reason = "each test binary uses its own part of the harness")]

pub(crate) mod account;

use std::{
    fmt::Write as _,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use nix::fcntl::{Flock, FlockArg};
use serde_json::Value;

/// The lab of the original text.
pub(crate) const FASTPATH_LAB: &str = include_str!("../../../labs/fastpath.er.yml");

/// The lab of two customers.
pub(crate) const TWO_CUSTOMERS_LAB: &str = include_str!("../../../labs/two-customers.er.yml");

/// The lab of fabrics in VXLAN.
pub(crate) const VXLAN_LAB: &str = include_str!("../../../labs/vxlan.er.yml");

/// The original lab's five traceroutes with FastPath, as `(from, to, hops)`.
pub(crate) const FIVE_TRACEROUTES: [(&str, &str, &[&str]); 5] = [
    ("remote-vm", "10.255.10.4", &["10.253.0.4", "10.255.10.4"]),
    ("remote-vm", "10.254.10.4", &["10.253.0.5", "*", "10.254.10.4"]),
    ("ce1", "10.253.10.4", &["172.16.1.2", "*", "10.253.10.4"]),
    ("ce1", "10.254.10.4", &["172.16.1.2", "*", "10.254.10.4"]),
    ("ce1", "10.255.10.4", &["172.16.1.2", "10.255.10.4"]),
];

/// Circuit of the original lab.
pub(crate) const CIRCUIT: &str = "CIRCUIT_EQUINIX";

/// A deployed lab; dropped, it is destroyed.
pub(crate) struct Lab {
    pub(crate) name: String,
    directory: tempfile::TempDir,
    _alone: Flock<File>,
}

impl Lab {
    /// Deploys the original lab under `name`.
    pub(crate) fn deploy(name: &str) -> Self {
        Self::deploy_topology(name, FASTPATH_LAB)
    }

    /// Deploys the original lab under `name`, without wires: for load and for speed.
    pub(crate) fn deploy_without_wires(name: &str) -> Self {
        let topology = FASTPATH_LAB.replace("wires: on", "wires: off");
        assert_ne!(topology, FASTPATH_LAB, "the lab file no longer says `wires: on`");
        Self::deploy_topology(name, &topology)
    }

    /// The same, whose customer edge announces `routes` prefixes more.
    pub(crate) fn deploy_with_routes(name: &str, routes: u32) -> Self {
        let mut prefixes = String::new();
        for number in 0..routes {
            write!(prefixes, ", 11.{}.{}.0/24", number / 256, number % 256).unwrap();
        }
        let topology = FASTPATH_LAB
            .replace("wires: on", "wires: off")
            .replace("172.16.2.0/30] }", &format!("172.16.2.0/30{prefixes}] }}"));
        assert!(topology.contains(&prefixes), "the lab file no longer ends its list like that");
        Self::deploy_topology(name, &topology)
    }

    /// Deploys the lab of two customers under `name`.
    pub(crate) fn deploy_two_customers(name: &str) -> Self {
        Self::deploy_topology(name, TWO_CUSTOMERS_LAB)
    }

    /// Deploys the original lab under `name` by a shell that keeps `file` open, as flock(1) does.
    pub(crate) fn deploy_with_open_file(name: &str, file: &Path) -> Self {
        let erlab = erlab_command();
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"exec 9>>"$0"; exec "$@""#]).arg(file).arg(erlab.get_program());
        Self::deploy_by(shell, name, FASTPATH_LAB)
    }

    /// Deploys another file under `name`.
    pub(crate) fn deploy_topology(name: &str, topology: &str) -> Self {
        Self::deploy_by(erlab_command(), name, topology)
    }

    fn deploy_by(mut erlab: Command, name: &str, topology: &str) -> Self {
        assert!(
            nix::unistd::Uid::effective().is_root(),
            "whole-lab tests need root: sudo make test"
        );
        let alone = alone();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("lab.er.yml");
        let own = topology.lines().find(|line| line.starts_with("name: ")).unwrap();
        let text = topology.replacen(own, &format!("name: {name}"), 1);
        std::fs::write(&file, text).unwrap();
        let lab = Self { name: name.to_owned(), directory, _alone: alone };
        let deploy = ["deploy", "-t", file.to_str().unwrap()];
        let output = erlab.env("ERLAB_NAME", &lab.name).args(deploy).output().unwrap();
        Finished::new(&deploy, output).succeeds();
        lab
    }

    /// Runs `erlab ARGS` on this lab to its end.
    pub(crate) fn erlab(&self, args: &[&str]) -> Finished {
        Finished::new(
            args,
            erlab_command().env("ERLAB_NAME", &self.name).args(args).output().unwrap(),
        )
    }

    /// Starts `erlab ARGS` on this lab in the background.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let child = erlab_command()
            .env("ERLAB_NAME", &self.name)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running { args: args.iter().map(|arg| (*arg).to_owned()).collect(), child }
    }

    /// Creates conn1 with a fresh authorization, as the story does.
    pub(crate) fn create_conn1(&self, fastpath: bool) {
        let key = self.authorization("conn1-auth");
        let bypass = if fastpath { "true" } else { "false" };
        self.erlab(&[
            "connection",
            "create",
            "conn1",
            "--gateway",
            "ERGW1",
            "--circuit",
            CIRCUIT,
            "--authorization-key",
            &key,
            "--express-route-gateway-bypass",
            bypass,
        ])
        .succeeds();
    }

    /// Creates an authorization and returns its key.
    pub(crate) fn authorization(&self, name: &str) -> String {
        let created = self
            .erlab(&["authorization", "create", name, "--circuit", CIRCUIT, "-f", "json"])
            .json();
        created["properties"]["authorizationKey"].as_str().unwrap().to_owned()
    }

    /// Turns FastPath of conn1 on or off.
    pub(crate) fn set_fastpath(&self, on: bool) {
        let bypass = if on { "true" } else { "false" };
        self.erlab(&["connection", "update", "conn1", "--express-route-gateway-bypass", bypass])
            .succeeds();
    }

    /// Whether one ping of `to` from `from` is answered within a second.
    pub(crate) fn pings(&self, from: &str, to: &str) -> bool {
        self.erlab(&["exec", from, "--", "ping", "-n", "-c", "1", "-W", "1", to])
            .output
            .status
            .success()
    }

    /// Polls until a ping is answered (or no longer is), failing after ten seconds.
    pub(crate) fn wait_for_ping(&self, from: &str, to: &str, answered: bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.pings(from, to) != answered {
            assert!(Instant::now() < deadline, "{from} -> {to}: answered never became {answered}");
        }
    }

    /// Process id of the daemon `name` as the agent sees it.
    pub(crate) fn daemon_pid(&self, name: &str) -> i32 {
        let path = format!("/run/erlab/{}/daemons.json", self.name);
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let daemons: Value =
                serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            if let Some(pid) = find_daemon(&daemons, name) {
                return pid;
            }
            assert!(Instant::now() < deadline, "{path} has no daemon {name}: {daemons}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Process id of the agent's worker.
    pub(crate) fn worker_pid(&self) -> Option<i32> {
        let mut processes = marked(&self.name).into_iter();
        processes.find(|process| process.command.contains("--worker")).map(|process| process.pid)
    }

    /// The run directory.
    pub(crate) fn directory(&self) -> PathBuf {
        PathBuf::from("/run/erlab").join(&self.name)
    }

    /// What the gateway handed to each VM since it started.
    pub(crate) fn gateway_packets(&self, gateway: &str, vm: &str) -> u64 {
        let shown = self.erlab(&["gateway", "show", gateway, "-f", "json"]).json();
        let endpoints = &shown["counters"]["endpoints"];
        assert!(endpoints.is_object(), "no counters: {shown:#}");
        endpoints[vm].as_u64().unwrap_or(0)
    }

    /// Packets that `node` has received on `eth1`.
    pub(crate) fn received_by(&self, node: &str) -> u64 {
        let path = "/sys/class/net/eth1/statistics/rx_packets";
        let read = self.erlab(&["exec", node, "--", "cat", path]);
        read.succeeds().stdout().trim().parse().unwrap()
    }

    /// Starts numbered traffic and returns when its packets arrive.
    pub(crate) fn start_traffic(&self, from: &str, to: &str, pps: &str, time: &str) -> Running {
        let before = self.received_by(to);
        let mut traffic =
            self.start(&["traffic", from, to, "--pps", pps, "--for", time, "-f", "json"]);
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.received_by(to) < before + 50 {
            assert!(traffic.is_running(), "{from} -> {to}: ended before anything arrived");
            assert!(Instant::now() < deadline, "{from} -> {to}: nothing arrives");
        }
        traffic
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.print_logs();
        }
        let output = erlab_command().args(["destroy", &self.name]).output();
        if let Ok(output) = output
            && !output.status.success()
        {
            eprintln!("destroy failed: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

impl Lab {
    /// What nobody meant to lose so far, by node and verdict: a frame that came before the first image, if
    /// any. To be compared, once all is reached.
    pub(crate) fn losses(&self) -> Vec<Value> {
        let drops = self.erlab(&["drops", "-f", "json"]).json();
        let rows = drops["rows"].as_array().unwrap().iter();
        rows.filter(|row| row["severity"] == "loss").cloned().collect()
    }

    /// The last lines of every daemon's log, for a failed test.
    fn print_logs(&self) {
        let Ok(entries) = std::fs::read_dir(self.directory()) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                let lines: Vec<&str> = text.lines().collect();
                eprintln!("-- {}", path.display());
                for line in lines.iter().skip(lines.len().saturating_sub(8)) {
                    eprintln!("{line}");
                }
            }
        }
    }
}

/// A command that has ended.
pub(crate) struct Finished {
    what: String,
    pub(crate) output: Output,
}

impl Finished {
    fn new(args: &[&str], output: Output) -> Self {
        Self { what: args.join(" "), output }
    }

    /// Standard output as text.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// Standard error as text.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Fails the test unless the exit code is 0.
    pub(crate) fn succeeds(&self) -> &Self {
        assert!(
            self.output.status.success(),
            "erlab {}: {}\n{}{}",
            self.what,
            self.output.status,
            self.stdout(),
            self.stderr()
        );
        self
    }

    /// Fails the test unless the command failed with each of `words` in its message.
    pub(crate) fn fails_with(&self, words: &[&str]) -> &Self {
        assert!(!self.output.status.success(), "erlab {} succeeded: {}", self.what, self.stdout());
        for word in words {
            assert!(
                self.stderr().contains(word),
                "erlab {}: `{word}` is not in: {}",
                self.what,
                self.stderr()
            );
        }
        self
    }

    /// Standard output of a successful command as JSON.
    pub(crate) fn json(&self) -> Value {
        self.succeeds();
        serde_json::from_slice(&self.output.stdout)
            .unwrap_or_else(|error| panic!("erlab {}: {error}: {}", self.what, self.stdout()))
    }
}

/// A command in the background.
pub(crate) struct Running {
    args: Vec<String>,
    child: Child,
}

impl Running {
    /// Waits for its end.
    pub(crate) fn finish(self) -> Finished {
        let output = self.child.wait_with_output().unwrap();
        Finished { what: self.args.join(" "), output }
    }

    /// Ends it as Ctrl-C does.
    pub(crate) fn interrupt(self) -> Finished {
        use nix::{
            sys::signal::{Signal, kill},
            unistd::Pid,
        };
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT).unwrap();
        self.finish()
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

/// The erlab that was released beside the daemons it starts (`make test` says where), else the one
/// cargo built for this test.
pub(crate) fn erlab_command() -> Command {
    match std::env::var_os("ERLAB_BIN_DIR") {
        Some(directory) => Command::new(PathBuf::from(directory).join("erlab")),
        None => Command::new(env!("CARGO_BIN_EXE_erlab")),
    }
}

/// `short`, or `full` in a soak (`ERLAB_SOAK=1`): rounds of a promise.
pub(crate) fn rounds(short: u32, full: u32) -> u32 {
    if is_soak() { full } else { short }
}

/// A bound: the goal in a soak, else what a machine that does other things too is allowed.
pub(crate) fn bound(allowed: Duration, goal: Duration) -> Duration {
    if is_soak() { goal } else { allowed }
}

fn is_soak() -> bool {
    std::env::var_os("ERLAB_SOAK").is_some_and(|value| value != "0")
}

/// Holds the machine for one lab, over all test binaries.
pub(crate) fn alone() -> Flock<File> {
    let path = std::env::temp_dir().join("erlab-tests.lock");
    let file = File::options().create(true).truncate(false).write(true).open(path).unwrap();
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| error).unwrap()
}

/// A process of a lab.
#[derive(Debug)]
pub(crate) struct Marked {
    pub(crate) pid: i32,
    pub(crate) command: String,
}

/// Every process that carries the lab's mark, oldest first.
pub(crate) fn marked(lab: &str) -> Vec<Marked> {
    let mark = format!("ERLAB_LAB={lab}");
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()) {
            let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            found.push(Marked { pid, command });
        }
    }
    found.sort_by_key(|process| process.pid);
    found
}

/// Kills process `pid` by SIGKILL.
pub(crate) fn kill(pid: i32) {
    use nix::{
        sys::signal::{Signal, kill},
        unistd::Pid,
    };
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

/// The hops of an `erlab traceroute -f json`, `*` for a silent one.
pub(crate) fn hops(trace: &Value) -> Vec<String> {
    trace["hops"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hop| hop["address"].as_str().unwrap_or("*").to_owned())
        .collect()
}

fn find_daemon(daemons: &Value, name: &str) -> Option<i32> {
    let entries: Vec<&Value> = match daemons {
        Value::Array(entries) => entries.iter().collect(),
        Value::Object(map) => {
            if let Some(pid) = map.get(name).and_then(|daemon| daemon["pid"].as_i64()) {
                return i32::try_from(pid).ok();
            }
            map.values().filter_map(Value::as_array).flatten().collect()
        }
        _ => return None,
    };
    let daemon = entries.into_iter().find(|daemon| daemon["name"] == name)?;
    i32::try_from(daemon["pid"].as_i64()?).ok()
}
