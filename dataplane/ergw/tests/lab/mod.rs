//! A gateway in a network namespace without a name (it vanishes with its thread), with everything
//! around it: the fabric's end of its port, an `ercontrol` and an admin client.
#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod control;
pub(crate) mod load;
pub(crate) mod port;

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, Ipv6Addr},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use abi::verdict::Verdict;
use desired::{Endpoint, GatewayInstance, GatewayState, InstanceState, MacAddress};
use etherparse::PacketBuilder;
use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, unshare},
    sys::signal::{Signal, kill},
    unistd::{Pid, geteuid},
};
use privilege::held::Held;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const DEADLINE: Duration = Duration::from_secs(10);
pub(crate) const UP: [u8; 6] = [0x02, 0, 0, 0, 0, 0x12];
pub(crate) const FAILED: [u8; 6] = [0x02, 0, 0, 0, 0, 0x13];
pub(crate) const VM: [u8; 6] = [0x02, 0, 0, 0, 0, 0x44];
pub(crate) const HUB_VM_V6: Ipv6Addr = Ipv6Addr::new(0xfdcc, 0, 0xfe, 0, 0, 0, 0xa, 4);
pub(crate) const MSEE: [u8; 6] = [0x02, 0, 0, 0, 0, 0x04];

/// Runs `test` in network and mount namespaces of its own, with `eth1` (the gateway's port) and `lan`.
pub(crate) fn in_lab(test: impl FnOnce(Lab) + Send + 'static) {
    assert!(geteuid().is_root(), "this test makes a network namespace: run it as root");
    let thread = thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).unwrap();
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, private, None::<&str>).unwrap();
        std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").unwrap();
        ip("link add eth1 type veth peer name lan");
        ip("link set eth1 up");
        ip("link set lan up");
        let program = env!("CARGO_BIN_EXE_ergw").into();
        test(Lab { directory: tempfile::tempdir().unwrap(), bpffs: None, program });
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

pub(crate) fn ip(arguments: &str) -> String {
    let output = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {arguments}");
    String::from_utf8(output.stdout).unwrap()
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

/// Whether eth1 has an XDP program.
pub(crate) fn is_attached() -> bool {
    ip("-d link show eth1").contains("prog/xdp")
}

/// Calls `probe` until it returns something.
pub(crate) fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    while started.elapsed() < DEADLINE {
        if let Some(found) = probe() {
            return found;
        }
        thread::sleep(Duration::from_millis(2));
    }
    panic!("{what}: not within {DEADLINE:?}");
}

/// The directory of one lab.
pub(crate) struct Lab {
    directory: TempDir,
    bpffs: Option<TempDir>,
    program: PathBuf,
}

impl Lab {
    /// Has the gateways started from now on pin what outlives them.
    pub(crate) fn pin(&mut self) {
        let bpffs = tempfile::tempdir().unwrap();
        mount(Some("bpf"), bpffs.path(), Some("bpf"), MsFlags::empty(), None::<&str>).unwrap();
        self.bpffs = Some(bpffs);
    }

    /// Has the gateways started from now on be those that users run, where `make test` says where they
    /// are: for load, and for speed.
    pub(crate) fn release(&mut self) {
        if let Some(directory) = std::env::var_os("ERLAB_BIN_DIR") {
            self.program = Path::new(&directory).join("ergw");
        }
    }

    /// Where they pin it.
    pub(crate) fn pins(&self) -> Option<PathBuf> {
        Some(self.bpffs.as_ref()?.path().join("lab/ERGW1"))
    }

    pub(crate) fn control_socket(&self) -> PathBuf {
        self.directory.path().join("dataplane.sock")
    }

    pub(crate) fn admin_socket(&self) -> PathBuf {
        self.directory.path().join("ERGW1.sock")
    }

    pub(crate) fn files(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.directory.path()).unwrap().map(|file| file.unwrap().path()).collect()
    }

    pub(crate) fn command(&self, interface: &str, admin: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.env("RUST_LOG", "error");
        command.args(["--name", "ERGW1", "--interface", interface, "--control"]);
        command.arg(self.control_socket()).arg("--admin").arg(admin);
        if let Some(pins) = self.pins() {
            command.arg("--pins").arg(pins);
        }
        command
    }

    /// Starts the gateway and waits until its program is attached and it answers.
    pub(crate) fn start(&self) -> Gateway {
        self.run(self.command("eth1", &self.admin_socket()))
    }

    /// Runs a command that becomes a gateway, and waits as [`Lab::start`] does.
    pub(crate) fn run(&self, mut command: Command) -> Gateway {
        let child = command.spawn().unwrap();
        let gateway = Gateway { child, admin: self.admin_socket() };
        eventually("the gateway answers", || gateway.try_get("/health"));
        gateway
    }

    /// Starts a gateway that cannot run, and returns what it says.
    pub(crate) fn fail(&self, interface: &str, admin: &Path) -> Output {
        let mut command = self.command(interface, admin);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(bpffs) = &self.bpffs {
            umount2(bpffs.path(), MntFlags::MNT_DETACH).unwrap();
        }
    }
}

/// A running `ergw`, killed when dropped.
pub(crate) struct Gateway {
    child: Child,
    admin: PathBuf,
}

impl Gateway {
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Stops it, and waits until it stands: the signal goes to one thread, which stops the others
    /// when it is scheduled.
    pub(crate) fn stop(&self) {
        self.signal(Signal::SIGSTOP);
        eventually("all threads stand", || {
            let mut tasks = self.tasks();
            tasks.all(|task| read(&task, "status").contains("State:\tT")).then_some(())
        });
    }

    fn tasks(&self) -> impl Iterator<Item = PathBuf> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        tasks.map(|task| task.unwrap().path())
    }

    /// What each of its threads may do.
    pub(crate) fn privileges(&self) -> Vec<Held> {
        privilege::held::of_process(self.child.id()).unwrap()
    }

    pub(crate) fn end(&mut self) -> Option<i32> {
        eventually("the gateway ends", || self.child.try_wait().unwrap()).code()
    }

    pub(crate) fn try_get(&self, path: &str) -> Option<Value> {
        let (status, body) = self.exchange(&format!("GET {path}"), "")?;
        assert_eq!(status, 200, "{body}");
        Some(body)
    }

    /// Status and JSON of the answer.
    pub(crate) fn post(&self, path: &str, body: &str) -> (u16, Value) {
        self.exchange(&format!("POST {path}"), body).expect("the gateway answers")
    }

    fn exchange(&self, what: &str, body: &str) -> Option<(u16, Value)> {
        let mut stream = UnixStream::connect(&self.admin).ok()?;
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let request = format!(
            "{what} HTTP/1.1\r\nHost: ergw\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Some((status.unwrap(), serde_json::from_str(body).unwrap()))
    }

    /// Time its threads have run on a processor.
    pub(crate) fn processor_time(&self) -> Duration {
        self.tasks()
            .map(|task| {
                let text = read(&task, "schedstat");
                let nanoseconds = text.split_ascii_whitespace().next().unwrap().parse().unwrap();
                Duration::from_nanos(nanoseconds)
            })
            .sum()
    }

    pub(crate) fn counters(&self) -> Value {
        self.try_get("/counters").unwrap()
    }

    pub(crate) fn verdict(&self, name: &str) -> u64 {
        self.counters()["verdicts"][name].as_u64().unwrap_or(0)
    }

    /// Sum of the verdicts that are losses.
    pub(crate) fn losses(&self) -> u64 {
        let counters = self.counters();
        let verdicts = counters["verdicts"].as_object().unwrap().iter();
        let lost = verdicts
            .filter(|(name, _)| Verdict::from_name(name).unwrap().is_loss())
            .map(|(_, count)| count.as_u64().unwrap());
        lost.sum()
    }

    /// Sum of all verdicts: the packets that have come to an end.
    pub(crate) fn judged(&self) -> u64 {
        let counters = self.counters();
        counters["verdicts"]
            .as_object()
            .unwrap()
            .values()
            .map(|count| count.as_u64().unwrap())
            .sum()
    }
}

fn read(task: &Path, file: &str) -> String {
    std::fs::read_to_string(task.join(file)).unwrap()
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A gateway with one instance in service, one failed, and `hub-vm` at 10.254.10.4 and [`HUB_VM_V6`].
pub(crate) fn state() -> GatewayState {
    let instance = |address: u8, mac, state| GatewayInstance {
        address: Ipv4Addr::new(10, 254, 0, address),
        mac: MacAddress(mac),
        state,
    };
    let endpoint = Endpoint { vm: "hub-vm".into(), vnet: "hub".into(), mac: MacAddress(VM) };
    GatewayState {
        gateway: "ERGW1".into(),
        sku: "ErGw3AZ".into(),
        instances: vec![
            instance(12, UP, InstanceState::Up),
            instance(13, FAILED, InstanceState::Failed),
        ],
        endpoints: [
            (Ipv4Addr::new(10, 254, 10, 4).into(), endpoint.clone()),
            (HUB_VM_V6.into(), endpoint),
        ]
        .into(),
    }
}

/// A UDP frame of an MSEE that carries `number`.
pub(crate) fn frame(instance: [u8; 6], destination: [u8; 4], ttl: u8, number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(MSEE, instance)
        .ipv4([10, 1, 0, 4], destination, ttl)
        .udp(33_434, 33_435)
        .write(&mut bytes, &number.to_be_bytes())
        .unwrap();
    bytes
}

/// What the VM must receive for [`frame`] through the instance in service.
pub(crate) fn delivered(ttl: u8, number: u32) -> Vec<u8> {
    let mut bytes = frame(UP, [10, 254, 10, 4], ttl - 1, number);
    bytes[..6].copy_from_slice(&VM);
    bytes[6..12].copy_from_slice(&UP);
    bytes
}

/// The frame with a packet of `length` bytes, the added ones all different from their neighbours.
pub(crate) fn lengthened(mut frame: Vec<u8>, length: usize) -> Vec<u8> {
    frame.extend((frame.len()..14 + length).map(|at| (at * 7 + at / 251) as u8));
    let is_v4 = frame[12] == 0x08;
    let total = u16::try_from(if is_v4 { length } else { length - 40 }).unwrap().to_be_bytes();
    if is_v4 {
        frame[16..18].copy_from_slice(&total);
        let (mut header, _) = etherparse::Ipv4Header::from_slice(&frame[14..34]).unwrap();
        header.header_checksum = header.calc_header_checksum();
        frame[14..34].copy_from_slice(&header.to_bytes());
    } else {
        frame[18..20].copy_from_slice(&total);
    }
    frame
}

/// [`frame`] over IPv6.
pub(crate) fn frame_v6(
    instance: [u8; 6],
    destination: Ipv6Addr,
    hop_limit: u8,
    number: u32,
) -> Vec<u8> {
    let source = Ipv6Addr::new(0xfdcc, 0, 1, 0, 0, 0, 0, 4);
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(MSEE, instance)
        .ipv6(source.octets(), destination.octets(), hop_limit)
        .udp(33_434, 33_435)
        .write(&mut bytes, &number.to_be_bytes())
        .unwrap();
    bytes
}

/// [`delivered`] over IPv6.
pub(crate) fn delivered_v6(hop_limit: u8, number: u32) -> Vec<u8> {
    let mut bytes = frame_v6(UP, HUB_VM_V6, hop_limit - 1, number);
    bytes[..6].copy_from_slice(&VM);
    bytes[6..12].copy_from_slice(&UP);
    bytes
}
