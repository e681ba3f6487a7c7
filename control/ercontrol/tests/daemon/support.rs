//! The daemon, a client for its API, and a dataplane.

mod client;
mod dataplane;

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

pub(crate) use client::Answer;
pub(crate) use dataplane::{Behaviour, Dataplane};

pub(crate) const GROUP: &str = "/subscriptions/lab-gateways/resourceGroups/FP/providers";
pub(crate) const NETWORK: &str =
    "/subscriptions/lab-gateways/resourceGroups/FP/providers/Microsoft.Network";
pub(crate) const CIRCUIT: &str = "/subscriptions/lab-circuits/resourceGroups/RG_US_W2_ER/providers\
                                  /Microsoft.Network/expressRouteCircuits/CIRCUIT_EQUINIX";

/// A running `ercontrol` in a directory of its own.
pub(crate) struct Daemon {
    directory: tempfile::TempDir,
    child: Child,
}

impl Daemon {
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let child = spawn(directory.path());
        let mut daemon = Self { directory, child };
        daemon.wait_ready().await;
        daemon
    }

    /// Starts with the whole lab but its connections, circuit provisioned.
    pub(crate) async fn start_with_lab() -> Self {
        let daemon = Self::start().await;
        let steps: Vec<Value> = serde_json::from_str(include_str!("../data/lab.json")).unwrap();
        for step in steps {
            let path = step["path"].as_str().unwrap();
            let method = step["method"].as_str().unwrap();
            let answer = daemon.request(method, path, Some(&step["body"])).await;
            assert!(answer.status < 300, "{path}: {answer:?}");
        }
        daemon
    }

    async fn wait_ready(&mut self) {
        let started = Instant::now();
        while client::try_request(&self.path("control.sock"), "GET", "/erlab/status", &[], None)
            .await
            .is_err()
        {
            let ended = self.child.try_wait().unwrap();
            assert_eq!(ended, None, "it ended: {}", self.log());
            assert!(started.elapsed() < Duration::from_secs(20), "not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap()
    }

    /// SIGKILL, and a new process on the same store and sockets.
    pub(crate) async fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(self.directory.path());
        self.wait_ready().await;
    }

    /// SIGTERM; returns the exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.child.wait().unwrap().code()
    }

    pub(crate) async fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.request_with(method, path, &[], body).await
    }

    pub(crate) async fn request_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        client::try_request(&self.path("control.sock"), method, path, headers, body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.request("PUT", path, Some(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path, None).await
    }

    /// Makes an authorization of the lab's circuit and returns its key.
    pub(crate) async fn authorize(&self, name: &str) -> String {
        let answer = self.put(&format!("{CIRCUIT}/authorizations/{name}"), &json!({})).await;
        assert!(answer.status < 300, "{answer:?}");
        answer.body["properties"]["authorizationKey"].as_str().unwrap().to_owned()
    }

    /// PUTs a connection with `more` among its properties.
    pub(crate) async fn connect(&self, name: &str, gateway: &str, more: &Value) -> Answer {
        self.put(&format!("{NETWORK}/connections/{name}"), &connection(gateway, more)).await
    }

    /// Connects a dataplane that applies what it is sent.
    pub(crate) async fn dataplane(&self, kind: southbound::DataplaneKind, name: &str) -> Dataplane {
        self.dataplane_that(kind, name, Behaviour::Applies).await
    }

    pub(crate) async fn dataplane_that(
        &self,
        kind: southbound::DataplaneKind,
        name: &str,
        behaviour: Behaviour,
    ) -> Dataplane {
        let mut dataplane = Dataplane::connect(self.path("dataplane.sock"), kind, name, behaviour);
        dataplane.wait_for(|_, _| true).await;
        dataplane
    }

    /// Connects the dataplanes that the lab has registered, but those named in `but`.
    pub(crate) async fn dataplanes_but(&self, but: &[&str]) -> Vec<Dataplane> {
        let mut connected = Vec::new();
        for (kind, name) in [
            (southbound::DataplaneKind::Msee, "msee-a"),
            (southbound::DataplaneKind::Msee, "msee-b"),
            (southbound::DataplaneKind::Ergw, "ERGW1"),
            (southbound::DataplaneKind::Ergw, "ERGW2"),
        ] {
            if !but.contains(&name) {
                connected.push(self.dataplane(kind, name).await);
            }
        }
        connected
    }

    /// The dataplane's entry in the status.
    pub(crate) async fn status_of(&self, name: &str) -> Value {
        let status = self.get("/erlab/status").await.body;
        let dataplanes = status["dataplanes"].as_array().unwrap();
        dataplanes.iter().find(|dataplane| dataplane["name"] == name).unwrap().clone()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have been ended by the test already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn connection(gateway: &str, more: &Value) -> Value {
    let gateway = format!("{NETWORK}/virtualNetworkGateways/{gateway}");
    let mut properties = json!({
        "connectionType": "ExpressRoute",
        "virtualNetworkGateway1": { "id": gateway },
        "peer": { "id": CIRCUIT },
    });
    properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "location": "hub-region", "properties": properties })
}

pub(crate) fn command(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ercontrol"));
    command
        .arg("--store")
        .arg(directory.join("store.redb"))
        .arg("--api")
        .arg(directory.join("control.sock"))
        .arg("--dataplanes")
        .arg(directory.join("dataplane.sock"))
        .args(["--log", "debug"]);
    command
}

fn spawn(directory: &Path) -> Child {
    let log = File::options().create(true).append(true).open(directory.join("log")).unwrap();
    command(directory).stderr(log).spawn().unwrap()
}
