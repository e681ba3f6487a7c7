//! Another host of a test: a thread that lives in a network namespace of its own.

use std::{
    sync::mpsc::{Sender, channel},
    thread::{self, JoinHandle},
};

use nix::sched::{CloneFlags, unshare};

use crate::namespace;

type Task = Box<dyn FnOnce() + Send>;

/// A host. Its namespace ends with it.
pub struct Host {
    tasks: Option<Sender<Task>>,
    worker: Option<JoinHandle<()>>,
    /// Names the namespace to `ip link set ... netns`.
    pub thread: i32,
}

impl Host {
    /// Starts a host without interfaces.
    pub fn start() -> Self {
        let (tasks, inbox) = channel::<Task>();
        let (started, start) = channel();
        let worker = thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            namespace::quiet();
            started.send(namespace::thread()).unwrap();
            for task in inbox {
                task();
            }
        });
        Self { tasks: Some(tasks), worker: Some(worker), thread: start.recv().unwrap() }
    }

    /// Runs `task` in the host's namespace and waits for its result.
    pub fn run<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> T {
        let (done, result) = channel();
        let task = Box::new(move || done.send(task()).unwrap());
        self.tasks.as_ref().unwrap().send(task).unwrap();
        result.recv().expect("the task panicked")
    }

    /// Takes one end of a veth, with an address and a permanent neighbour behind a default route.
    pub fn connect(&self, interface: &str, address: &str, gateway: &str, gateway_mac: &str) {
        namespace::ip(&format!("link set {interface} netns {}", self.thread));
        let commands = [
            format!("addr add {address} dev {interface}"),
            format!("link set {interface} up"),
            format!("neigh replace {gateway} lladdr {gateway_mac} dev {interface} nud permanent"),
            format!("route add default via {gateway} dev {interface} onlink"),
        ];
        self.run(move || commands.iter().for_each(|command| namespace::ip(command)));
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.tasks.take());
        let _ = self.worker.take().unwrap().join();
    }
}
