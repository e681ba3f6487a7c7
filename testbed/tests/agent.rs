//! The agent of a lab under kill -9, with stand-ins for the daemons.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails by panicking"
)]

use std::{
    fs,
    future::Future,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use erlab::{
    agent::{DIRECTORY_VARIABLE, LAB_MARK, Process, marked_with_lab},
    control::Client,
    lifecycle::{Lab, LabState, RunDirectory, destroy, exec},
    network, topology,
};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

const ERLAB: &str = env!("CARGO_BIN_EXE_erlab");

/// Everything here takes milliseconds; the machine may be busy.
const DEADLINE: Duration = Duration::from_secs(20);

/// A lab whose daemons are `sleep`, removed with the test.
struct TestLab {
    deployed: Lab,
    agent: Client,
    _programs: TempDir,
}

impl TestLab {
    /// Builds the network of the FastPath lab under the name `lc-<test>` and starts its guardian.
    async fn start(test: &str) -> Self {
        let root = nix::unistd::geteuid().is_root();
        assert!(root, "this test makes network namespaces: run it as root");
        let file = include_str!("../../labs/fastpath.er.yml");
        let mut topology = topology::parse(file, "fastpath.er.yml").unwrap();
        topology.name.value = format!("lc-{test}");
        let plan = topology::plan(&topology).unwrap();
        let directory = RunDirectory::of(&plan.lab);
        let _ = destroy(&plan.lab).await;
        directory.make().unwrap();
        network::build(&plan).await.unwrap();
        let state = LabState { topology, plan };
        fs::write(directory.state_file(), serde_json::to_vec(&state).unwrap()).unwrap();

        let programs = tempfile::tempdir().unwrap();
        for program in ["ercontrol", "msee", "ergw"] {
            stand_in(&programs.path().join(program));
        }
        let deployed = Lab::load(directory).unwrap();
        let agent = Client::connect(deployed.agent_socket());
        start_guardian(&deployed, programs.path());
        let lab = Self { deployed, agent, _programs: programs };
        lab.running().await;
        lab
    }

    /// Waits until all daemons run and returns their process numbers.
    async fn running(&self) -> Vec<i64> {
        let health = until("all daemons run", async || {
            self.agent.get("/health").await.ok().filter(|health| health["ready"] == true)
        });
        pids(&health.await)
    }

    /// Number of the guardian's process.
    fn guardian(&self) -> i32 {
        let text = fs::read_to_string(self.deployed.directory().guardian_file()).unwrap();
        let pid = serde_json::from_str::<Value>(&text).unwrap()["pid"].as_i64().unwrap();
        pid.try_into().unwrap()
    }

    /// Number of the worker's process.
    fn worker(&self) -> Option<i32> {
        let marked = marked_with_lab(self.deployed.name()).unwrap();
        let mut pids = marked.iter().map(|process| process.identity().pid);
        pids.find(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|word| word == b"--worker")
        })
    }
}

impl Drop for TestLab {
    fn drop(&mut self) {
        let lab = self.deployed.name();
        let _ = Command::new(ERLAB)
            .args(["destroy", lab])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

fn stand_in(path: &Path) {
    fs::write(path, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn start_guardian(lab: &Lab, programs: &Path) {
    let mut command = Command::new(ERLAB);
    command.args(["agent", "--lab", lab.name()]).stdin(Stdio::null());
    command.env(LAB_MARK, lab.name()).env(DIRECTORY_VARIABLE, programs);
    let log = fs::File::create(lab.directory().agent_log()).unwrap();
    let mut child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
    std::thread::spawn(move || child.wait());
}

fn pids(health: &Value) -> Vec<i64> {
    let daemons = health["daemons"].as_array().unwrap();
    daemons.iter().map(|daemon| daemon["pid"].as_i64().unwrap()).collect()
}

fn kill(pid: i32) {
    Process::open(pid).unwrap().unwrap().signal(Signal::KILL).unwrap();
}

/// Asks until there is an answer.
async fn until<T, F: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> F) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.unwrap_or_else(|_| panic!("never: {what}"))
}

#[tokio::test]
async fn a_killed_worker_is_replaced_and_the_new_one_adopts_the_daemons() {
    let lab = TestLab::start("worker").await;
    let before = lab.running().await;
    let worker = lab.worker().unwrap();
    kill(worker);
    until("a new worker", async || lab.worker().filter(|pid| *pid != worker)).await;
    assert_eq!(lab.running().await, before);
}

#[tokio::test]
async fn a_killed_daemon_is_restarted_alone() {
    let lab = TestLab::start("daemon").await;
    let before = lab.running().await;
    kill(before[2].try_into().unwrap());
    let after = until("another process", async || {
        let health = lab.agent.get("/health").await.ok()?;
        let restarted = health["ready"] == true && health["daemons"][2]["restarts"] == 1;
        restarted.then(|| pids(&health))
    });
    let after = after.await;
    let changed: Vec<_> =
        (0..before.len()).filter(|index| before[*index] != after[*index]).collect();
    assert_eq!(changed, [2]);
}

#[tokio::test]
async fn a_killed_guardian_is_succeeded_by_its_worker() {
    let lab = TestLab::start("guardian").await;
    let before = lab.running().await;
    let (guardian, worker) = (lab.guardian(), lab.worker().unwrap());
    kill(guardian);
    until("the worker is the guardian", async || (lab.guardian() == worker).then_some(())).await;
    until("a new worker", async || lab.worker().filter(|pid| *pid != worker)).await;
    assert_eq!(lab.running().await, before);
    // The new guardian does its work too.
    let worker = lab.worker().unwrap();
    kill(worker);
    until("a new worker", async || lab.worker().filter(|pid| *pid != worker)).await;
    assert_eq!(lab.running().await, before);
}

#[tokio::test]
async fn stop_ends_the_daemons_and_the_agent() {
    let lab = TestLab::start("stop").await;
    lab.agent.post("/stop", None).await.unwrap();
    let name = lab.deployed.name();
    let ended = async || marked_with_lab(name).unwrap().is_empty().then_some(());
    until("all processes have ended", ended).await;
    let removed = destroy(name).await.unwrap();
    assert_eq!((removed.processes, removed.namespaces), (0, 10));
}

#[tokio::test]
async fn destroy_ends_every_process_and_removes_every_namespace_and_file() {
    let lab = TestLab::start("destroy").await;
    let name = lab.deployed.name();
    let removed = destroy(name).await.unwrap();
    assert_eq!((removed.processes, removed.namespaces), (7, 10));
    assert!(removed.directory);
    assert!(marked_with_lab(name).unwrap().is_empty());
    assert!(!lab.deployed.directory().path().exists());
    let error = destroy(name).await.unwrap_err();
    assert!(error.to_string().starts_with("there is no lab named `lc-destroy`"), "{error}");
}

#[tokio::test]
async fn destroy_works_after_guardian_and_worker_were_killed() {
    let lab = TestLab::start("crash").await;
    let name = lab.deployed.name();
    // Both at once, or one would bring back the other.
    let (guardian, worker) = (lab.guardian(), lab.worker().unwrap());
    kill(worker);
    kill(guardian);
    // The guardian may have been quick.
    if let Some(worker) = lab.worker() {
        kill(worker);
    }
    let removed = destroy(name).await.unwrap();
    assert!(removed.processes >= 5, "{removed:?}");
    assert_eq!(removed.namespaces, 10);
    assert!(marked_with_lab(name).unwrap().is_empty());
}

#[tokio::test]
async fn a_command_runs_inside_the_node_and_gives_its_exit_code() {
    let lab = TestLab::start("exec").await;
    let run = async |node: &str, script: &str| {
        let command = ["sh", "-c", script].map(Into::into);
        exec(&lab.deployed, node, &command).await.map_err(|error| error.exit_code())
    };
    assert_eq!(run("hub-vm", "test -d /sys/class/net/eth1").await, Ok(0));
    assert_eq!(run("fabric", "test -d /sys/class/net/fabric0").await, Ok(0));
    assert_eq!(run("hub-vm", "exit 7").await, Ok(7));
    assert_eq!(run("hub-vm", "kill -9 $$").await, Ok(137));
    assert_eq!(run("nobody", "true").await, Err(125));
    assert_eq!(
        exec(&lab.deployed, "hub-vm", &["no-such".into()]).await.unwrap_err().exit_code(),
        127
    );
}
